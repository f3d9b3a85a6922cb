/**
 * A claimbot without queue, service and mirror among the sandbox's servers, so that a case costs a fraction of a second: its flows are
 * called one by one, every call of theirs to the outside is counted, and before any of them somebody else can act.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { openTargets } from "../../src/app.ts";
import * as objects from "../../src/adapters/git/objects.ts";
import { bareEnvironment } from "../../src/adapters/git/environment.ts";
import { openForge } from "../../src/adapters/gitlab/forge.ts";
import { openRegistry } from "../../src/adapters/registry.ts";
import { readConfig } from "../../src/config.ts";
import { BlobCache } from "../../src/core/claim/blob-cache.ts";
import { Stale, Stalled, Waiting } from "../../src/core/errors.ts";
import { decide } from "../../src/core/intake.ts";
import { SILENT } from "../../src/core/log.ts";
import {
  jobKey,
  type Delivery,
  type Job,
  type Jobs,
  type Memory,
  type AuditableStore,
  type Repository,
  type ReviewedPlans,
  type StickyNote,
} from "../../src/core/ports.ts";
import { DEFAULT_POLICIES } from "../../src/core/permission/default-policies.ts";
import { LogCache } from "../../src/flows/log-cache.ts";
import { dispatch } from "../../src/flows/dispatch.ts";
import { openAuditLog } from "../../src/targets/claim-store/audit-log.ts";
import type { ForgeWorld, ServiceWorld } from "../../src/flows/world.ts";
import { startServers, type Servers } from "../../src/rehearsal.ts";
import { lookMemory } from "../flows/look-memory.ts";
import { statusMemory } from "../flows/status-memory.ts";
import { raceSeed } from "./race-seed.ts";

/** One call of claimbot's to the outside, or one write to its store, in their order. */
export interface Call {
  readonly where: "gitlab" | "cloudflare" | "flux" | "git" | "store";
  readonly what: string;
}

export interface Strike {
  /** Index in `calls` of the call before which it struck; undefined while it has not. */
  readonly index: number | undefined;
}

export interface Bench extends Servers {
  readonly world: ForgeWorld;
  readonly signal: AbortSignal;
  /** Calls since the last `watch`. */
  readonly calls: readonly Call[];
  /** From now on: `act` strikes before the call with this number (from 0; writes to the store not counted), or the first that matches. */
  strikeBefore(call: number | RegExp, act: () => Promise<void>): Strike;
  /** From now on nobody strikes any more. */
  calm(): void;
  /** Jobs that webhooks and flows asked for, each key once; taken away by this. */
  takeJobs(): Promise<readonly Job[]>;
  /** Does a job as the queue would: what waits comes back, what is stale comes back, what is stalled does not. */
  work(job: Job): Promise<void>;
}

/** More than any flow of a race makes. */
const COMES_BACK = 60;

