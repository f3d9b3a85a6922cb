/** What rules judge, and what changes for it under other rules. */
import type { Claim } from "../claim/claim.generated.ts";
import type { EnvironmentType } from "../environment.ts";
import type { Plan } from "../plan.ts";
import type { Log } from "../record.ts";

/** An environment that lives or waits for its release, or what an open merge request plans for one. */
export interface Subject {
  readonly environment: string;
  readonly type: EnvironmentType;
  /** The path of a group; empty for the rules themselves. */
  readonly owner: string;
  /** Of a live environment: what was published last, and its log. */
  readonly live?: { readonly claim: Claim; readonly log: Log };
  readonly planned?: { readonly mergeRequest: number; readonly plan: Plan };
}

/** looser: less is asked for, or more is allowed. removes: something that lives goes by it. */
export type Turn = "looser" | "stricter" | "removes";

/** Whom a change is about: environments that live, and open merge requests; both in order. */
export interface Concern {
  readonly environments: readonly string[];
  readonly mergeRequests: readonly number[];
}

export function concernOf(subjects: readonly Subject[]): Concern {
  const environments = subjects.flatMap(({ environment, planned }) => (planned === undefined ? [environment] : []));
  const mergeRequests = subjects.flatMap(({ planned }) => planned?.mergeRequest ?? []);
  return {
    environments: [...new Set(environments)].toSorted(),
    mergeRequests: [...new Set(mergeRequests)].toSorted((a, b) => a - b),
  };
}
