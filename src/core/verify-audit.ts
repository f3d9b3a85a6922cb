/** Is the audit log whole? Every entry as it is stored is read, and all that is wrong has a name. Pure. */
import { auditKey, endAfter, readEntry, type AuditEntry, type ChainEnd, type StoredReference } from "./audit.ts";
import { digestOfBytes } from "./json.ts";

export interface StoredEntry {
  readonly key: string;
  readonly text: string;
}

/** Fault → what it means. The names are public. */
export const AUDIT_FAULTS = {
  unreadable: "torn, foreign, or not in the bytes that claimbot writes",
  misplaced: "it says another number than its key, or its key is none of the audit log's",
  missing: "an entry before it is not there",
  chain: "it does not follow the bytes of the entry before it: one of the two was changed",
  month: "the chain does not lead to this month",
  head: "a receipt quotes other bytes of this entry: it was changed, or is gone",
} as const;

export interface AuditFault {
  readonly fault: keyof typeof AUDIT_FAULTS;
  readonly key: string;
  /** One sentence for a person. */
  readonly detail: string;
}

export interface VerifiedAudit {
  /** Those that can be read, oldest first. */
  readonly entries: readonly AuditEntry[];
  readonly faults: readonly AuditFault[];
}

/**
 * `stored`: everything below `audit/`, in the order of the keys. `quoted`: entries as receipts and notes quote them; without one nobody can
 * tell whether the newest entries were changed or cut off.
 */
export function verifyAudit(stored: readonly StoredEntry[], quoted: readonly StoredReference[] = []): VerifiedAudit {
  const entries: AuditEntry[] = [];
  const faults: AuditFault[] = [];
  let before: { readonly sequence: number; readonly digest: string; readonly end: ChainEnd | undefined } | undefined;
  const say = (fault: AuditFault["fault"], key: string, detail: string = AUDIT_FAULTS[fault]): void =>
    void faults.push({ fault, key, detail });

  for (const { key, text } of stored) {
    const [, month = "", digits = ""] = /^audit\/(\d{4}-\d{2})\/(\d{8,})\.json$/.exec(key) ?? [];
    const sequence = Number(digits);
    if (sequence === 0 || auditKey(month, sequence) !== key) {
      say("misplaced", key, "its key is none of the audit log's");
      continue;
    }
    const next = (before?.sequence ?? 0) + 1;
    if (sequence > next) say("missing", key, `${missingBetween(next, sequence - 1)} before it`);
    if (sequence < next) say("month", key, `there is an entry ${sequence} in another month already: the chain was forked`);
    const entry = readEntry(text);
    if (entry === undefined) say("unreadable", key);
    else if (entry.sequence !== sequence) say("misplaced", key, `it says that it is number ${entry.sequence}`);
    else {
      entries.push(entry);
      // After a gap nobody knows what the next one follows.
      const isNext = sequence === next;
      if (isNext && entry.previous !== before?.digest) say("chain", key);
      const expected = before === undefined ? "0000-00" : before.end?.month;
      if (isNext && expected !== undefined && expected !== month) say("month", key, `the entry before it leads to ${expected}`);
    }
    before = { sequence, digest: digestOfBytes(text), end: entry && endAfter(key, entry, text) };
  }
  const digests = new Map(stored.map(({ key, text }) => [key, digestOfBytes(text)]));
  for (const { key, digest } of quoted) {
    if (digests.get(key) !== digest)
      say("head", key, digests.has(key) ? AUDIT_FAULTS.head : "a receipt quotes it, and it is gone");
  }
  return { entries, faults };
}

function missingBetween(first: number, last: number): string {
  return first === last ? `entry ${first} is missing` : `entries ${first} to ${last} are missing`;
}
