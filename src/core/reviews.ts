/** What was shown on merge requests and who pushed their heads, found again in the audit log. Pure. */
import type { AuditEntry } from "./audit.ts";
import { sameJson } from "./json.ts";
import type { ReviewedPlans } from "./ports.ts";

export interface Reviews {
  /** Merge request → the plans last shown for it. */
  readonly plans: ReadonlyMap<number, ReviewedPlans>;
  /** Head → id of the user who pushed it. */
  readonly pushers: ReadonlyMap<string, number>;
}

/** `entries`: oldest first. The time stays while head and plans do: an approval stands for the plan that stood when it was given. */
export function reviewsIn(entries: readonly AuditEntry[]): Reviews {
  const plans = new Map<number, ReviewedPlans>();
  const pushers = new Map<string, number>();
  for (const { at, event } of entries) {
    if (event.kind !== "Review") continue;
    const { mergeRequest, sha, target, plans: shown, pushedBy } = event;
    const known = plans.get(mergeRequest);
    const isSame = known?.sha === sha && sameJson(known.plans, shown);
    plans.set(mergeRequest, { sha, target, plans: shown, storedAt: isSame ? known.storedAt : at });
    if (pushedBy !== undefined) pushers.set(sha, pushedBy);
  }
  return { plans, pushers };
}
