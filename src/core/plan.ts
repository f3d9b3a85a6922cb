/** The plan of one environment: the difference between what should be and what is, with everything that it stands on. */
import type { Claim } from "./claim/claim.generated.ts";
import { factOf, obstaclesIn, type Contested, type Obstacle } from "./contested.ts";
import type { Environment, EnvironmentType } from "./environment.ts";
import { canonicalJson, digestOf, type Digest } from "./json.ts";
import { lastPublication, isLive, type LockedVersions } from "./record.ts";
import type { Change } from "./resource.ts";

export const TARGET_NAMES = ["claim-store", "flux", "waf", "dns", "deployment"] as const;
/** Up order: record it, build it, protect it, expose it, tell GitLab. */
export type TargetName = (typeof TARGET_NAMES)[number];

/** What one target would do. A target that is not configured says so instead of saying nothing. */
export type Step =
  | {
      readonly target: TargetName;
      readonly changes: readonly Change[];
      readonly pending: readonly string[];
      readonly contested: readonly Contested[];
    }
  | { readonly target: TargetName; readonly missing: string };

type ObservedStep = Extract<Step, { changes: unknown }>;

export type PlanVerb = "create" | "change" | "remove" | "none";

export interface Plan {
  readonly environment: string;
  readonly type: EnvironmentType;
  readonly verb: PlanVerb;
  readonly gone?: "removed" | "expired";
  /** The wished claim; absent when the environment is to go. */
  readonly claim?: Claim;
  readonly claimDigest?: Digest;
  /** Digest of platform.yaml's inputs, as the merge result has them. */
  readonly inputsDigest: Digest;
  /** Digest of the adopted rules: platform.yaml's rules and the policies. */
  readonly rulesDigest: Digest;
  readonly versions: LockedVersions;
  readonly steps: readonly Step[];
  readonly digest: Digest;
}

/** Makes a plan of what was observed. Pure: the same input gives the same plan and digest, whatever the order of its members. */
export function planOf(environment: Environment, steps: readonly Step[], inputsDigest: Digest, rulesDigest: Digest): Plan {
  const { name, type, wish, gone } = environment;
  const ordered = TARGET_NAMES.flatMap((target) => steps.filter((step) => step.target === target));
  const body = {
    environment: name,
    type,
    verb: verbOf(environment, ordered),
    ...(gone && { gone }),
    ...(wish && { claim: wish.claim, claimDigest: wish.claimDigest }),
    inputsDigest,
    rulesDigest,
    versions: wish?.versions ?? {},
    steps: ordered,
  };
  return { ...body, digest: planDigest(body) };
}

/**
 * What approvals, `apply`, the audit log and the record quote. Of what is contested it covers what stands where the plan would make something:
 * the rest, and all that is pending, is shown only.
 */
export function planDigest(plan: Omit<Plan, "digest">): Digest {
  return digestOf({
    environment: plan.environment,
    type: plan.type,
    claim: plan.claimDigest,
    inputs: plan.inputsDigest,
    rules: plan.rulesDigest,
    versions: plan.versions,
    changes: plan.steps.map((step) =>
      "missing" in step
        ? { target: step.target, missing: true }
        : { target: step.target, changes: step.changes, ...obstaclesFact(step) },
    ),
  });
}

/** Nothing where nothing stands in the way, so that such a plan has the digest that it always had. */
function obstaclesFact({ changes, contested }: ObservedStep): { readonly contested?: unknown } {
  const obstacles = obstaclesIn(changes, contested);
  return obstacles.length === 0 ? {} : { contested: obstacles.map(factOf) };
}

function verbOf({ wish, log }: Environment, steps: readonly Step[]): PlanVerb {
  if (steps.every((step) => "missing" in step || step.changes.length === 0)) return "none";
  if (wish === undefined) return "remove";
  return isLive(log) && lastPublication(log) !== undefined ? "change" : "create";
}

/** All changes of a plan with the target that makes them, in the plan's order. */
export function changesOf(plan: Pick<Plan, "steps">): readonly { readonly target: TargetName; readonly change: Change }[] {
  return plan.steps.flatMap((step) => ("missing" in step ? [] : step.changes.map((change) => ({ target: step.target, change }))));
}

/** All that stands in a plan's way, with the target that would meet it. */
export function obstaclesOf(plan: Pick<Plan, "steps">): readonly { readonly target: TargetName; readonly obstacle: Obstacle }[] {
  return plan.steps.flatMap((step) =>
    "missing" in step ? [] : obstaclesIn(step.changes, step.contested).map((obstacle) => ({ target: step.target, obstacle })),
  );
}

/** True where `now` is what was reviewed, but for things in its way that are gone: whoever approved it was told that they have to go. */
export function isCleared(reviewed: Plan, now: Plan): boolean {
  const factsOf = (plan: Plan): readonly string[] =>
    obstaclesOf(plan).map(({ target, obstacle }) => canonicalJson({ target, ...factOf(obstacle) }));
  const known = new Set(factsOf(reviewed));
  return bareDigest(reviewed) === bareDigest(now) && factsOf(now).every((fact) => known.has(fact));
}

function bareDigest(plan: Plan): Digest {
  return planDigest({ ...plan, steps: plan.steps.map((step) => ("missing" in step ? step : { ...step, contested: [] })) });
}

export interface Counts {
  readonly creates: number;
  readonly updates: number;
  readonly deletes: number;
}

export function countChanges(changes: readonly Change[]): Counts {
  const count = (verb: Change["verb"]): number => changes.filter((change) => change.verb === verb).length;
  return { creates: count("create"), updates: count("update"), deletes: count("delete") };
}

/** high: something of prod is deleted or a prod environment goes; medium: prod changes, or anything is deleted or goes; low: the rest. */
export type Risk = "low" | "medium" | "high";

export function riskOf(plan: Plan): Risk {
  const { deletes } = countChanges(changesOf(plan).map(({ change }) => change));
  const loses = plan.verb === "remove" || deletes > 0;
  if (plan.verb === "none") return "low";
  if (plan.type === "prod") return loses ? "high" : "medium";
  return loses ? "medium" : "low";
}
