/** The only loop over the targets: observes them into a plan, and rolls a plan out. */
import { Stale, Stalled, Waiting } from "../core/errors.ts";
import { isDedicated, type Environment, type EnvironmentType } from "../core/environment.ts";
import { canonicalJson, digestOf, sameJson, type Digest } from "../core/json.ts";
import { changesOf, planOf, type Plan, type Step, type TargetName } from "../core/plan.ts";
import type { Change } from "../core/resource.ts";
import { visits, isConfigured, type Targets } from "./index.ts";
import type { Release, Target } from "./target.ts";

/** What the plan had one target do, and is now observed done: `state` is the digest of all that we own there. */
export interface Done {
  readonly target: TargetName;
  readonly changes: number;
  readonly state: Digest;
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
  const states = new Map<TargetName, Digest>();
  let checked = false;
  for (const [index, target] of order.entries()) {
    const isLastVisit = order.lastIndexOf(target) === index;
    // The Tombstone of an earlier run stands: what the claim store writes next is Removed, and that comes last.
    if (!isLastVisit && environment.log.at(-1)?.kind === "Tombstone") continue;
    let observed = await target.observe(environment, signal);
    const changes = target.diff(observed.resources, target.desired(environment));
    if (changes.length > 0) {
      refuseUnplanned(plan, target, changes);
      refuseBlindExposure(targets, target, environment.type, changes);
      if (!checked) await beforeFirstEffect();
      checked = true;
      await target.apply(changes, release, signal);
      observed = await target.observe(environment, signal);
    } else if (observed.pending.length > 0) {
      // Whoever made the changes may have died before the system was told of them.
      await target.apply([], release, signal);
    }
    if (isLastVisit) requireSettled(target, environment, observed);
    states.set(target.name, digestOf(observed.resources));
  }
  return [...states].map(([name, state]) => ({
    target: name,
    changes: changesOf(plan).filter(({ target }) => target === name).length,
    state,
  }));
}

/**
 * True when a rollout of `recorded` may go on: every change of `now` is one of its own. What is missing of it is observed done, because
 * claim, inputs and versions are the same, and with them all that is desired.
 */
export function goesOn(recorded: Plan, now: Plan): boolean {
  const isSameWish =
    recorded.claimDigest === now.claimDigest &&
    recorded.inputsDigest === now.inputsDigest &&
    sameJson(recorded.versions, now.versions);
  const planned = plannedChanges(recorded);
  return isSameWish && changesOf(now).every(({ target, change }) => planned.has(textOf(target, change)));
}

function plannedChanges(plan: Plan): ReadonlySet<string> {
  return new Set(changesOf(plan).map(({ target, change }) => textOf(target, change)));
}

function textOf(target: TargetName, change: Change): string {
  return `${target} ${canonicalJson(change)}`;
}

function refuseUnplanned(plan: Plan, target: Target, changes: readonly Change[]): void {
  const planned = plannedChanges(plan);
  const unplanned = changes.find((change) => !planned.has(textOf(target.name, change)));
  if (unplanned !== undefined) throw new Stale(`${target.name}: ${unplanned.key} moved while the plan was being rolled out`);
}

/** A name is exposed for the first time only when it was seen that something stands behind it and, for stage and prod, something before it. */
function refuseBlindExposure(targets: Targets, target: Target, type: EnvironmentType, changes: readonly Change[]): void {
  const exposed = changes.filter((change) => change.verb === "create").map(({ key }) => key);
  if (target.name !== "dns" || exposed.length === 0) return;
  const names = exposed.length > 5 ? `${exposed.slice(0, 5).join(", ")} and ${exposed.length - 5} more` : exposed.join(", ");
  for (const other of targets) {
    const blind = isConfigured(other) ? other.unobserved : other.name === "flux" ? other.missing : undefined;
    if (blind !== undefined) {
      throw new Stalled(
        `${names} would be exposed although nobody has seen that the environment is built (${blind})`,
        "Give claimbot CLAIMBOT_KUBERNETES_URL and a token that may read Flux's Kustomizations, then comment /claim apply",
      );
    }
    if (other.name === "waf" && !isConfigured(other) && isDedicated(type)) {
      throw new Stalled(
        `${names} would be exposed without a firewall (${other.missing})`,
        "Let claimbot write the zone's firewall rules, then comment /claim apply",
      );
    }
  }
}

function requireSettled(target: Target, environment: Environment, observed: Awaited<ReturnType<Target["observe"]>>): void {
  const left = target.diff(observed.resources, target.desired(environment));
  if (left.length > 0) throw new Waiting(`${target.name}: ${left[0]?.key} is not as it was written yet`, 5_000);
  if (observed.pending.length > 0) throw new Waiting(`${target.name}: ${observed.pending.join("; ")}`, 10_000);
}
