/** The records of the claim log: claims/<env>/<seq8>.json, immutable, one per publication, tombstone or removal. */
import type { Claim } from "./claim/claim.generated.ts";
import type { Digest } from "./json.ts";

/** Where a published claim came from. */
export interface Source {
  /** GitLab project path, or "local" where there is none. */
  readonly project: string;
  readonly commit: string;
  readonly path: string;
  /** The git blob of the claim's file. */
  readonly blob: string;
  readonly mergeRequest?: number;
  readonly author?: string;
  readonly approvers: readonly string[];
}

/** A service's constraint, resolved. Without a registry only the constraint is known. */
export interface LockedVersion {
  readonly constraint: string;
  readonly tag?: string;
  /** `sha256:…` of the manifest. */
  readonly digest?: string;
}

/** Service name → version, for every service of the claim. */
export type LockedVersions = Readonly<Record<string, LockedVersion>>;

interface RecordBase {
  readonly environment: string;
  /** From 1. */
  readonly sequence: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly source: Source;
  readonly planDigest: Digest;
  /** Digest of the previous record's bytes; absent in the first. */
  readonly previous?: Digest;
  /** The reason given with --break-glass, where gates were passed by it. */
  readonly breakGlass?: string;
}

export type LogRecord =
  | (RecordBase & {
      readonly kind: "Publication";
      readonly claim: Claim;
      readonly claimDigest: Digest;
      readonly versions: LockedVersions;
      readonly releaseDigest: Digest;
      /** The rendering that made the release; see `RENDERING` in render/bundle.ts. */
      readonly rendering?: number;
      /** The zones of the platform then: what it no longer lists must still be cleaned up. */
      readonly zones?: readonly string[];
    })
  | (RecordBase & { readonly kind: "Tombstone" })
  | (RecordBase & { readonly kind: "Removed" });

export type Publication = Extract<LogRecord, { kind: "Publication" }>;

/** What the claim log says of one environment, oldest first. */
export type Log = readonly LogRecord[];

export function lastPublication(log: Log): Publication | undefined {
  return log.findLast((record) => record.kind === "Publication");
}

/** True while something of the environment may still exist: its log ends neither empty nor in Removed. */
export function isLive(log: Log): boolean {
  const head = log.at(-1);
  return head !== undefined && head.kind !== "Removed";
}

export function recordKey(environment: string, sequence: number): string {
  return `claims/${environment}/${String(sequence).padStart(8, "0")}.json`;
}
