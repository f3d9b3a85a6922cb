/**
 * What verify looks at of the store beside its environments: the rules' log, the audit log beside all records, plans that no record names,
 * and keys that claimbot does not write. With each environment by itself it finds what verify finds of the whole store.
 */
import type { AuditableStore } from "../../core/ports.ts";
import { recordKey, type LogRecord } from "../../core/record.ts";
import { readRecord } from "../../targets/claim-store/model.ts";
import { inGroups } from "../in-groups.ts";
import { quotedByReceipts } from "./audit.ts";
import type { Deviation } from "./deviation.ts";
import { examineAudit } from "./examine-audit.ts";
import { examineObjects } from "./examine-objects.ts";
import { examineRules } from "./examine-rules.ts";
import { examineUnnamed } from "./examine-unnamed.ts";
import { environmentIn, foreignElsewhere, isWrittenOnce, namesIn } from "./listing.ts";
import { keysOf, neededLocks } from "./needed-locks.ts";
import { readText } from "./read-text.ts";

/** In the order of verifyStore: what speaks of something is read before it. */
export async function verifyRest(store: AuditableStore, signal: AbortSignal): Promise<readonly Deviation[]> {
  const listing = await store.versions("", signal);
  const names = new Set(namesIn(listing));
  const quoted = await quotedByReceipts(store, signal);
  const keys = new Set(listing.map(({ key }) => key));
  const records = await readRecords(
    store,
    [...keys].filter((key) => key.startsWith("claims/") && names.has(environmentIn(key))),
    signal,
  );
  const { adoptions, faults } = await examineRules(store, signal);
  const ofRecords = new Set(records.flatMap(keysOf));
  const rest = listing.filter(
    (version) => isWrittenOnce(version) && !names.has(environmentIn(version.key)) && !ofRecords.has(version.key),
  );
  const objects = await examineObjects(store, rest, "", neededLocks([], adoptions), signal);
  const unnamed = await examineUnnamed(store, objects.keys, new Set(), signal);
  const audit = await examineAudit(store, quoted, records, signal);
  return [...faults, ...objects.deviations, ...unnamed, ...audit.faults, ...audit.undecided, ...foreignElsewhere(listing)];
}

/** Those that can be read and stand in their place: the others are named with their environment. */
async function readRecords(store: AuditableStore, keys: readonly string[], signal: AbortSignal): Promise<readonly LogRecord[]> {
  const read = await inGroups(keys, 16, async (key) => {
    const { object } = await readText(store, key, signal);
    const record = object && readRecord(object.text);
    return record !== undefined && recordKey(record.environment, record.sequence) === key ? [record] : [];
  });
  return read.flat();
}
