/** The targets in their order, and which way a rollout walks through them. */
import { TARGET_NAMES, type TargetName } from "../core/plan.ts";
import type { Target, Unconfigured } from "./target.ts";

export type Targets = readonly (Target | Unconfigured)[];

/** Up order: record it, build it, protect it, expose it, tell GitLab. */
export function inOrder(targets: Iterable<Target | Unconfigured>): Targets {
  const byName = new Map<TargetName, Target | Unconfigured>([...targets].map((target) => [target.name, target]));
  return TARGET_NAMES.map((name) => byName.get(name) ?? { name, missing: "not set up" });
}

export function isConfigured(target: Target | Unconfigured): target is Target {
  return !("missing" in target);
}

/**
 * The targets as a rollout visits them. Down starts with the claim store, which writes the Tombstone (a late older job must find it), goes
 * the reverse way, and ends there again, with Removed.
 */
export function visits(targets: Targets, direction: "up" | "down"): readonly Target[] {
  const configured = targets.filter(isConfigured);
  if (direction === "up") return configured;
  return [...configured.filter(({ name }) => name === "claim-store"), ...configured.toReversed()];
}