export async function startBench(): Promise<Bench> {
  await using started = new AsyncDisposableStack();
  const seed = started.use(await raceSeed());
  const servers = started.use(await startServers({ seed: seed.directory }));
  const read = readConfig("serve", servers.env);
  if (!read.ok) throw new Error("the settings of the rehearsal are wrong");
  const { config } = read;
  const signal = new AbortController().signal;

  const calls: Call[] = [];
  let strike: { readonly before: number | RegExp; readonly act: () => Promise<void>; index: number | undefined } | undefined;
  let number = -1;
  const counted = async (call: Call): Promise<void> => {
    const index = calls.push(call) - 1;
    number += 1;
    if (strike === undefined || strike.index !== undefined) return;
    const { before } = strike;
    if (typeof before === "number" ? number < before : !before.test(call.what)) return;
    strike.index = index;
    await strike.act();
  };
  quicken(servers.gitlab);
  watch(servers.gitlab, "gitlab", counted);
  watch(servers.cloudflare, "cloudflare", counted);
  watch(servers.flux, "flux", async (call) => {
    await counted(call);
    const [, name] = /^GET .*\/kustomizations\/(.+)$/.exec(call.what) ?? [];
    if (name !== undefined) await builtSoon(servers, name);
  });

  const jobs = newJobs();
  const memory = newMemory();
  started.use(
    await listen(config.listen.port, async (event, body) => {
      const { jobs: asked, pushed } = decide(event, body, {
        projectId: servers.gitlab.project.id,
        botId: undefined,
        defaultBranch: servers.gitlab.project.defaultBranch,
      });
      if (pushed !== undefined) memory.pushers.set(pushed.sha, pushed.userId);
      for (const job of asked) await jobs.enqueue(job);
    }),
  );

  const store = watchedStore(servers.store, calls);
  const { gitlab, registry } = config;
  if (gitlab === undefined || registry === undefined) throw new Error("the rehearsal has a GitLab and a registry");
  const forge = openForge(gitlab);
  const world: ServiceWorld = {
    instance: config.instance,
    repository: repositoryOf(servers, async (what) => counted({ where: "git", what })),
    store,
    targets: await openTargets(config, store, forge, SILENT),
    audit: openAuditLog(store, { instance: config.instance, now: () => new Date(), redact: (text) => text }),
    registryOf: (repository) => openRegistry({ ...registry, repository }),
    cache: new BlobCache(),
    logs: new LogCache(),
    defaultPolicies: DEFAULT_POLICIES,
    log: SILENT,
    now: () => new Date(),
    forge,
    memory,
    jobs,
  };

  const owned = started.move();
  return {
    ...servers,
    world,
    signal,
    calls,
    strikeBefore(before, act) {
      calls.length = 0;
      number = -1;
      strike = { before, act, index: undefined };
      return strike;
    },
    calm: () => void (strike = undefined),
    async takeJobs() {
      await servers.gitlab.webhooksSettled();
      return jobs.take();
    },
    async work(job) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await dispatch(world, job, signal);
        } catch (error) {
          if (error instanceof Stalled) return;
          if (!(error instanceof Waiting) && !(error instanceof Stale)) throw error;
          if (attempt === COMES_BACK) throw new Error(`${jobKey(job)} never ends`, { cause: error });
          // Flux works at its own pace, a few milliseconds here.
          await new Promise((resolve) => void setTimeout(resolve, 5));
        }
      }
    },
    [Symbol.asyncDispose]: async () => owned.disposeAsync(),
  };
}

function watch(
  { faults }: Servers["gitlab" | "cloudflare" | "flux"],
  where: Call["where"],
  counted: (call: Call) => Promise<void>,
) {
  faults.add({
    path: /./,
    times: Number.POSITIVE_INFINITY,
    fault: {
      kind: "meanwhile",
      async act() {
        const request = faults.requests.at(-1);
        await counted({ where, what: `${request?.method} ${request?.path}` });
      },
    },
  });
}

/** Flux works at its own pace, a few milliseconds here: who looks right after a release was pointed to would only have to come back. */
async function builtSoon({ flux, store }: Servers, name: string): Promise<void> {
  const pointer = Buffer.from((await store.read(`current/${name.replace(/^env-/, "")}.yaml`))?.body ?? "").toString();
  const isBuilt = (): boolean =>
    flux.objects().some(({ kind, metadata, status = {} }) => {
      const { conditions = [], observedGeneration } = status as FluxStatus;
      const isReady = conditions.some((one) => one.type === "Ready" && one.status === "True");
      const isCurrent = pointer.includes(metadata.annotations?.["event.toolkit.fluxcd.io/claim"] ?? "nothing");
      return (
        kind === "Kustomization" && metadata.name === name && isReady && isCurrent && observedGeneration === metadata.generation
      );
    });
  await flux.until(isBuilt, 500).catch(() => undefined);
}

interface FluxStatus {
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  readonly observedGeneration?: number;
}

