/** An environment as one value: everything that `desired` may know, read once and passed in. */
import type { Claim } from "./claim/claim.generated.ts";
import type { Platform } from "./claim/platform.generated.ts";
import type { Digest } from "./json.ts";
import { isLive, lastPublication, type LockedVersions, type Log, type Publication } from "./record.ts";

export type EnvironmentType = Claim["spec"]["type"];
export const ENVIRONMENT_TYPES = ["dev", "sue", "stage", "prod"] as const satisfies readonly EnvironmentType[];

/** What the claim asks for, with everything that its resources depend on. */
export interface Wish {
  readonly claim: Claim;
  readonly claimDigest: Digest;
  /** The git blob and path of the claim's file. */
  readonly blob: string;
  readonly path: string;
  readonly platform: Platform;
  readonly versions: LockedVersions;
}

export interface Environment {
  readonly name: string;
  readonly type: EnvironmentType;
  /** CLAIMBOT_INSTANCE: part of every mark of ownership. */
  readonly instance: string;
  /** Undefined: it is to go, or must not come (removed, or expired). */
  readonly wish: Wish | undefined;
  /** Why there is no wish. */
  readonly gone?: "removed" | "expired";
  /** The claim log of this environment, oldest first; empty before its first publication. */
  readonly log: Log;
  /** Names of zones that may hold something of ours: those of the platform now and of every published claim. */
  readonly zones: readonly string[];
  /** How long what is written for it is locked: of its type, by the rules that judge it. */
  readonly retentionDays: number;
}

/** Stage and prod have components, a gateway and a firewall of their own. */
export function isDedicated(type: EnvironmentType): boolean {
  return type === "stage" || type === "prod";
}

/** Host names that a claim in the log ever asked for, or the wish asks for: the second key of ownership. */
export function namesEverAsked(environment: Environment): ReadonlySet<string> {
  const claims = environment.log
    .filter((record): record is Publication => record.kind === "Publication")
    .map((record) => record.claim);
  if (environment.wish !== undefined) claims.push(environment.wish.claim);
  return new Set(claims.flatMap((claim) => claim.spec.dns?.hostnames ?? []));
}

/** `24h`, `3d` → milliseconds. The schema holds the form. */
export function durationMs(text: string): number {
  return Number(text.slice(0, -1)) * (text.endsWith("d") ? 86_400_000 : 3_600_000);
}

/**
 * When a claim's environment goes by itself: its time to live after the first publication of its present life.
 * Undefined for types that do not expire and before the first publication.
 */
export function expiresAt(claim: Claim, platform: Platform, log: Log): Date | undefined {
  const rule = platform.spec.types[claim.spec.type].expiry;
  if (claim.spec.type !== "sue" || rule === undefined) return undefined;
  const lastRemoval = log.findLastIndex((record) => record.kind === "Removed");
  const first = log.slice(lastRemoval + 1).find((record) => record.kind === "Publication");
  return first && new Date(Date.parse(first.at) + durationMs(claim.spec.expiry?.ttl ?? rule.ttl));
}

/** An expired claim wants nothing until its blob changes: also after its removal is complete. */
export function isExpired(claim: Claim, blob: string, platform: Platform, log: Log, now: Date): boolean {
  if (claim.spec.type !== "sue") return false;
  if (!isLive(log)) return lastPublication(log)?.source.blob === blob;
  const end = expiresAt(claim, platform, log);
  return end !== undefined && end <= now;
}
