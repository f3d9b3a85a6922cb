/**
 * A receipt: what was released and what was then observed, in one object that proves itself. It holds the record, so that whoever has the
 * file and the git repository needs nothing else to check it. Pure.
 */
import { readEntry, type AuditHead, type StoredReference } from "./audit.ts";
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

export function receiptKey(environment: string, sequence: number): string {
  return recordKey(environment, sequence).replace(/^claims\//, "receipts/");
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
  /** The bytes that the claim store has now, by key; undefined for what it does not have. A key that is not there was not looked for. */
  readonly stored?: ReadonlyMap<string, string | undefined> | undefined;
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
    storedCheck(receipt, text, recordBytes, stored),
    auditCheck(receipt, stored),
  ];
}

function planCheck(receipt: Receipt, plan: Plan | undefined): ReceiptCheck {
  if (plan === undefined) return { check: "plan", verdict: "unknown", detail: `plans/${receipt.planDigest}.json is not at hand` };
  const isIt = plan.digest === receipt.planDigest && planDigest(plan) === receipt.planDigest;
  return check("plan", isIt, "it has the digest that the receipt names", "it is not the plan of that digest");
}

/** Its record alone would not do: what was observed, and when, stands in no other object. */
function storedCheck(receipt: Receipt, text: string, recordBytes: string, stored: AtHand["stored"]): ReceiptCheck {
  const own = receiptKey(receipt.environment, receipt.sequence);
  const looked = [
    { key: receipt.recordKey, bytes: recordBytes, name: "record" },
    { key: own, bytes: text, name: "receipt" },
  ].filter(({ key }) => stored?.has(key) === true);
  if (looked.length === 0) return { check: "stored", verdict: "unknown", detail: `${receipt.recordKey} is not at hand` };
  const wrong = looked.find(({ key, bytes }) => stored?.get(key) !== bytes);
  if (wrong === undefined)
    return check("stored", true, `the claim store has the same ${looked.map(({ name }) => name).join(" and ")}`, "");
  const isGone = stored?.get(wrong.key) === undefined;
  return check("stored", false, "", `the claim store has ${isGone ? `no ${wrong.key}` : `another ${wrong.name}: ${wrong.key}`}`);
}

/** The entry must be the one that says how this release ended: any other proves nothing of it. */
function auditCheck(receipt: Receipt, stored: AtHand["stored"]): ReceiptCheck {
  const { key, digest, sequence, at } = receipt.audit;
  if (at !== receipt.at) return check("audit", false, "", "it names another time than the entry that it quotes");
  if (stored?.has(key) !== true) return { check: "audit", verdict: "unknown", detail: `${key} is not at hand` };
  const text = stored.get(key);
  if (text === undefined) return check("audit", false, "", `the claim store has no ${key}`);
  if (digestOfBytes(text) !== digest) return check("audit", false, "", `${key} was changed since the receipt was written`);
  const entry = readEntry(text);
  const event = entry?.event;
  const isOfRelease =
    event?.kind === "Effects" &&
    event.outcome === "settled" &&
    event.planDigest === receipt.planDigest &&
    event.record?.digest === receipt.recordDigest;
  const isIt = isOfRelease && entry?.sequence === sequence && entry.at === at;
  return check(
    "audit",
    isIt,
    `${key} says that this release was settled`,
    `${key} does not say that this release was settled then`,
  );
}

function check(name: ReceiptCheck["check"], holds: boolean, good: string, bad: string): ReceiptCheck {
  return { check: name, verdict: holds ? "holds" : "fails", detail: holds ? good : bad };
}
