/** How the default branch is to be protected: nobody pushes, so that everything comes by merge request. Pure. */
import type { BranchAccess, BranchRule, BranchWish } from "../ports.ts";

const NOBODY = 0;
const DEVELOPERS = 30;

export interface BranchVerdict {
  /** What the rule of this very name should be; undefined: it is so already. */
  readonly wish: BranchWish | undefined;
  /** What it is now, in words. */
  readonly now: string;
  /** Patterns that let somebody push all the same: the laxest rule that covers a branch counts. */
  readonly laxPatterns: readonly BranchRule[];
}

/** Who may merge stays, unless nobody may: claimbot's own gates judge what becomes of a merge. */
export function judgeBranch(rules: readonly BranchRule[], branch: string): BranchVerdict {
  const rule = rules.find(({ name }) => name === branch);
  const laxPatterns = rules.filter(
    (other) => other !== rule && covers(other.name, branch) && (!other.push.every(isNobody) || other.forcePush),
  );
  if (rule === undefined) {
    return { wish: { name: branch, push: NOBODY, merge: DEVELOPERS }, now: "not protected", laxPatterns };
  }
  const merge = rule.merge.every(isNobody) ? DEVELOPERS : undefined;
  const isGood = rule.push.every(isNobody) && !rule.forcePush && merge === undefined;
  return { wish: isGood ? undefined : { name: branch, push: NOBODY, merge }, now: branchWords(rule), laxPatterns };
}

function isNobody({ level }: BranchAccess): boolean {
  return level === NOBODY;
}

/** `environments/*` covers `environments/x`. */
function covers(pattern: string, branch: string): boolean {
  const parts = pattern.split("*").map((part) => RegExp.escape(part));
  return new RegExp(`^${parts.join(".*")}$`).test(branch);
}

/** `nobody pushes, Developers + Maintainers merge`. */
function branchWords({ push, merge, forcePush }: BranchRule): string {
  return `${people(push)} may push${forcePush ? ", even by force" : ""}, ${people(merge)} may merge`;
}

function people(accesses: readonly BranchAccess[]): string {
  const allowed = accesses.filter((access) => !isNobody(access));
  return allowed.length === 0 ? "nobody" : allowed.map(({ description }) => description).join(" and ");
}

export function wishWords({ merge }: BranchWish): string {
  return `nobody may push${merge === undefined ? "" : ", developers and maintainers may merge"}`;
}
