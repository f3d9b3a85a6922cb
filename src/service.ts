/** The service: webhooks in, jobs done, drained at the end. Works as far as the world lets it; what cannot be reached is waited for. */
import { join, resolve } from "node:path";
import { clearInterval, setInterval } from "node:timers";
import { prepareControlSocket } from "./adapters/control-socket.ts";
import { openForge } from "./adapters/gitlab/forge.ts";
import { openMirror } from "./adapters/git/mirror.ts";
import { openQueue, type Queue } from "./adapters/queue.ts";
import { gitUrl, makeDataDirectory, openWorld, proveStore } from "./app.ts";
import type { Config } from "./config.ts";
import { decide, type IntakeFacts } from "./core/intake.ts";
import type { Log } from "./core/log.ts";
import type { Forge } from "./core/ports.ts";
import { ownerOf } from "./core/store-owner.ts";
import { dispatch } from "./flows/dispatch.ts";
import type { AuditableWorld, ForgeWorld } from "./flows/world.ts";
import { refuseForeignStore } from "./flows/store-owner.ts";
import { isVerifyDue, lookedAt } from "./flows/verify/looks.ts";
import { httpApp } from "./http/app.ts";
import { controlApp, startControl } from "./http/control.ts";
import { newMetrics } from "./http/metrics.ts";
import { startHttp } from "./http/start.ts";

export interface Service {
  /** Where it listens. */
  readonly url: string;
  readonly queue: Queue;
  /** Takes nothing new, answers what runs, lets jobs finish, lets go of the data directory. */
  drain(): Promise<void>;
}

/** Deliveries and reports are for looking back on a bad week; what must be kept is in the claim store. */
const KEPT_DAYS = 90;

type ServiceConfig = Config & { readonly gitlab: NonNullable<Config["gitlab"]> };

/** Throws Stalled when the data directory has another owner, Waiting when the database does not answer. */
export async function startService(
  config: Config,
  log: Log,
  /** What the flows take for the time: a rehearsal may be ahead of it. */
  now = (): Date => new Date(),
): Promise<Service> {
  if (!hasGitlab(config)) throw new Error("the service needs GitLab: readConfig('serve') says so first");
  const dataDirectory = resolve(config.dataDirectory);
  await makeDataDirectory(dataDirectory);
  const metrics = newMetrics(async () => {
    const pending = await queue.pending();
    return {
      waiting: pending.filter(({ state }) => state === "waiting").length,
      running: pending.filter(({ state }) => state === "running").length,
    };
  });
  const queue: Queue = await openQueue({
    ...(config.databaseUrl === undefined ? { dataDirectory } : { databaseUrl: config.databaseUrl }),
    log,
    onReport: ({ job, outcome, startedAt, finishedAt }) =>
      metrics.job(job.kind, outcome, (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000),
  });
  const forge = openForge(config.gitlab);
  const facts: { -readonly [K in keyof IntakeFacts]: IntakeFacts[K] } = {
    projectId: undefined,
    botId: undefined,
    defaultBranch: undefined,
  };
  const world = lazily(async () => {
    const opened = {
      ...(await openForgeWorld(config, dataDirectory, forge, queue, log, now)),
      alarm: metrics.alarm,
      brokenGlass: metrics.brokenGlass,
      verified: metrics.verified,
    };
    const [me, project] = await Promise.all([forge.me(), forge.project()]);
    await refuseForeignStore(opened, ownerOf(project), new AbortController().signal);
    Object.assign(facts, { projectId: project.id, botId: me.id, defaultBranch: project.defaultBranch });
    return opened;
  });

  let draining = false;
  const app = httpApp({
    jobs: queue,
    decide: (event, body) => decide(event, body, facts),
    webhook: config.webhook,
    fluxEventsTokens: config.fluxEventsTokens,
    ready: async () => queue.ping(),
    draining: () => draining,
    metrics,
    log,
    now: () => new Date(),
  });
  const control = config.databaseUrl === undefined ? await openControl(dataDirectory, queue, log) : undefined;
  const http = await startHttp(app, config.listen);
  await queue.work(async (job, signal) => dispatch(await world(), job, signal));
  const sweepNow = async (): Promise<void> => {
    await queue.prune(KEPT_DAYS);
    await queue.enqueue({ kind: "sweep" });
    const looks = await queue.looks();
    // Also what another replica, or this one before it was started again, has looked at.
    metrics.verified(lookedAt(looks));
    if (isVerifyDue(looks, now())) await queue.enqueue({ kind: "verify" });
  };
  await sweepNow();
  const timer = setInterval(() => {
    sweepNow().catch((error: unknown) => log.error({ err: error }, "the sweep could not be queued"));
  }, config.sweepSeconds * 1000);
  log.info({ url: http.url, instance: config.instance }, "listening");
  return {
    url: http.url,
    queue,
    async drain() {
      draining = true;
      clearInterval(timer);
      await control?.[Symbol.asyncDispose]();
      await http.drain();
      await queue.stop();
      await queue[Symbol.asyncDispose]();
    },
  };
}

function hasGitlab(config: Config): config is ServiceConfig {
  return config.gitlab !== undefined;
}

async function openForgeWorld(
  config: ServiceConfig,
  dataDirectory: string,
  forge: Forge,
  queue: Queue,
  log: Log,
  now: () => Date,
): Promise<ForgeWorld & AuditableWorld> {
  await proveStore(config, dataDirectory);
  const project = await forge.project();
  const repository = await openMirror({
    directory: join(dataDirectory, "mirror.git"),
    url: gitUrl(config.gitlab, project.path),
    token: config.gitlab.token,
  });
  return { ...(await openWorld(config, { dataDirectory, repository, forge, log, now })), forge, memory: queue, jobs: queue };
}

/** How the command line reads what the embedded database's owner alone can. The service does its work without it. */
async function openControl(dataDirectory: string, queue: Queue, log: Log): Promise<AsyncDisposable | undefined> {
  try {
    const deliveries = async (limit: number): ReturnType<Queue["deliveries"]> => queue.deliveries(limit);
    return await startControl(controlApp({ deliveries, log }), await prepareControlSocket(dataDirectory));
  } catch (error) {
    log.warn({ err: error }, "claimbot events cannot ask this service");
    return undefined;
  }
}

/** Opened by the first job that needs it; a failure is that job's, and the next one tries again. */
function lazily<T>(open: () => Promise<T>): () => Promise<T> {
  let opening: Promise<T> | undefined;
  return async () => {
    opening ??= open();
    try {
      return await opening;
    } catch (error) {
      opening = undefined;
      throw error;
    }
  };
}
