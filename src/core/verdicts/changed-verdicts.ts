/** What would be judged otherwise if proposed rules were adopted: for each live environment and open merge request. Shown before anybody approves them. */
import type { Rules } from "../adopted.ts";
import { changedClaims, type ChangedClaim, type TwiceJudged } from "./changed-claims.ts";
import { changedDemands, type ChangedDemand } from "./changed-demands.ts";
import { changedPermissions, type ChangedPermission } from "./changed-permissions.ts";
import type { Subject } from "./subject.ts";

export interface ChangedVerdicts {
  readonly demands: readonly ChangedDemand[];
  readonly permissions: readonly ChangedPermission[];
  readonly claims: readonly ChangedClaim[];
  /** People whom policies name, by their user names. Foreign text. */
  readonly named: readonly string[];
  readonly unseen: { readonly environments: number; readonly mergeRequests: number };
}

export interface RulesQuestion {
  readonly adopted: Rules;
  readonly proposed: Rules;
  readonly subjects: readonly Subject[];
  readonly trees: readonly TwiceJudged[];
  /** Open merge requests that were not looked at. */
  readonly unseenMergeRequests: number;
  readonly now: Date;
}

/** `pause` is awaited now and then, so that thousands of questions keep nobody else waiting. */
export async function changedVerdicts(question: RulesQuestion, pause: () => Promise<void>): Promise<ChangedVerdicts> {
  const { adopted, proposed, subjects, trees, now } = question;
  const { changed, named, unseen } = await changedPermissions(adopted.policies, proposed.policies, subjects, pause);
  return {
    demands: changedDemands(adopted.platform, proposed.platform, subjects, now),
    permissions: changed,
    claims: changedClaims(trees),
    named,
    unseen: { environments: unseen, mergeRequests: question.unseenMergeRequests },
  };
}

/** True where something is allowed, or not asked for, that was not so before, for prod or the rules; or where something goes by it. */
export function isAlarming(verdict: ChangedDemand | ChangedPermission): boolean {
  if ("allowed" in verdict) return verdict.allowed && verdict.types.includes("prod");
  return verdict.turn === "removes" || (verdict.turn === "looser" && verdict.type === "prod");
}

export function protectsLess({ demands, permissions }: ChangedVerdicts): boolean {
  return demands.some(isAlarming) || permissions.some(isAlarming);
}
