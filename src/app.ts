/** The one place that knows every concrete class: from Config to a World. Heavy libraries are loaded where they are used. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "./config.ts";
import type { Rules } from "./core/adopted.ts";
import { BlobCache } from "./core/claim/blob-cache.ts";
import { Stalled } from "./core/errors.ts";
import type { Log } from "./core/log.ts";
import { DEFAULT_POLICIES } from "./core/permission/default-policies.ts";
import type { Audit, AuditableStore, Forge, ObjectStore, Registry, Repository } from "./core/ports.ts";
import { redact } from "./core/secret.ts";
import { withoutTokenShapes } from "./core/token-shapes.ts";
import { adoptedRules } from "./flows/adoption.ts";
import { LogCache } from "./flows/log-cache.ts";
import type { AuditableWorld, World } from "./flows/world.ts";
import { inOrder, type Targets } from "./targets/index.ts";
import type { Target, Unconfigured } from "./targets/target.ts";

/** Opens the claim store: a directory below the data directory. */
export async function openStore(config: Config, dataDirectory: string): Promise<AuditableStore> {
  if (config.s3 !== undefined) {
    throw new Stalled(
      "the claim store on S3 is not there yet",
      "Unset the CLAIMBOT_S3_ variables; the claims are then kept in the data directory",
    );
  }
  const { openDirectoryStore } = await import("./adapters/directory-store.ts");
  return openDirectoryStore(join(dataDirectory, "store"));
}

/** Makes the data directory, and lets git ignore it wherever it lies. */
export async function makeDataDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, ".gitignore"), "*\n");
}

/** @public Whoever builds a world of its own opens them so: tests that act between two calls. */
export async function openTargets(config: Config, store: ObjectStore, forge: Forge | undefined, log: Log): Promise<Targets> {
  const { claimStoreTarget } = await import("./targets/claim-store/claim-store.ts");
  return inOrder([
    claimStoreTarget(store),
    await openFlux(config, store),
    ...(await openCloudflare(config, log)),
    await openDeployment(config, forge),
  ]);
}

async function openFlux(config: Config, store: ObjectStore): Promise<Target> {
  const { fluxTarget } = await import("./targets/flux/flux.ts");
  const adapter = await import("./adapters/flux.ts");
  return fluxTarget({
    store,
    bucket: { bucketName: "static-environments", endpoint: "claims.example.invalid", secretName: "static-environments-reader" },
    receiver: config.fluxReceiver && adapter.openReceiver(config.fluxReceiver),
    kubernetes: config.kubernetes && adapter.openKubernetes(config.kubernetes),
  });
}

async function openCloudflare(config: Config, log: Log): Promise<readonly (Target | Unconfigured)[]> {
  if (config.cloudflare === undefined) {
    const missing = "no CLAIMBOT_CLOUDFLARE_TOKEN";
    return [
      { name: "waf", missing },
      { name: "dns", missing },
    ];
  }
  const [adapter, waf, dns] = await Promise.all([
    import("./adapters/cloudflare/cloudflare.ts"),
    import("./targets/waf/waf.ts"),
    import("./targets/dns/dns.ts"),
  ]);
  const cloudflare = adapter.openCloudflare(config.cloudflare);
  return [waf.wafTarget(cloudflare, log), dns.dnsTarget(cloudflare)];
}

async function openDeployment(config: Config, forge: Forge | undefined): Promise<Target | Unconfigured> {
  if (forge === undefined) return { name: "deployment", missing: "no CLAIMBOT_GITLAB_URL" };
  const { deploymentTarget } = await import("./targets/deployment/deployment.ts");
  return deploymentTarget(forge);
}

async function registries(config: Config): Promise<World["registryOf"]> {
  const address = config.registry;
  if (address === undefined) return undefined;
  const { openRegistry } = await import("./adapters/registry.ts");
  const opened = new Map<string, Registry>();
  return (repository) => {
    const registry = opened.get(repository) ?? openRegistry({ ...address, repository });
    opened.set(repository, registry);
    return registry;
  };
}

/** Rules are adopted now and then; entries are written by the dozen. */
const RULES_KNOWN_MS = 60_000;

/** Locked for as long as the adopted rules keep prod. */
async function openAudit({ instance, secrets }: Config, store: ObjectStore, now: () => Date): Promise<Audit> {
  const [{ openAuditLog }, { retention }] = await Promise.all([
    import("./targets/claim-store/audit-log.ts"),
    import("./targets/retention.ts"),
  ]);
  const { signal } = new AbortController();
  let known: { readonly at: number; readonly rules: Rules | undefined } | undefined;
  return openAuditLog(store, {
    instance,
    now,
    redact: (text) => withoutTokenShapes(redact(text, secrets)),
    async retainUntil(from) {
      if (known === undefined || Math.abs(from.getTime() - known.at) > RULES_KNOWN_MS)
        known = { at: from.getTime(), rules: await adoptedRules({ store }, signal) };
      return retention("prod", known.rules?.platform, from);
    },
  });
}

/** What the command line works in: a person's own checkout, a directory store, and whatever else is configured. */
export async function openWorld(
  config: Config,
  options: { dataDirectory: string; repository: Repository; forge?: Forge; log: Log; now?: () => Date },
): Promise<AuditableWorld> {
  const { dataDirectory, repository, forge, log, now = () => new Date() } = options;
  const store = await openStore(config, dataDirectory);
  return {
    instance: config.instance,
    repository,
    store,
    targets: await openTargets(config, store, forge, log),
    audit: await openAudit(config, store, now),
    registryOf: await registries(config),
    cache: new BlobCache(),
    logs: new LogCache(),
    defaultPolicies: DEFAULT_POLICIES,
    log,
    now,
  };
}
