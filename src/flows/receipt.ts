/** Receipts: what was observed after a release, receipts/<env>/<seq8>.json. Until there is one, the release is not at its end. */
import { Waiting } from "../core/errors.ts";
import { canonicalJson } from "../core/json.ts";
import type { Plan } from "../core/plan.ts";
import { recordKey, type LogRecord } from "../core/record.ts";
import { readLog } from "../targets/claim-store/claim-store.ts";
import type { Done } from "../targets/reconcile.ts";
import { retention } from "../targets/retention.ts";
import type { World } from "./world.ts";

export function receiptKey(name: string, sequence: number): string {
  return recordKey(name, sequence).replace(/^claims\//, "receipts/");
}

/** When what followed a record was seen to be settled, ISO 8601, UTC; undefined where it was not. */
export async function receiptAt(world: World, name: string, sequence: number, signal: AbortSignal): Promise<string | undefined> {
  const object = await world.store.read(receiptKey(name, sequence), signal);
  return object && (JSON.parse(new TextDecoder().decode(object.body)) as { readonly at: string }).at;
}

/** True when what followed a record was seen to be settled. */
export async function hasReceipt(world: World, name: string, sequence: number, signal: AbortSignal): Promise<boolean> {
  return (await world.store.read(receiptKey(name, sequence), signal)) !== undefined;
}

/**
 * Writes it for the newest record, which is returned. A second one for the same record changes nothing. The record must be the plan's own,
 * or, where the plan wrote none, the one that was there before (`sequence`): throws Waiting for somebody else's, which nobody observed.
 * `beforehand` comes first: what it fails to do is done by the next run, because there is no receipt.
 */
export async function writeReceipt(
  world: World,
  name: string,
  plan: Plan,
  done: readonly Done[],
  sequence: number | undefined,
  beforehand: (head: LogRecord) => Promise<void>,
  signal: AbortSignal,
): Promise<LogRecord> {
  const head = (await readLog(world.store, name, signal)).at(-1);
  if (head === undefined) throw new Waiting("the claim log is empty after a release", 1_000);
  if (head.planDigest !== plan.digest && head.sequence !== sequence) {
    throw new Waiting(`somebody else wrote ${recordKey(name, head.sequence)} meanwhile`, 1_000);
  }
  await beforehand(head);
  const now = world.now();
  const receipt = { environment: name, sequence: head.sequence, planDigest: plan.digest, observed: done, at: now.toISOString() };
  const options = { retainUntil: retention(plan.type, undefined, now) };
  await world.store.putNew(receiptKey(name, head.sequence), Buffer.from(`${canonicalJson(receipt)}\n`), options);
  return head;
}