async function listen(port: number, take: (event: string, body: unknown) => Promise<void>): Promise<AsyncDisposable> {
  const app = new Hono();
  app.post("/webhooks/gitlab", async (context) => {
    await take(context.req.header("x-gitlab-event") ?? "", await context.req.json());
    return context.body(null, 202);
  });
  app.post("/webhooks/flux", (context) => context.body(null, 200));
  const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port });
  await new Promise<void>((resolve, reject) => {
    server.once("listening", resolve);
    server.once("error", reject);
  });
  return {
    async [Symbol.asyncDispose]() {
      if ("closeAllConnections" in server) server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/**
 * GitLab's own repository, read as the mirror reads what it fetched; only a fetch is a call. What follows from ids alone never changes, so
 * it is asked of git once.
 */
function repositoryOf({ gitlab }: Servers, called: (what: string) => Promise<void>): Repository {
  const directory = gitlab.project.repository.path;
  const place = { directory, environment: bareEnvironment({ gitDirectory: directory }) };
  return {
    async fetch(refs) {
      await called(`fetch ${refs.join(" ")}`);
      return refs.map((ref) =>
        existsSync(join(directory, ref)) ? readFileSync(join(directory, ref), "utf8").trim() : undefined,
      );
    },
    commit: async (ref) => Promise.resolve(ref),
    mergeResult: once(async (target: string, head: string) => objects.mergeResultOf(place, target, head)),
    tree: once(async (treeish: string, paths: readonly string[] = []) => objects.treeOf(place, treeish, paths)),
    blobs: once(async (ids: readonly string[]) => objects.blobsOf(place, ids)),
    parent: once(async (commit: string) => objects.parentOf(place, commit)),
    fileDiffs: async () => [],
    isAncestor: once(async (ancestor: string, descendant: string) => objects.isAncestorOf(place, ancestor, descendant)),
    lastChange: once(async (commit: string, paths: readonly string[]) => objects.lastChangeOf(place, commit, paths)),
    peopleBetween: once(async (target: string, head: string) => objects.peopleBetweenOf(place, target, head)),
  };
}

/** GitLab asks git again and again for the same: what follows from ids alone is asked once here too, and a ref is one small file. */
function quicken({ project: { repository } }: Servers["gitlab"]): void {
  const { path } = repository;
  const run = repository.run.bind(repository);
  const resolve = repository.resolve.bind(repository);
  const known = once(async (...args: readonly string[]) => run(args));
  repository.run = async (args, input) => {
    const [command = "", ...rest] = args;
    const isFixed =
      FIXED.has(command) && input === undefined && rest.every((one) => one.startsWith("-") || /^[0-9a-f]{40}$/.test(one));
    return isFixed ? known(...args) : run(args, input);
  };
  repository.resolve = async (ref) => {
    const file = join(path, ref);
    return ref.startsWith("refs/") && existsSync(file) ? readFileSync(file, "utf8").trim() : resolve(ref);
  };
}

/** Commands that answer by objects alone, where nothing but ids is asked for. */
const FIXED: ReadonlySet<string> = new Set(["merge-base", "log", "diff-tree", "show", "merge-tree"]);

function once<A extends readonly unknown[], R>(ask: (...input: A) => Promise<R>): (...input: A) => Promise<R> {
  const known = new Map<string, Promise<R>>();
  return async (...input) => {
    const key = JSON.stringify(input);
    const answer = known.get(key) ?? ask(...input);
    known.set(key, answer);
    return answer;
  };
}

/** Writes are told in the row of calls; nobody acts between them: they are our own. */
function watchedStore(store: AuditableStore, calls: Call[]): AuditableStore {
  return {
    name: store.name,
    read: async (key, signal) => store.read(key, signal),
    list: async (prefix, signal) => store.list(prefix, signal),
    locks: store.locks,
    versions: async (prefix, signal) => store.versions(prefix, signal),
    facts: async (key, versionId, signal) => store.facts(key, versionId, signal),
    async putNew(key, body, options) {
      const written = await store.putNew(key, body, options);
      calls.push({ where: "store", what: `${written === "exists" ? "find" : "put"} ${key}` });
      return written;
    },
    async replace(key, body, expected) {
      calls.push({ where: "store", what: `replace ${key}` });
      return store.replace(key, body, expected);
    },
  };
}

function newJobs(): Jobs & { take(): readonly Job[] } {
  const waiting = new Map<string, Job>();
  return {
    async accept(delivery: Delivery) {
      for (const job of delivery.jobs) waiting.set(jobKey(job), job);
      return "stored";
    },
    enqueue: async (job) => void waiting.set(jobKey(job), job),
    take() {
      const jobs = [...waiting.values()];
      waiting.clear();
      return jobs;
    },
  };
}

function newMemory(): Memory & { readonly pushers: Map<string, number> } {
  const notes = new Map<string, StickyNote>();
  const plans = new Map<number, ReviewedPlans>();
  const pushers = new Map<string, number>();
  return {
    pushers,
    stickyNote: async (iid, marker) => notes.get(`${iid} ${marker}`),
    rememberStickyNote: async (iid, marker, note) => void notes.set(`${iid} ${marker}`, note),
    pusherOf: async (sha) => pushers.get(sha),
    rememberPusher: async (sha, userId) => void pushers.set(sha, userId),
    reviewedPlans: async (iid) => plans.get(iid),
    rememberReviewedPlans: async (iid, reviewed) => void plans.set(iid, reviewed),
    ...statusMemory(),
    ...lookMemory(),
  };
}
