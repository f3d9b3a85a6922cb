/** A claim log as it is stored, examined record by record: a bad one keeps none of the others from being read. Pure. */
import { digestOf, digestOfBytes } from "../../core/json.ts";
import { recordKey, type LogRecord } from "../../core/record.ts";
import { readRecord } from "../../targets/claim-store/model.ts";
import { deviation, type Deviation } from "./deviation.ts";

export interface StoredText {
  readonly key: string;
  readonly text: string;
}

export interface ExaminedRecord extends StoredText {
  readonly record: LogRecord;
}

export interface ExaminedLog {
  /** Those that can be read and stand in their place, oldest first. */
  readonly records: readonly ExaminedRecord[];
  readonly deviations: readonly Deviation[];
}

/** `stored`: everything below `claims/<environment>/`, in the order of the keys; a key that is no record's is left to whoever names foreign ones. */
export function examineLog(environment: string, stored: readonly StoredText[]): ExaminedLog {
  const records: ExaminedRecord[] = [];
  const deviations: Deviation[] = [];
  let expected = 1;
  let before: StoredText | undefined;
  for (const object of stored) {
    const { key } = object;
    const sequence = sequenceIn("claims", environment, key);
    if (sequence === undefined) continue;
    // One for all of a gap: anybody who may write can write a number with sixteen digits.
    const isAfterGap = expected < sequence;
    if (isAfterGap) deviations.push(missing(environment, expected, sequence - 1));
    // After a gap nobody knows what the next one follows.
    const follows = isAfterGap ? undefined : sequence === 1 ? "first" : before;
    const { record, found } = examineRecord(environment, sequence, object, follows);
    deviations.push(...found);
    if (record !== undefined) records.push({ ...object, record });
    before = object;
    expected = sequence + 1;
  }
  return { records, deviations };
}

/** The number of a record or a receipt; undefined for a key that is none's. */
export function sequenceIn(folder: "claims" | "receipts", environment: string, key: string): number | undefined {
  const digits = /\/(\d{8,16})\.json$/.exec(key)?.[1] ?? "";
  const sequence = Number(digits);
  const isOne = sequence > 0 && digits === String(sequence).padStart(8, "0") && key === `${folder}/${environment}/${digits}.json`;
  return isOne ? sequence : undefined;
}

function missing(environment: string, first: number, last: number): Deviation {
  const detail = first === last ? undefined : `numbers ${first} to ${last} of the log are not there`;
  return deviation("record/missing", recordKey(environment, first), detail);
}

/** `before`: the record that was stored before it, `first` where there is to be none, undefined where that one is missing. */
function examineRecord(
  environment: string,
  sequence: number,
  { key, text }: StoredText,
  before: StoredText | "first" | undefined,
): { readonly record: LogRecord | undefined; readonly found: readonly Deviation[] } {
  const record = readRecord(text);
  if (record === undefined) return { record, found: [deviation("record/unreadable", key)] };
  if (record.environment !== environment || record.sequence !== sequence) {
    const says = `it says that it is ${recordKey(record.environment, record.sequence)}`;
    return { record: undefined, found: [deviation("record/misplaced", key, says)] };
  }
  const found: Deviation[] = [];
  const follows = before === "first" ? undefined : before && digestOfBytes(before.text);
  if (before !== undefined && record.previous !== follows) {
    const whom =
      before === "first" ? "it is the first, and names one before it" : `it does not follow the bytes of ${before.key}`;
    found.push(deviation("record/chain", key, `${whom}: one of the two was changed`));
  }
  if (record.kind === "Publication" && digestOf(record.claim) !== record.claimDigest) found.push(deviation("record/claim", key));
  return { record, found };
}
