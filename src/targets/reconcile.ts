/** The only loop over the targets: observes them into a plan, and rolls a plan out. */
import { Stale, Stalled, Waiting } from "../core/errors.ts";
import type { Environment } from "../core/environment.ts";
import { sameJson, type Digest } from "../core/json.ts";
import { changesOf, planOf, type Plan, type Step, type TargetName } from "../core/plan.ts";
import type { Change } from "../core/resource.ts";
import { visits, isConfigured, type Targets } from "./index.ts";
import type { Release, Target } from "./target.ts";

/** What the plan had one target do, and is now observed done. */
export interface Done {
  readonly target: TargetName;
  readonly changes: number;
}

/** Observes every target at once and says what each would do. Reads only. */
export async function planEnvironment(
  targets: Targets,
  environment: Environment,
  digests: { readonly inputs: Digest; readonly rules: Digest },
  signal: AbortSignal,
): Promise<Plan> {
  const steps = await Promise.all(
    targets.map(async (target): Promise<Step> => {
      if (!isConfigured(target)) return { target: target.name, missing: target.missing };
      const { resources, pending, contested } = await target.observe(environment, signal);
      return { target: target.name, changes: target.diff(resources, target.desired(environment)), pending, contested };
    }),
  );
  return planOf(environment, steps, digests.inputs, digests.rules);
}

/**
 * Makes the plan's difference nil, target by target, each observed to be settled before the next. May be cut off anywhere and begun again.
 * `beforeFirstEffect` compares once more what the decision stood on, and throws Stale when that has moved.
 * Throws Waiting (it comes back), Stalled (somebody must act), Stale (the world moved: plan again).
 */
export async function rollout(
  targets: Targets,
  release: Release,
  beforeFirstEffect: () => Promise<void>,
  signal: AbortSignal,
): Promise<readonly Done[]> {
  const { environment, plan } = release;
  const order = visits(targets, environment.wish === undefined ? "down" : "up");
  let checked = false;
  for (const [index, target] of order.entries()) {
    const isLastVisit = order.lastIndexOf(target) === index;
    // The Tombstone of an earlier run stands: what the claim store writes next is Removed, and that comes last.
    if (!isLastVisit && environment.log.at(-1)?.kind === "Tombstone") continue;
    let observed = await target.observe(environment, signal);
    const changes = target.diff(observed.resources, target.desired(environment));
    if (changes.length > 0) {
      refuseUnplanned(plan, target, changes);
      refuseBlindExposure(targets, target, changes);
      if (!checked) await beforeFirstEffect();
      checked = true;
      await target.apply(changes, release, signal);
      observed = await target.observe(environment, signal);
    }
    if (isLastVisit) requireSettled(target, environment, observed);
  }
  return [...new Set(order)].map(({ name }) => ({
    target: name,
    changes: changesOf(plan).filter(({ target }) => target === name).length,
  }));
}

/** True when every change of `now` is in `recorded`: a rollout of `recorded` may go on, and what is missing of it is observed done. */
export function goesOn(recorded: Plan, now: Plan): boolean {
  return (
    recorded.claimDigest === now.claimDigest && changesOf(now).every(({ target, change }) => isPlanned(recorded, target, change))
  );
}

function isPlanned(plan: Plan, target: TargetName, change: Change): boolean {
  return changesOf(plan).some((planned) => planned.target === target && sameJson(planned.change, change));
}

function refuseUnplanned(plan: Plan, target: Target, changes: readonly Change[]): void {
  const unplanned = changes.find((change) => !isPlanned(plan, target.name, change));
  if (unplanned !== undefined) throw new Stale(`${target.name}: ${unplanned.key} moved while the plan was being rolled out`);
}

/** A name is exposed for the first time only when it was seen that something stands behind it. */
function refuseBlindExposure(targets: Targets, target: Target, changes: readonly Change[]): void {
  const exposed = changes.filter((change) => change.verb === "create").map(({ key }) => key);
  if (target.name !== "dns" || exposed.length === 0) return;
  for (const other of targets) {
    const blind = isConfigured(other) ? other.unobserved : other.name === "flux" ? other.missing : undefined;
    if (blind !== undefined) {
      throw new Stalled(
        `${exposed.join(", ")} would be exposed although nobody has seen that the environment is built (${blind})`,
        "Give claimbot CLAIMBOT_KUBERNETES_URL and a token that may read Flux's Kustomizations, then comment /claim apply",
      );
    }
  }
}

function requireSettled(target: Target, environment: Environment, observed: Awaited<ReturnType<Target["observe"]>>): void {
  const left = target.diff(observed.resources, target.desired(environment));
  if (left.length > 0) throw new Waiting(`${target.name}: ${left[0]?.key} is not as it was written yet`, 5_000);
  if (observed.pending.length > 0) throw new Waiting(`${target.name}: ${observed.pending.join("; ")}`, 10_000);
}
