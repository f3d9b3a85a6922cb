/** Receipts: what was observed after a release, receipts/<env>/<seq8>.json. Until there is one, the release is not at its end. */
import type { Environment } from "../core/environment.ts";
import { Waiting } from "../core/errors.ts";
import { isObject, parseJson } from "../core/json.ts";
import type { Plan } from "../core/plan.ts";
import { readReceipt, receiptKey, receiptOf, receiptReference, receiptText } from "../core/receipt.ts";
import { recordKey, type LogRecord } from "../core/record.ts";
import { readLog } from "../targets/claim-store/claim-store.ts";
import type { Done } from "../targets/reconcile.ts";
import { retainedUntil, retention } from "../targets/retention.ts";
import { adoptedRules } from "./adoption.ts";
import { effectsOf } from "./audit-events.ts";
import type { Proof } from "./release.ts";
import type { World } from "./world.ts";

export { receiptKey } from "../core/receipt.ts";

/** When what followed a record was seen to be settled, ISO 8601, UTC; undefined where it was not, or its receipt cannot be read: verify names it. */
export async function receiptAt(world: World, name: string, sequence: number, signal: AbortSignal): Promise<string | undefined> {
  const object = await world.store.read(receiptKey(name, sequence), signal);
  const receipt = object && parseJson(new TextDecoder().decode(object.body));
  return isObject(receipt) && typeof receipt["at"] === "string" ? receipt["at"] : undefined;
}

/** True when what followed a record was seen to be settled. */
export async function hasReceipt(world: World, name: string, sequence: number, signal: AbortSignal): Promise<boolean> {
  return (await world.store.read(receiptKey(name, sequence), signal)) !== undefined;
}

/**
 * Writes it for the newest record, which is returned. A second one for the same record changes nothing. The record must be the plan's own,
 * or, where the plan wrote none, the one that was there before (in `environment`, as the rollout knew it): throws Waiting for somebody else's, which nobody observed.
 * The audit log is told first, so that the receipt can quote it. Then comes `beforehand`: what it fails to do is done by the next run,
 * because there is no receipt.
 */
export async function writeReceipt(
  world: World,
  name: string,
  plan: Plan,
  done: readonly Done[],
  environment: Environment | undefined,
  beforehand: (head: LogRecord, proof: Proof) => Promise<void>,
  signal: AbortSignal,
): Promise<{ readonly head: LogRecord; readonly proof: Proof }> {
  const head = (await readLog(world.store, name, signal)).at(-1);
  if (head === undefined) throw new Waiting("the claim log is empty after a release", 1_000);
  if (head.planDigest !== plan.digest && head.sequence !== environment?.log.length) {
    throw new Waiting(`somebody else wrote ${recordKey(name, head.sequence)} meanwhile`, 1_000);
  }
  const audit = await world.audit.append(effectsOf(plan, head));
  const text = receiptText(receiptOf(head, { instance: world.instance, planDigest: plan.digest, observed: done, audit }));
  const key = receiptKey(name, head.sequence);
  const proof = { receipt: receiptReference(key, text), audit };
  await beforehand(head, proof);
  const now = world.now();
  const retainUntil = environment
    ? retainedUntil(environment, now)
    : retention(plan.type, (await adoptedRules(world, signal))?.platform, now);
  if ((await world.store.putNew(key, Buffer.from(text), { retainUntil })) !== "exists") return { head, proof };
  return { head, proof: await stored(world, key, proof, async (theirs) => beforehand(head, theirs), signal) };
}

/** Somebody wrote it at the same moment: theirs stands, and is what people are told. */
async function stored(
  world: World,
  key: string,
  ours: Proof,
  tell: (theirs: Proof) => Promise<void>,
  signal: AbortSignal,
): Promise<Proof> {
  const object = await world.store.read(key, signal);
  if (object === undefined) throw new Waiting(`${key} exists, and cannot be read yet`, 1_000);
  const text = new TextDecoder().decode(object.body);
  const reference = receiptReference(key, text);
  if (reference.digest === ours.receipt?.digest) return ours;
  const theirs = { receipt: reference, audit: readReceipt(text)?.audit ?? ours.audit };
  await tell(theirs);
  return theirs;
}
