/**
 * The queue: pg-boss, one queue with the policy `stately` and the job's key as its singleton key. That gives at most one running
 * and one waiting job per key; what it does not give is said here: an enqueue wakes a waiting job that was to come later, every
 * way in which a job may end becomes one report, and what comes back does so as a new waiting job.
 */
import { setTimeout as timer, clearTimeout } from "node:timers";
import { PgBoss, type JobWithMetadata } from "pg-boss";
import { jobKey, type Delivery, type Job, type Jobs, type Memory } from "../core/ports.ts";
import type { Log } from "../core/log.ts";
import { batched } from "./batched.ts";
import { bossOn, openDatabase, type Database, type DatabaseAddress } from "./db.ts";
import { verdictOf, type Verdict } from "./job-verdict.ts";
import { memoryOf } from "./memory.ts";
import * as rows from "./queue-rows.ts";
import { QUEUE, type JobData, type PendingJob, type Report } from "./queue-rows.ts";

export type { Report } from "./queue-rows.ts";

/** Where pg-boss puts a job whose process died again and again while it ran. */
const DEAD = "claimbot-dead";

export interface Queue extends Jobs, Memory, AsyncDisposable {
  /** Starts to work. The handler gets a signal that aborts when the job lost its claim or the grace of `stop` is over. */
  work(handler: JobHandler, options?: { readonly concurrency?: number }): Promise<void>;
  /** Takes nothing new, lets running jobs finish, gives up after the grace; what was given up runs again at the next start. */
  stop(options?: { readonly graceMs?: number }): Promise<void>;
  /** Throws when the database is not there. */
  ping(): Promise<void>;
  pending(): Promise<readonly PendingJob[]>;
  /** Newest first. */
  deliveries(limit?: number): Promise<readonly Delivery[]>;
  /** Newest first; of one key where given. */
  reports(options?: { readonly key?: string; readonly limit?: number }): Promise<readonly Report[]>;
  /** Forgets deliveries, reports, commands and pushes older than this. */
  prune(olderThanDays: number): Promise<void>;
}

type JobHandler = (job: Job, signal: AbortSignal) => Promise<void>;

export interface QueueOptions {
  readonly log: Log;
  /** Told of every end of a job, for metrics. */
  readonly onReport?: (report: Report) => void;
}

/** Throws Stalled when the directory has another owner, Waiting when PostgreSQL does not answer. */
export async function openQueue(options: DatabaseAddress & QueueOptions): Promise<Queue> {
  const database = await openDatabase(options);
  const boss = new PgBoss({
    ...database.boss,
    schema: "pgboss",
    useListenNotify: true,
    schedule: false,
    registerInstance: false,
    reindex: false,
    // A job of a replica that died is found by its missing heartbeat; an embedded database finds it at the start.
    ...(!database.onlyOwner && { superviseIntervalSeconds: 5, monitorIntervalSeconds: 5 }),
  });
  boss.on("error", (error) => options.log.error({ err: error }, "the queue's database had an error"));
  try {
    await boss.start();
    await createQueues(boss, database);
    if (database.onlyOwner) await requeueOrphans(boss, database);
  } catch (error) {
    await boss.stop({ graceful: false });
    await database[Symbol.asyncDispose]();
    throw error;
  }
  return queueOn(boss, database, options);
}

async function createQueues(boss: PgBoss, database: Database): Promise<void> {
  await boss.createQueue(DEAD, { notify: true });
  await boss.createQueue(QUEUE, {
    policy: "stately",
    notify: true,
    deadLetter: DEAD,
    // Counts only what our handler could not answer for itself: a process that died, a job that ran too long.
    retryLimit: 3,
    retryDelay: 0,
    expireInSeconds: 15 * 60,
    retentionSeconds: 30 * 24 * 3600,
    deleteAfterSeconds: 24 * 3600,
    ...(!database.onlyOwner && { heartbeatSeconds: 10 }),
  });
}

async function requeueOrphans(boss: PgBoss, database: Database): Promise<void> {
  const orphans = await database.query("SELECT id::text AS id FROM pgboss.job WHERE name = $1 AND state = 'active'", [QUEUE]);
  const ids = orphans.map(({ id }) => String(id));
  if (ids.length > 0) await boss.fail(QUEUE, ids, { message: "the process ended while it ran" });
}

