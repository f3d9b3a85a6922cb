/** The audit log beside the records: its chain is whole, and whatever was released was decided. */
import type { StoredReference } from "../../core/audit.ts";
import type { ObjectStore } from "../../core/ports.ts";
import { recordKey, type LogRecord } from "../../core/record.ts";
import { verifyAudit } from "../../core/verify-audit.ts";
import { readAuditLog } from "../../targets/claim-store/audit-log.ts";
import { deviation, type Deviation } from "./deviation.ts";

export interface ExaminedAudit {
  /** Of the chain. */
  readonly faults: readonly Deviation[];
  /** Of the records. */
  readonly undecided: readonly Deviation[];
}

/** To be called when records and receipts are read: what they speak of was written before them. */
export async function examineAudit(
  store: ObjectStore,
  quoted: readonly StoredReference[],
  records: readonly LogRecord[],
  signal: AbortSignal,
): Promise<ExaminedAudit> {
  const { entries, faults } = verifyAudit(await readAuditLog(store, signal), quoted);
  const decided = new Set(
    entries.flatMap(({ event }) =>
      event.kind === "Decision" && event.outcome !== "held" ? [`${event.environment} ${event.planDigest}`] : [],
    ),
  );
  // What was published before there was an audit log was decided all the same.
  const since = entries[0]?.at;
  const undecided = records.filter(
    ({ environment, planDigest, at }) => since !== undefined && at >= since && !decided.has(`${environment} ${planDigest}`),
  );
  return {
    faults: faults.map(({ fault, key, detail }) => deviation("audit/chain", key, `${fault}: ${detail}`)),
    undecided: undecided.map(({ environment, sequence }) => deviation("record/undecided", recordKey(environment, sequence))),
  };
}
