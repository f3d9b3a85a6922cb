/** A rehearsal: the sandbox's servers with a real claimbot among them, on loopback, in one process. The demo, the story and the e2e tests stand on it. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { openDirectoryStore } from "./adapters/directory-store.ts";
import { openLog } from "./adapters/log.ts";
import { readConfig, mistakeLines, type Config } from "./config.ts";
import type { Platform } from "./core/claim/platform.generated.ts";
import type { Log } from "./core/log.ts";
import type { AuditableStore } from "./core/ports.ts";
import { startCloudflare, type SandboxCloudflare } from "./sandbox/cloudflare.ts";
import { PEOPLE, tagsFor } from "./sandbox/company.ts";
import { startFlux, type SandboxFlux } from "./sandbox/flux.ts";
import { startGitlab, type SandboxGitlab } from "./sandbox/gitlab/start-gitlab.ts";
import { startRegistry, type SandboxRegistry } from "./sandbox/registry.ts";
import { startService, type Service } from "./service.ts";

export const STARTER = fileURLToPath(new URL("../static-environments", import.meta.url));

export interface RehearsalOptions {
  /** Of the default branch: a directory; static-environments/ without. */
  readonly seed?: string;
  /** Of the sandbox GitLab's pages; a free port without. */
  readonly port?: number;
  readonly sweepSeconds?: number;
  /** How long each service and cluster takes to be built; nothing without. */
  readonly buildMs?: number;
  readonly log?: Log;
  /** What claimbot's flows take for the time. */
  readonly now?: () => Date;
  readonly databaseUrl?: string;
  /** Where the claims lie, as claimbot's settings say it too; a directory without. */
  readonly claims?: { readonly store: AuditableStore; readonly env: Readonly<Record<string, string>> };
}

/** The sandbox's servers and the settings of a claimbot among them, which somebody else starts. */
export interface Servers extends AsyncDisposable {
  readonly gitlab: SandboxGitlab;
  readonly cloudflare: SandboxCloudflare;
  readonly flux: SandboxFlux;
  readonly registry: SandboxRegistry;
  /** The claim store, to look into. */
  readonly store: AuditableStore;
  /** Environment variables of the claimbot, for a second one or the command line. */
  readonly env: Readonly<Record<string, string>>;
  readonly bot: { readonly username: string };
}

export interface Rehearsal extends Servers {
  service: Service;
  /** Drains claimbot and starts it again on the same data. */
  restart(): Promise<void>;
  /** Resolves when nothing waits to be done now and every webhook is answered. */
  settled(timeoutMs?: number): Promise<void>;
}