function queueOn(boss: PgBoss, database: Database, { log, onReport }: QueueOptions): Queue {
  const workers: string[] = [];
  let stopping: Promise<void> | undefined;
  const wake = (): void => workers.forEach((id) => boss.notifyWorker(id));
  // pg-boss polls for what is due later; a process that is still there need not wait for the poll.
  const wakeLater = wakeUps(wake);

  // Report, end and return of a job are one transaction; pg-boss's own completion then finds nothing left to do.
  const settle = async (run: JobWithMetadata<JobData>, verdict: Verdict): Promise<void> => {
    const { job, attempts } = run.data;
    const report: Report = {
      key: jobKey(job),
      job,
      outcome: verdict.outcome,
      message: verdict.message,
      wayOut: verdict.wayOut,
      attempts: verdict.failed ? attempts + 1 : 0,
      startedAt: run.startedOn.toISOString(),
      finishedAt: new Date().toISOString(),
    };
    const held = await database.transaction(async (tx) => {
      // pg-boss 12.38 tells how many it completed, but its types do not.
      const { affected } = (await boss.complete(run.name, run, undefined, { db: bossOn(tx) })) as { readonly affected?: number };
      // Lost: the job ran too long or the grace was over, so it comes back by itself and this run counts for nothing.
      if (affected === 0) return false;
      await rows.storeReport(tx, report);
      if (verdict.againMs !== undefined) await rows.putJobs(tx, boss, [job], report.attempts, verdict.againMs);
      return true;
    });
    if (!held) return;
    if (verdict.againMs !== undefined) wakeLater(verdict.againMs);
    if (verdict.outcome === "failed" || verdict.outcome === "retried") {
      log.error({ key: report.key, attempts: report.attempts, err: verdict.cause }, `the job ${verdict.outcome}`);
    }
    onReport?.(report);
  };

  const stop = async ({ graceMs = 25_000 } = {}): Promise<void> => {
    stopping ??= (async () => {
      wakeLater.clear();
      await boss.stop({ graceful: true, timeout: graceMs });
      await database[Symbol.asyncDispose]();
    })();
    await stopping;
  };

  return {
    ...memoryOf(database),
    stop,
    [Symbol.asyncDispose]: async () => stop(),

    accept: batched(async (deliveries) => {
      const { stored, moved } = await database.transaction(async (tx) => {
        const stored = await rows.storeDeliveries(tx, deliveries);
        const jobs = await rows.untaken(
          tx,
          [...stored].flatMap((delivery) => delivery.jobs),
        );
        return { stored, moved: await rows.putJobs(tx, boss, jobs, 0, 0) };
      });
      if (moved) wake();
      return deliveries.map((delivery) => (stored.has(delivery) ? "stored" : "duplicate"));
    }),

    async enqueue(job, { afterMs = 0 } = {}) {
      const moved = await database.transaction(async (tx) => rows.putJobs(tx, boss, await rows.untaken(tx, [job]), 0, afterMs));
      if (afterMs > 0) wakeLater(afterMs);
      else if (moved) wake();
    },

    async work(handler, { concurrency = 4 } = {}) {
      const options = { includeMetadata: true, pollingIntervalSeconds: 1, notifyPollingIntervalSeconds: 5 } as const;
      for (let count = 0; count < concurrency; count += 1) {
        const id = await boss.work<JobData, void, typeof options>(QUEUE, options, async ([run]) => {
          const { data, signal } = run!;
          await settle(run!, await verdictOf(async () => handler(data.job, signal), data.attempts));
          // Without this it would look for more only after its poll: the same key may have a job waiting, and others too.
          boss.notifyWorker(workers[count]!);
        });
        workers.push(id);
      }
      await boss.work<JobData, void, typeof options>(DEAD, options, async ([run]) =>
        settle(run!, { outcome: "failed", failed: true, message: "the process died again and again while this job ran" }),
      );
    },

    async ping() {
      await database.query("SELECT 1");
    },

    pending: async () => rows.readPending(database),
    deliveries: async (limit = 100) => rows.readDeliveries(database, limit),
    reports: async ({ key, limit = 100 } = {}) => rows.readReports(database, key, limit),
    prune: async (olderThanDays) => rows.pruneRows(database, olderThanDays),
  };
}

interface WakeUps {
  (afterMs: number): void;
  clear(): void;
}

/** Timers that call `wake` a little after each due time; they keep no process alive. */
function wakeUps(wake: () => void): WakeUps {
  const timers = new Set<NodeJS.Timeout>();
  const later = (afterMs: number): void => {
    const one = timer(
      () => {
        timers.delete(one);
        wake();
      },
      Math.min(afterMs + 20, 2 ** 31 - 1),
    ).unref();
    timers.add(one);
  };
  return Object.assign(later, { clear: () => timers.forEach((one) => clearTimeout(one)) });
}
