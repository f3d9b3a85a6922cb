/** The one place that knows every concrete class: from Config to a World. Heavy libraries are loaded where they are used. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { S3Options } from "./adapters/s3/connection.ts";
import type { Config, S3Config } from "./config.ts";
import type { Rules } from "./core/adopted.ts";
import { BlobCache } from "./core/claim/blob-cache.ts";
import type { Log } from "./core/log.ts";
import { DEFAULT_POLICIES } from "./core/permission/default-policies.ts";
import type { Audit, AuditableStore, Forge, ObjectStore, Registry, Repository } from "./core/ports.ts";
import { redact, Secret } from "./core/secret.ts";
import { withoutTokenShapes } from "./core/token-shapes.ts";
import { adoptedRules } from "./flows/adoption.ts";
import { LogCache } from "./flows/log-cache.ts";
import type { AuditableWorld, World } from "./flows/world.ts";
import type { BucketAddress } from "./targets/flux/pointer.ts";
import { inOrder, type Targets } from "./targets/index.ts";
import type { Target, Unconfigured } from "./targets/target.ts";

/** Opens the claim store: a bucket, or a directory below the data directory. */
export async function openStore(config: Config, dataDirectory: string): Promise<AuditableStore> {
  if (config.s3 !== undefined) {
    const { openS3Store } = await import("./adapters/s3/store.ts");
    return openS3Store(s3Options(config.s3));
  }
  const { openDirectoryStore } = await import("./adapters/directory-store.ts");
  return openDirectoryStore(join(dataDirectory, "store"));
}

/** Before anything is written: does the server keep what the claim store promises? At most once a day; a directory does. Throws Stalled for one that does not. */
export async function proveStore(config: Config, dataDirectory: string): Promise<void> {
  if (config.s3 === undefined) return;
  const [{ proveS3, requireProof }, { atMostDaily }] = await Promise.all([
    import("./adapters/s3/proof.ts"),
    import("./adapters/s3/proof-memory.ts"),
  ]);
  const options = s3Options(config.s3);
  const where = `${options.endpoint}/${options.bucket}`;
  await atMostDaily(join(dataDirectory, "s3-proof.json"), where, new Date(), async () =>
    requireProof(await proveS3(options), where),
  );
}

/** What the adapter of S3 is opened with. */
export function s3Options({ endpoint, bucket, region, credentials }: S3Config): S3Options {
  if (!("roleArn" in credentials)) return { endpoint, bucket, region, credentials };
  const { roleArn, webIdentityToken: token, webIdentityTokenFile: file } = credentials;
  const webIdentityToken = async (): Promise<Secret> =>
    file === undefined ? token : new Secret((await readFile(file, "utf8")).trim());
  return { endpoint, bucket, region, credentials: { roleArn, webIdentityToken } };
}

/** Makes the data directory for our own user alone, and lets git ignore it wherever it lies. */
export async function makeDataDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeFile(join(directory, ".gitignore"), "*\n");
}

/** Where a project's git is: the settings' address has no trailing slash. */
export function gitUrl({ url }: NonNullable<Config["gitlab"]>, path: string): string {
  return `${url}/${path}.git`;
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
    bucket: { ...bucketAddress(config), secretName: "static-environments-reader" },
    receiver: config.fluxReceiver && adapter.openReceiver(config.fluxReceiver),
    kubernetes: config.kubernetes && adapter.openKubernetes(config.kubernetes),
  });
}

/** Flux wants the host alone. Where the claims lie in a directory there is no bucket: the sandbox's Flux asks nobody. */
function bucketAddress({ s3 }: Config): Omit<BucketAddress, "secretName"> {
  if (s3 === undefined) return { bucketName: "static-environments", endpoint: "claims.example.invalid" };
  const { protocol, host } = new URL(s3.endpoint);
  return { bucketName: s3.bucket, endpoint: host, region: s3.region, ...(protocol === "http:" && { insecure: true }) };
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
    formerProject: config.gitlab?.formerProject,
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
