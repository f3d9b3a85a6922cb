/** Reads what an environment was at a record of its log, from the claim store alone. */
import { rulePart } from "../core/adopted.ts";
import { publishedAt, recordFor, type Moment, type Which } from "../core/moment.ts";
import type { ObjectStore } from "../core/ports.ts";
import { lastPublication, type Log, type LogRecord } from "../core/record.ts";
import { readPlan } from "../targets/claim-store/claim-store.ts";
import { readBundle } from "../targets/stored-bundle.ts";
import { readAdoptions } from "./adoption.ts";

/** Undefined where the log has no such record. Throws Stalled where the store holds something else than its records say. */
export async function readMoment(store: ObjectStore, log: Log, which: Which, signal: AbortSignal): Promise<Moment | undefined> {
  const record = recordFor(log, which);
  if (record === undefined) return undefined;
  const publication = publishedAt(log, record);
  const [rules, objects] = await Promise.all([
    rulesOfRecord(store, log, record, signal),
    publication === undefined
      ? []
      : readBundle(store, publication.environment, publication.releaseDigest, "claimbot verify shows what else deviates", signal),
  ]);
  return { record, publication, rules, objects };
}

async function rulesOfRecord(store: ObjectStore, log: Log, record: LogRecord, signal: AbortSignal): Promise<Moment["rules"]> {
  const type = lastPublication(log.slice(0, log.indexOf(record) + 1))?.claim.spec.type;
  const [plan, adoptions] = await Promise.all([readPlan(store, record.planDigest, signal), readAdoptions(store, signal)]);
  // The same rules may have been adopted, dropped and adopted again.
  const ofPlan = adoptions.filter(({ rulesDigest }) => rulesDigest === plan?.rulesDigest);
  const adoption = ofPlan.findLast(({ at }) => at <= record.at) ?? ofPlan[0];
  if (type === undefined || adoption === undefined) return undefined;
  return { digest: adoption.rulesDigest, adoptedAt: adoption.at, of: rulePart(adoption.rules.platform).types[type] };
}
