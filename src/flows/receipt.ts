/** Receipts: what was observed after a release, receipts/<env>/<seq8>.json. Until there is one, the release is not at its end. */
import { Waiting } from "../core/errors.ts";
import { canonicalJson } from "../core/json.ts";
import type { Plan } from "../core/plan.ts";
import { recordKey, type LogRecord } from "../core/record.ts";
import { readLog } from "../targets/claim-store/claim-store.ts";
import type { Done } from "../targets/reconcile.ts";
import { retention } from "../targets/retention.ts";
import type { World } from "./world.ts";

function receiptKey(name: string, sequence: number): string {
  return recordKey(name, sequence).replace(/^claims\//, "receipts/");
}

/** True when what followed a record was seen to be settled. */
export async function hasReceipt(world: World, name: string, sequence: number, signal: AbortSignal): Promise<boolean> {
  return (await world.store.read(receiptKey(name, sequence), signal)) !== undefined;
}

/** Writes it for the newest record, which is returned. A second one for the same record changes nothing. */
export async function writeReceipt(
  world: World,
  name: string,
  plan: Plan,
  done: readonly Done[],
  signal: AbortSignal,
): Promise<LogRecord> {
  const head = (await readLog(world.store, name, signal)).at(-1);
  if (head === undefined) throw new Waiting("the claim log is empty after a release", 1_000);
  const now = world.now();
  const receipt = { environment: name, sequence: head.sequence, planDigest: plan.digest, observed: done, at: now.toISOString() };
  const options = { retainUntil: retention(plan.type, undefined, now) };
  await world.store.putNew(receiptKey(name, head.sequence), Buffer.from(`${canonicalJson(receipt)}\n`), options);
  return head;
}
