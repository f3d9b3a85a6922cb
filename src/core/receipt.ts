/**
 * A receipt: what was released and what was then observed, in one object that proves itself. It holds the record, so that whoever has the
 * file and the git repository needs nothing else to check it. Pure.
 */
import type { AuditHead, StoredReference } from "./audit.ts";
import { canonicalJson, type Digest, digestOf, digestOfBytes, isObject, parseJson } from "./json.ts";
import { planDigest, type Plan, type TargetName } from "./plan.ts";
import { recordKey, type LogRecord } from "./record.ts";

/** What a target was seen to be at the end: `state` is the digest of all that we own there. */
export interface Observed {
  readonly target: TargetName;
  /** That the plan had it make. */
  readonly changes: number;
  readonly state: Digest;
}

export interface Receipt {
  readonly environment: string;
  readonly sequence: number;
  /** CLAIMBOT_INSTANCE: part of what was rendered. */
  readonly instance: string;
  readonly record: LogRecord;
  readonly recordKey: string;
  readonly recordDigest: Digest;
  readonly planDigest: Digest;
  /** Absent where the environment is gone. */
  readonly releaseDigest?: Digest;
  /** The entry of the audit log that says how it ended; with it, all before it. */
  readonly audit: AuditHead;
  readonly observed: readonly Observed[];
  /** ISO 8601, UTC: when it was seen to be settled. */
  readonly at: string;
}

/** Equal facts give an equal receipt: a job that is done again writes the same one. */
export function receiptOf(
  record: LogRecord,
  facts: {
    readonly instance: string;
    readonly planDigest: Digest;
    readonly observed: readonly Observed[];
    readonly audit: AuditHead;
  },
): Receipt {
  const { environment, sequence } = record;
  return {
    environment,
    sequence,
    record,
    recordKey: recordKey(environment, sequence),
    recordDigest: digestOfBytes(`${canonicalJson(record)}\n`),
    ...(record.kind === "Publication" && { releaseDigest: record.releaseDigest }),
    ...facts,
    at: facts.audit.at,
  };
}

export function receiptText(receipt: Receipt): string {
  return `${canonicalJson(receipt)}\n`;
}

export function receiptReference(key: string, text: string): StoredReference {
  return { key, digest: digestOfBytes(text) };
}

/** Undefined for what is none, the first receipts among them: they held no record. */
export function readReceipt(text: string): Receipt | undefined {
  const value = parseJson(text);
  if (!isObject(value) || !isObject(value["record"]) || !isObject(value["audit"]) || !isObject(value["record"]["source"]))
    return undefined;
  const texts = ["environment", "instance", "recordKey", "recordDigest", "planDigest", "at"];
  if (!texts.every((name) => typeof value[name] === "string")) return undefined;
  if (typeof value["audit"]["key"] !== "string" || typeof value["audit"]["digest"] !== "string") return undefined;
  return Array.isArray(value["observed"]) ? (value as unknown as Receipt) : undefined;
}

/** One thing that a receipt claims, and whether it is so. `unknown`: what it takes to tell is not at hand. */
export interface ReceiptCheck {
  readonly check: "bytes" | "record" | "claim" | "plan" | "release" | "source" | "audit" | "stored";
  readonly verdict: "holds" | "fails" | "unknown";
  /** One sentence for a person; may hold foreign text. */
  readonly detail: string;
}

/** What may be at hand beside the receipt. */
export interface AtHand {
  readonly plan?: Plan | undefined;
  /** The bytes that the claim store has now, by key. */
  readonly stored?: ReadonlyMap<string, string> | undefined;
}

/** Compares what the receipt says with itself, and with what is at hand. What git says of it is the flow's to find out. */
export function checkReceipt(receipt: Receipt, text: string, { plan, stored }: AtHand = {}): readonly ReceiptCheck[] {
  const { record } = receipt;
  const isOfRecord =
    receipt.recordKey === recordKey(record.environment, record.sequence) &&
    receipt.environment === record.environment &&
    receipt.sequence === record.sequence;
  const recordBytes = `${canonicalJson(record)}\n`;
  return [
    check(
      "bytes",
      receiptText(receipt) === text,
      "they are those that claimbot writes",
      "they are not those that claimbot writes",
    ),
    check(
      "record",
      isOfRecord && digestOfBytes(recordBytes) === receipt.recordDigest,
      `it is ${receipt.recordKey}, and has the digest that the receipt names`,
      `it is not what ${receipt.recordKey} and its digest say`,
    ),
    ...(record.kind === "Publication"
      ? [
          check(
            "claim",
            digestOf(record.claim) === record.claimDigest && receipt.releaseDigest === record.releaseDigest,
            "claim and release are those whose digests are named",
            "claim or release are not those whose digests are named",
          ),
        ]
      : []),
    planCheck(receipt, plan),
    ...storedChecks(receipt, recordBytes, stored),
  ];
}

function planCheck(receipt: Receipt, plan: Plan | undefined): ReceiptCheck {
  if (plan === undefined) return { check: "plan", verdict: "unknown", detail: `plans/${receipt.planDigest}.json is not at hand` };
  const isIt = plan.digest === receipt.planDigest && planDigest(plan) === receipt.planDigest;
  return check("plan", isIt, "it has the digest that the receipt names", "it is not the plan of that digest");
}

function storedChecks(receipt: Receipt, recordBytes: string, stored: AtHand["stored"]): readonly ReceiptCheck[] {
  if (stored === undefined) return [];
  const found = stored.get(receipt.recordKey);
  const entry = stored.get(receipt.audit.key);
  return [
    found === undefined
      ? { check: "stored", verdict: "unknown", detail: `${receipt.recordKey} is not at hand` }
      : check("stored", found === recordBytes, "the claim store has the same record", "the claim store has another record"),
    entry === undefined
      ? { check: "audit", verdict: "unknown", detail: `${receipt.audit.key} is not at hand` }
      : check(
          "audit",
          digestOfBytes(entry) === receipt.audit.digest,
          `${receipt.audit.key} has the digest that the receipt names`,
          `${receipt.audit.key} was changed since the receipt was written`,
        ),
  ];
}

function check(name: ReceiptCheck["check"], holds: boolean, good: string, bad: string): ReceiptCheck {
  return { check: name, verdict: holds ? "holds" : "fails", detail: holds ? good : bad };
}
