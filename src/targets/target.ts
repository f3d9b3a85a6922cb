/** The one interface of the five systems. Targets never talk to each other; reconcile.ts is the only loop over them. */
import type { Diagnostic } from "../core/diagnostic.ts";
import type { Environment } from "../core/environment.ts";
import type { Digest } from "../core/json.ts";
import type { Plan, TargetName } from "../core/plan.ts";
import type { Source } from "../core/record.ts";
import type { Change, Observation, Resource, Resources } from "../core/resource.ts";

/** What is known only after the merge, and everything `apply` may need besides the changes. Read once per job. */
export interface Release {
  readonly environment: Environment;
  readonly plan: Plan;
  readonly planDigest: Digest;
  readonly source: Source;
  /** ISO 8601, UTC: the time that is written into the record. */
  readonly at: string;
  readonly breakGlass?: string;
}

export interface Target<R extends Resource = Resource> {
  readonly name: TargetName;
  /** Why this target cannot see whether what it wrote has come true, where it cannot; then nothing is exposed for the first time. */
  readonly unobserved?: string | undefined;
  /** Pure. Nothing when the environment is to go. Throws nothing for a validated claim. */
  desired(environment: Environment): Resources<R>;
  /** What we own, normalised, and what is pending. Reads only. Throws Waiting or Stalled. */
  observe(environment: Environment, signal: AbortSignal): Promise<Observation<R>>;
  /** Pure; in the order in which `apply` makes them. */
  diff(observed: Resources<R>, desired: Resources<R>): readonly Change<R>[];
  /** The server's own judgement at review (Cloudflare's dry_run). Never for forks, never in CI. */
  check?(environment: Environment, changes: readonly Change<R>[], signal: AbortSignal): Promise<readonly Diagnostic[]>;
  /**
   * Makes the changes, with as few calls as the API allows. Safe to repeat at any point. Without changes it tells the system once more of
   * what was written, where that does not know of it. Throws Waiting or Stalled.
   */
  apply(changes: readonly Change<R>[], release: Release, signal: AbortSignal): Promise<void>;
}

/** A target whose system is not configured: it says so in the plan. */
export interface Unconfigured {
  readonly name: TargetName;
  /** Such as `no CLAIMBOT_CLOUDFLARE_TOKEN`. */
  readonly missing: string;
}
