/** A stored receipt beside the record that it was written for. Pure. */
import type { StoredReference } from "../../core/audit.ts";
import { checkReceipt, readReceipt } from "../../core/receipt.ts";
import { recordKey, type LogRecord } from "../../core/record.ts";
import { deviation, type Deviation } from "./deviation.ts";
import type { StoredText } from "./examine-log.ts";

export interface ExaminedReceipt {
  readonly deviations: readonly Deviation[];
  /** The entry of the audit log that it quotes. */
  readonly quoted: readonly StoredReference[];
}

/** `recordText`: the record as it is stored now. */
export function examineReceipt({ key, text }: StoredText, record: LogRecord, recordText: string): ExaminedReceipt {
  const receipt = readReceipt(text);
  if (receipt === undefined || receipt.environment !== record.environment || receipt.sequence !== record.sequence)
    return { deviations: isOfOldForm(text, record) ? [] : [deviation("receipt/unreadable", key)], quoted: [] };
  const stored = new Map([[recordKey(record.environment, record.sequence), recordText]]);
  const failed = checkReceipt(receipt, text, { stored }).find(({ verdict }) => verdict === "fails");
  const deviations = failed === undefined ? [] : [deviation("receipt/record", key, `${failed.check}: ${failed.detail}`)];
  return { deviations, quoted: [receipt.audit] };
}

/** Before November 2026 a receipt did not hold its record. */
function isOfOldForm(text: string, { environment, sequence }: LogRecord): boolean {
  try {
    const value = JSON.parse(text) as Readonly<Record<string, unknown>> | null;
    return value?.["environment"] === environment && value["sequence"] === sequence && !("record" in value);
  } catch {
    // Torn or foreign: named by its key.
    return false;
  }
}
