/** A stored receipt beside the record that it was written for. Pure. */
import { digestOfBytes } from "../../core/json.ts";
import type { LogRecord } from "../../core/record.ts";
import { deviation, type Deviation } from "./deviation.ts";
import type { StoredText } from "./examine-log.ts";

export function examineReceipt({ key, text }: StoredText, record: LogRecord, recordText: string): readonly Deviation[] {
  const receipt = parse(text);
  if (receipt?.["environment"] !== record.environment || receipt["sequence"] !== record.sequence)
    return [deviation("receipt/unreadable", key)];
  const digest = receipt["recordDigest"];
  // The first receipts did not name it.
  if (digest === undefined || digest === digestOfBytes(recordText)) return [];
  return [deviation("receipt/record", key)];
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === "object" ? (value as Record<string, unknown>) : undefined;
  } catch {
    // Torn or foreign: named by its key.
    return undefined;
  }
}