export async function startServers(options: Omit<RehearsalOptions, "log" | "now"> = {}): Promise<Servers> {
  const seed = options.seed ?? STARTER;
  const platform = parse(readFileSync(join(seed, "platform.yaml"), "utf8")) as Platform;
  const data = await mkdtemp(join(tmpdir(), "claimbot-rehearsal-"));
  await using started = new AsyncDisposableStack();
  started.defer(async () => rm(data, { recursive: true, force: true }));
  const store = options.claims?.store ?? (await openDirectoryStore(join(data, "store")));
  const port = await freePort();
  const [webhookSecret, receiverToken, apiToken, eventsToken, cloudflareToken] = Array.from({ length: 5 }, () =>
    randomBytes(32).toString("hex"),
  ) as [string, string, string, string, string];
  const signingToken = `whsec_${randomBytes(32).toString("base64")}`;

  const gitlab = started.use(
    await startGitlab({ seed, users: PEOPLE, ...(options.port !== undefined && { port: options.port }) }),
  );
  const cloudflare = started.use(
    await startCloudflare({ zones: platform.spec.zones, token: cloudflareToken, requestsPerWindow: 100_000 }),
  );
  const registry = started.use(await startRegistry({ repositories: tagsFor(seed, platform.spec.registry.repository) }));
  const flux = started.use(
    await startFlux({
      store,
      receiverToken,
      apiToken,
      eventsUrl: `http://127.0.0.1:${port}/webhooks/flux`,
      eventsToken,
      ...(options.buildMs !== undefined && { buildMs: options.buildMs }),
    }),
  );
  const bot = gitlab.createBot();
  gitlab.addHook({ url: `http://127.0.0.1:${port}/webhooks/gitlab`, token: webhookSecret, signingToken });

  const env: Record<string, string> = {
    CLAIMBOT_DATA_DIR: data,
    CLAIMBOT_LISTEN: `127.0.0.1:${port}`,
    CLAIMBOT_INSTANCE: "sandbox",
    CLAIMBOT_SWEEP_SECONDS: String(options.sweepSeconds ?? 3600),
    CLAIMBOT_GITLAB_URL: gitlab.url,
    CLAIMBOT_GITLAB_TOKEN: bot.token,
    CLAIMBOT_GITLAB_PROJECT: gitlab.project.path,
    CLAIMBOT_WEBHOOK_SECRET: webhookSecret,
    CLAIMBOT_WEBHOOK_SIGNING_TOKEN: signingToken,
    CLAIMBOT_CLOUDFLARE_URL: cloudflare.apiUrl,
    CLAIMBOT_CLOUDFLARE_TOKEN: cloudflareToken,
    CLAIMBOT_REGISTRY_URL: registry.url,
    CLAIMBOT_FLUX_RECEIVER_URL: flux.receiverUrl,
    CLAIMBOT_FLUX_RECEIVER_TOKEN: receiverToken,
    CLAIMBOT_FLUX_EVENTS_TOKEN: eventsToken,
    CLAIMBOT_KUBERNETES_URL: flux.url,
    CLAIMBOT_KUBERNETES_TOKEN: apiToken,
    ...(options.databaseUrl !== undefined && { DATABASE_URL: options.databaseUrl }),
    ...options.claims?.env,
  };
  const owned = started.move();
  return {
    gitlab,
    cloudflare,
    flux,
    registry,
    store,
    env,
    bot: bot.user,
    [Symbol.asyncDispose]: async () => owned.disposeAsync(),
  };
}

export async function startRehearsal(options: RehearsalOptions = {}): Promise<Rehearsal> {
  await using started = new AsyncDisposableStack();
  const servers = started.use(await startServers(options));
  const config = configOf(servers.env);
  const log = options.log ?? openLog({ level: "error", secrets: config.secrets });
  const rehearsal = {
    ...servers,
    service: await startService(config, log, options.now),
    async restart() {
      await rehearsal.service.drain();
      rehearsal.service = await startService(config, log, options.now);
    },
    async settled(timeoutMs = 60_000) {
      const deadline = performance.now() + timeoutMs;
      while (performance.now() < deadline) {
        await servers.gitlab.webhooksSettled();
        const due = new Date(Date.now() + 3_000).toISOString();
        const busy = (await rehearsal.service.queue.pending()).filter((job) => job.state === "running" || job.due < due);
        if (busy.length === 0) return;
        await new Promise<void>((resolve) => void setTimeout(resolve, 25));
      }
      const pending = await rehearsal.service.queue.pending();
      throw new Error(`not settled after ${timeoutMs} ms: ${pending.map(({ key, state }) => `${key} ${state}`).join(", ")}`);
    },
  };
  started.defer(async () => rehearsal.service.drain());
  const owned = started.move();
  return Object.assign(rehearsal, { [Symbol.asyncDispose]: async () => owned.disposeAsync() });
}

function configOf(env: Readonly<Record<string, string>>): Config {
  const read = readConfig("serve", env);
  if (!read.ok) throw new Error(mistakeLines(read.mistakes));
  return read.config;
}

/** Chosen before anything starts: GitLab's hook and Flux's events need claimbot's address, and claimbot needs theirs. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => void server.close(() => resolve()));
  return port;
}
