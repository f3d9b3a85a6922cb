/** What can be wrong in a claim store, by name. The names are public: people grep and alert by them. */

/** Name → what it means, in the words of docs/operations.md. */
export const DEVIATIONS = {
  "record/unreadable": "torn, foreign, or not in the bytes that claimbot writes",
  "record/misplaced": "it says another environment or number than its key",
  "record/missing": "a number of the log is not there",
  "record/chain": "it does not follow the bytes of the record before it: one of the two was changed",
  "record/claim": "its claim is not the one whose digest it names",
  "record/source": "the commit that it names has another claim at that path",
  "record/undecided": "the audit log has no decision to release its plan",
  "rules/chain": "the log of adopted rules is broken",
  "plan/missing": "the plan that a record names is not there",
  "plan/altered": "the content is not the plan of that digest",
  "release/missing": "the bundle that a record names is not there",
  "release/altered": "the bundle is not the one of that digest",
  "release/commit-unknown": "the commit that a record names is not in this repository, so its release cannot be derived again",
  "release/not-reproducible": "the commit, the locked versions and today's claimbot give other bytes",
  "receipt/unreadable": "torn, foreign, or of another record than its key",
  "receipt/ahead": "it was written for a record that is not in the log",
  "receipt/record": "it was written for other bytes of the record: one of the two was changed",
  "pointer/missing": "Flux's pointer is not there",
  "pointer/unreadable": "not a pointer of claimbot's to this environment",
  "pointer/elsewhere":
    "it points to another release than that of its record, or to one before the newest that was seen to its end",
  "pointer/ahead": "it stands for a record that is not in the log",
  "object/overwritten": "a key that is written once has more than one version",
  "object/deleted": "a delete marker hides, or hid, a key that is written once",
  "object/unlocked": "it is not locked",
  "object/governance": "it is locked in a mode that somebody may take off",
  "object/lock-short": "its lock ends before the retention of its type does",
  "object/unreadable": "the store cannot give its content, or not the content whose checksum it keeps",
  "object/foreign": "a key that claimbot does not write",
  "audit/chain": "the audit chain is broken",
} as const;

export type DeviationName = keyof typeof DEVIATIONS;

export interface Deviation {
  readonly name: DeviationName;
  /** The object's key. */
  readonly key: string;
  /** One sentence for a person; may hold foreign text. */
  readonly detail: string;
}

export function deviation(name: DeviationName, key: string, detail?: string): Deviation {
  return { name, key, detail: detail ?? DEVIATIONS[name] };
}
