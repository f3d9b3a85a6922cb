/** The audit log, read and verified: also against the entries that receipts quote. */
import type { StoredReference } from "../../core/audit.ts";
import { Stalled } from "../../core/errors.ts";
import type { ObjectStore } from "../../core/ports.ts";
import { readReceipt } from "../../core/receipt.ts";
import { reviewsIn, type Reviews } from "../../core/reviews.ts";
import { verifyAudit, type VerifiedAudit } from "../../core/verify-audit.ts";
import { readAuditLog } from "../../targets/claim-store/audit-log.ts";
import { inGroups } from "../in-groups.ts";

export async function readVerifiedAudit(store: ObjectStore, signal: AbortSignal): Promise<VerifiedAudit> {
  // Receipts first: what they quote was written before them.
  const quoted = await quotedByReceipts(store, signal);
  return verifyAudit(await readAuditLog(store, signal), quoted);
}

/** What was shown and who pushed, as the log keeps it. Throws Stalled where it is broken: approvals would stand on what somebody changed. */
export async function readReviews(store: ObjectStore, wayOut: string, signal: AbortSignal): Promise<Reviews> {
  const { entries, faults } = await readVerifiedAudit(store, signal);
  const [fault] = faults;
  if (fault === undefined) return reviewsIn(entries);
  throw new Stalled(`${store.name}: the audit log is broken at ${fault.key}: ${fault.detail}`, wayOut);
}

/** By the newest receipt of each environment: together they hold fast all but what was written since the last release. */
export async function quotedByReceipts(store: ObjectStore, signal: AbortSignal): Promise<readonly StoredReference[]> {
  const newest = new Map<string, string>();
  for (const { key } of await store.list("receipts/", signal)) newest.set(key.split("/")[1] ?? "", key);
  const found = await inGroups([...newest.values()], 32, async (key) => {
    const object = await store.read(key, signal);
    const receipt = object && readReceipt(Buffer.from(object.body).toString("utf8"));
    return receipt === undefined ? [] : [receipt.audit];
  });
  return found.flat();
}
