/** Locks the versions of a claim's services: kept while the claim stays as it is, resolved by the registry when it changes. */
import type { Claim } from "../core/claim/claim.generated.ts";
import type { Digest } from "../core/json.ts";
import type { Plan } from "../core/plan.ts";
import type { Registry } from "../core/ports.ts";
import { isLive, lastPublication, type LockedVersion, type LockedVersions, type Log } from "../core/record.ts";
import { reasonOf, resolveConstraint } from "../core/versions.ts";

export interface Locked {
  readonly versions: LockedVersions;
  /** Services whose constraint no tag satisfies, with the reason. */
  readonly unsatisfied: readonly { readonly reason: string }[];
}

/**
 * In this order: what was released for this very claim; what was reviewed for it; what the registry says now. So nothing moves
 * that nobody asked to move.
 */
export async function lockVersions(
  claim: Claim,
  claimDigest: Digest,
  log: Log,
  reviewed: Plan | undefined,
  registry: Registry | undefined,
  signal: AbortSignal,
): Promise<Locked> {
  const published = lastPublication(log);
  if (isLive(log) && published?.claimDigest === claimDigest) return { versions: published.versions, unsatisfied: [] };
  if (reviewed?.claimDigest === claimDigest) return { versions: reviewed.versions, unsatisfied: [] };
  const resolved = await Promise.all(
    claim.spec.services.map(async ({ name, version }) => resolve(registry, name, version, signal)),
  );
  const versions: Record<string, LockedVersion> = {};
  const unsatisfied = resolved.flatMap((result, index) => {
    const service = claim.spec.services[index]?.name ?? "";
    if (typeof result === "string") return [{ reason: result }];
    versions[service] = result;
    return [];
  });
  return { versions, unsatisfied };
}

async function resolve(
  registry: Registry | undefined,
  service: string,
  constraint: string,
  signal: AbortSignal,
): Promise<LockedVersion | string> {
  if (registry === undefined) return { constraint };
  const tags = await registry.tags(service, signal);
  if (tags === undefined) return `The registry has no service ${service}.`;
  const resolution = resolveConstraint(constraint, tags);
  if (resolution.kind !== "resolved") return `${service}: ${reasonOf(constraint, resolution)}`;
  const { tag } = resolution;
  return { constraint, tag, digest: await registry.digest(service, tag, signal) };
}
