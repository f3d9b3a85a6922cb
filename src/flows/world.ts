/** Everything that a flow needs of the outside, as ports. app.ts makes one; tests make their own. */
import type { Policy } from "../core/adopted.ts";
import type { BlobCache } from "../core/claim/blob-cache.ts";
import type { Log as Logger } from "../core/log.ts";
import type { Audit, AuditableStore, Forge, Jobs, Memory, ObjectStore, Registry, Repository } from "../core/ports.ts";
import type { LogCache } from "./log-cache.ts";
import type { LookedAt } from "./verify/looks.ts";
import type { Targets } from "../targets/index.ts";

export interface World {
  /** CLAIMBOT_INSTANCE. */
  readonly instance: string;
  readonly repository: Repository;
  readonly store: ObjectStore;
  /** The path of the project whose claim store ours takes over. */
  readonly formerProject?: string | undefined;
  readonly targets: Targets;
  readonly audit: Audit;
  /** The registry, given the path of its repositories; without one, versions stay constraints, and the plan says so. */
  readonly registryOf: ((repository: string) => Registry) | undefined;
  readonly cache: BlobCache;
  readonly logs: LogCache;
  /** Used where the claim repository has no policies/. */
  readonly defaultPolicies: readonly Policy[];
  readonly log: Logger;
  now(): Date;
}

/** Whose store shows versions and locks too: what verify and backup need. */
export interface AuditableWorld extends World {
  readonly store: AuditableStore;
}

/** `forged-status`: somebody else set a commit status of our name. */
export type Alarm = "forged-status";

/** A world with a GitLab in it: the service's. */
export interface ForgeWorld extends World {
  readonly forge: Forge;
  readonly memory: Memory;
  readonly jobs: Jobs;
  /** Counts something that nobody should do, beside the log. */
  readonly alarm?: (what: Alarm) => void;
  /** Told how many records and adoptions there ever were that passed the gates by --break-glass. */
  readonly brokenGlass?: (total: number) => void;
}

/** The service's own: it looks after its store too. */
export interface ServiceWorld extends ForgeWorld, AuditableWorld {
  readonly store: AuditableStore;
  /** Told how much of the store deviates, and since when all of it was looked at, beside the log. */
  readonly verified?: (found: LookedAt) => void;
}
