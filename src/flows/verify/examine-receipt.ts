/** A stored receipt beside the record that it was written for. Pure. */
import { canonicalJson, isObject, parseJson } from "../../core/json.ts";
import { checkReceipt, readReceipt, type Receipt } from "../../core/receipt.ts";
import { recordKey } from "../../core/record.ts";
import { readRecord } from "../../targets/claim-store/model.ts";
import { receiptKey } from "../receipt.ts";
import { deviation, type Deviation } from "./deviation.ts";
import type { ExaminedRecord, StoredText } from "./examine-log.ts";

export interface ExaminedReceipt {
  readonly deviations: readonly Deviation[];
  /** Undefined where it cannot be read. */
  readonly receipt: Receipt | undefined;
}

/** `record`: as it is stored now; undefined where it is missing or cannot be read, which is named there. */
export function examineReceipt({ key, text }: StoredText, record: ExaminedRecord | undefined): ExaminedReceipt {
  const receipt = wholeReceipt(text);
  if (receipt === undefined || receiptKey(receipt.environment, receipt.sequence) !== key)
    return { deviations: isOfOldForm(key, text) ? [] : [deviation("receipt/unreadable", key)], receipt: undefined };
  if (record === undefined) return { deviations: [], receipt };
  const stored = new Map([[recordKey(receipt.environment, receipt.sequence), record.text]]);
  const failed = checkReceipt(receipt, text, { stored }).find(({ verdict }) => verdict === "fails");
  const deviations = failed === undefined ? [] : [deviation("receipt/record", key, `${failed.check}: ${failed.detail}`)];
  return { deviations, receipt };
}

/** A receipt whose record is one. */
export function wholeReceipt(text: string): Receipt | undefined {
  const receipt = readReceipt(text);
  return receipt !== undefined && readRecord(`${canonicalJson(receipt.record)}\n`) !== undefined ? receipt : undefined;
}

/** Before November 2026 a receipt did not hold its record. */
function isOfOldForm(key: string, text: string): boolean {
  const value = parseJson(text);
  if (!isObject(value) || "record" in value) return false;
  const { environment, sequence } = value;
  return typeof environment === "string" && typeof sequence === "number" && receiptKey(environment, sequence) === key;
}
