/** The sandbox's Cloudflare with our adapter before it, and what the tests of dns and waf do with both. */
import type { Claim } from "../../src/core/claim/claim.generated.ts";
import type { Platform } from "../../src/core/claim/platform.generated.ts";
import type { Environment } from "../../src/core/environment.ts";
import type { Log } from "../../src/core/record.ts";
import type { Change, Resource } from "../../src/core/resource.ts";
import { Secret } from "../../src/core/secret.ts";
import { openCloudflare, type Clock, type Cloudflare } from "../../src/adapters/cloudflare/cloudflare.ts";
import { startCloudflare, type SandboxCloudflare } from "../../src/sandbox/cloudflare.ts";
import type { Target } from "../../src/targets/target.ts";
import { releaseOf } from "./an-environment.ts";

export const TOKEN = "sandbox-token-canary";
export const SIGNAL: AbortSignal = AbortSignal.timeout(600_000);
/** The time is real, but nobody waits. */
export const IMPATIENT: Clock = { now: () => Date.now(), sleep: () => Promise.resolve() };

export interface CloudflareWorld extends AsyncDisposable {
  readonly server: SandboxCloudflare;
  readonly cloudflare: Cloudflare;
}

export async function aCloudflare(plan: Platform["spec"]["zones"][number]["plan"] = "business"): Promise<CloudflareWorld> {
  const server = await startCloudflare({ zones: [{ name: "example.org", plan }], token: TOKEN });
  return { server, cloudflare: clientOf(server), [Symbol.asyncDispose]: async () => server[Symbol.asyncDispose]() };
}

export function clientOf(server: SandboxCloudflare, timeoutMs = 5_000): Cloudflare {
  return openCloudflare({ url: server.apiUrl, token: new Secret(TOKEN), clock: IMPATIENT, timeoutMs });
}

/** One rollout of one target; gives what it changed. */
export async function settle<R extends Resource>(target: Target<R>, environment: Environment): Promise<readonly Change<R>[]> {
  const { resources } = await target.observe(environment, SIGNAL);
  const changes = target.diff(resources, target.desired(environment));
  if (changes.length > 0) await target.apply(changes, releaseOf(environment), SIGNAL);
  return changes;
}

/** The log after one publication of what the environment wishes. */
export function logOf({ name, wish }: Environment): Log {
  if (wish === undefined) return [];
  return [
    {
      kind: "Publication",
      environment: name,
      sequence: 1,
      at: "2026-11-24T08:00:00.000Z",
      source: { project: "local", commit: "1".repeat(40), path: wish.path, blob: wish.blob, approvers: [] },
      planDigest: "p".repeat(64),
      claim: wish.claim,
      claimDigest: wish.claimDigest,
      versions: wish.versions,
      releaseDigest: "r".repeat(64),
    },
  ];
}

/** The environment with another firewall in its claim, or another baseline in the platform; published before, so that both keys know it. */
export function withWaf(
  environment: Environment,
  waf: Claim["spec"]["waf"],
  baseline: NonNullable<Platform["spec"]["waf"]>["baseline"] = [],
): Environment {
  const { wish } = environment;
  if (wish === undefined) throw new Error("an environment that is to go has no firewall");
  const spec = { ...wish.claim.spec, ...(waf && { waf }) };
  const platform = { ...wish.platform, spec: { ...wish.platform.spec, waf: { baseline } } };
  return { ...environment, wish: { ...wish, claim: { ...wish.claim, spec }, platform } };
}

/** Calls that change something. */
export function writesOf(server: SandboxCloudflare): readonly string[] {
  return server.faults.requests
    .filter(({ method, path }) => method !== "GET" && !path.includes("dry_run"))
    .map(({ method, path }) => `${method} ${path}`);
}
