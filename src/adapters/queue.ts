/**
 * The queue: pg-boss, one queue with the policy `stately` and the job's key as its singleton key. That gives at most one running
 * and one waiting job per key; what it does not give is said here: an enqueue wakes a waiting job that was to come later, every
 * way in which a job may end becomes one report, and what comes back does so as a new waiting job.
 */
import { setTimeout as timer, clearTimeout } from "node:timers";
import { PgBoss, type JobWithMetadata } from "pg-boss";
import { jobKey, type Delivery, type Job, type Jobs, type Memory } from "../core/ports.ts";
import type { Log } from "../core/log.ts";
import { bossOn, openDatabase, type Database, type DatabaseAddress, type Row, type Sql } from "./db.ts";
import { verdictOf, type Verdict } from "./job-verdict.ts";
import { memoryOf } from "./memory.ts";

const QUEUE = "claimbot";
/** Where pg-boss puts a job whose process died again and again while it ran. */
const DEAD = "claimbot-dead";

/** How a job ended, or why it comes back. */
export interface Report {
  readonly key: string;
  readonly job: Job;
  readonly outcome: Verdict["outcome"];
  readonly message: string | undefined;
  readonly wayOut: string | undefined;
  /** Failed attempts in a row, this one included; 0 when it went well. */
  readonly attempts: number;
  readonly startedAt: string;
  readonly finishedAt: string;
}

export interface PendingJob {
  readonly key: string;
  readonly job: Job;
  readonly state: "waiting" | "running";
  /** ISO 8601, UTC: not before this. */
  readonly due: string;
}

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

export type JobHandler = (job: Job, signal: AbortSignal) => Promise<void>;

export interface QueueOptions {
  readonly log: Log;
  /** Told of every end of a job, for metrics. */
  readonly onReport?: (report: Report) => void;
}

interface JobData {
  readonly job: Job;
  /** Failed attempts in a row before this one. */
  readonly attempts: number;
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
  if (orphans.length > 0)
    await boss.fail(
      QUEUE,
      orphans.map(({ id }) => String(id)),
      { message: "the process ended while it ran" },
    );
}

function queueOn(boss: PgBoss, database: Database, { log, onReport }: QueueOptions): Queue {
  let workers: readonly string[] = [];
  let stopping: Promise<void> | undefined;
  const wake = (): void => workers.forEach((id) => boss.notifyWorker(id));
  // pg-boss polls for what is due later; a process that is still there need not wait for the poll.
  const wakeLater = wakeUps(wake);

  const enqueue = async (tx: Sql, job: Job, afterMs: number): Promise<void> => {
    const key = jobKey(job);
    if (job.kind === "command" && !(await firstTime(tx, key))) return;
    await put(tx, boss, { job, attempts: 0 }, afterMs);
  };

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
      await storeReport(tx, report);
      if (verdict.againMs !== undefined) await put(tx, boss, { job, attempts: report.attempts }, verdict.againMs);
      return true;
    });
    if (!held) return;
    if (verdict.againMs !== undefined) wakeLater(verdict.againMs);
    if (verdict.outcome === "failed" || verdict.outcome === "retried") {
      log.error({ key: report.key, attempts: report.attempts, err: verdict.cause }, `the job ${verdict.outcome}`);
    }
    onReport?.(report);
  };

  return {
    ...memoryOf(database),

    async accept(delivery) {
      const stored = await database.transaction(async (tx) => {
        if (!(await storeDelivery(tx, delivery))) return false;
        // One order for all, so that two deliveries never wait for each other.
        for (const job of delivery.jobs.toSorted((a, b) => (jobKey(a) < jobKey(b) ? -1 : 1))) await enqueue(tx, job, 0);
        return true;
      });
      return stored ? "stored" : "duplicate";
    },

    async enqueue(job, { afterMs = 0 } = {}) {
      await database.transaction(async (tx) => enqueue(tx, job, afterMs));
      if (afterMs > 0) wakeLater(afterMs);
    },

    async work(handler, { concurrency = 4 } = {}) {
      const one = async ([job]: JobWithMetadata<JobData>[]): Promise<void> => {
        const verdict = await verdictOf(async () => handler(job!.data.job, job!.signal), job!.data.attempts);
        await settle(job!, verdict);
        // The same key may have a job waiting that nothing else announces.
        wake();
      };
      const options = { includeMetadata: true, pollingIntervalSeconds: 1, notifyPollingIntervalSeconds: 5 } as const;
      workers = await Promise.all(
        Array.from({ length: concurrency }, async () => boss.work<JobData, void, typeof options>(QUEUE, options, one)),
      );
      await boss.work<JobData, void, typeof options>(DEAD, options, async ([job]) =>
        settle(job!, { outcome: "failed", failed: true, message: "the process died again and again while this job ran" }),
      );
    },

    async stop({ graceMs = 25_000 } = {}) {
      stopping ??= (async () => {
        wakeLater.clear();
        await boss.stop({ graceful: true, timeout: graceMs });
        await database[Symbol.asyncDispose]();
      })();
      await stopping;
    },
    async [Symbol.asyncDispose]() {
      await this.stop();
    },

    async ping() {
      await database.query("SELECT 1");
    },

    async pending() {
      const rows = await database.query(
        `SELECT singleton_key, data, state::text AS state, start_after FROM pgboss.job
         WHERE name = $1 AND state < 'completed' ORDER BY start_after, created_on`,
        [QUEUE],
      );
      return rows.map((row) => ({
        key: String(row["singleton_key"]),
        job: (row["data"] as JobData).job,
        state: row["state"] === "active" ? ("running" as const) : ("waiting" as const),
        due: isoOf(row["start_after"]),
      }));
    },

    async deliveries(limit = 100) {
      const rows = await database.query("SELECT * FROM claimbot.delivery ORDER BY received_at DESC LIMIT $1", [limit]);
      return rows.map(deliveryOf);
    },

    async reports({ key, limit = 100 } = {}) {
      const rows = await database.query(
        "SELECT * FROM claimbot.report WHERE $1::text IS NULL OR key = $1 ORDER BY id DESC LIMIT $2",
        [key ?? null, limit],
      );
      return rows.map(reportOf);
    },

    async prune(olderThanDays) {
      for (const [table, column] of [
        ["delivery", "received_at"],
        ["report", "finished_at"],
        ["command", "at"],
        ["pusher", "at"],
      ]) {
        await database.query(`DELETE FROM claimbot.${table} WHERE ${column} < now() - make_interval(days => $1)`, [
          olderThanDays,
        ]);
      }
    },
  };
}

/** Puts a job among the waiting ones, or moves the one that waits forward; never back. Safe beside other writers of its key. */
async function put(tx: Sql, boss: PgBoss, data: JobData, afterMs: number): Promise<void> {
  const key = jobKey(data.job);
  await tx.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [key]);
  if (afterMs > 0) {
    const [waiting] = await tx.query(
      `SELECT start_after <= now() + make_interval(secs => $3) AS sooner FROM pgboss.job
       WHERE name = $1 AND singleton_key = $2 AND state < 'active' ORDER BY start_after LIMIT 1`,
      [QUEUE, key, afterMs / 1000],
    );
    if (waiting?.["sooner"] === true) return;
  }
  await boss.upsert(QUEUE, data, { singletonKey: key, startAfter: afterMs / 1000, db: bossOn(tx) });
}

/** False when this command was taken before: a note is obeyed once, whatever becomes of its job. */
async function firstTime(tx: Sql, key: string): Promise<boolean> {
  const rows = await tx.query("INSERT INTO claimbot.command (key) VALUES ($1) ON CONFLICT DO NOTHING RETURNING key", [key]);
  return rows.length > 0;
}

async function storeDelivery(tx: Sql, { source, id, event, receivedAt, decision, jobs, pushed }: Delivery): Promise<boolean> {
  const rows = await tx.query(
    `INSERT INTO claimbot.delivery (source, id, event, received_at, decision, jobs) VALUES ($1, $2, $3, $4, $5, $6::text::jsonb)
     ON CONFLICT DO NOTHING RETURNING id`,
    [source, id, event, receivedAt, decision, JSON.stringify(jobs)],
  );
  if (rows.length === 0) return false;
  if (pushed !== undefined) {
    await tx.query("INSERT INTO claimbot.pusher (sha, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", [
      pushed.sha,
      pushed.userId,
    ]);
  }
  return true;
}

async function storeReport(tx: Sql, report: Report): Promise<void> {
  await tx.query(
    `INSERT INTO claimbot.report (key, job, outcome, message, way_out, attempts, started_at, finished_at)
     VALUES ($1, $2::text::jsonb, $3, $4, $5, $6, $7, $8)`,
    [
      report.key,
      JSON.stringify(report.job),
      report.outcome,
      report.message ?? null,
      report.wayOut ?? null,
      report.attempts,
      report.startedAt,
      report.finishedAt,
    ],
  );
}

function deliveryOf(row: Row): Delivery {
  return {
    id: String(row["id"]),
    source: row["source"] as Delivery["source"],
    event: String(row["event"]),
    receivedAt: isoOf(row["received_at"]),
    decision: String(row["decision"]),
    jobs: row["jobs"] as readonly Job[],
  };
}

function reportOf(row: Row): Report {
  return {
    key: String(row["key"]),
    job: row["job"] as Job,
    outcome: row["outcome"] as Report["outcome"],
    message: (row["message"] as string | null) ?? undefined,
    wayOut: (row["way_out"] as string | null) ?? undefined,
    attempts: Number(row["attempts"]),
    startedAt: isoOf(row["started_at"]),
    finishedAt: isoOf(row["finished_at"]),
  };
}

function isoOf(value: unknown): string {
  return (value as Date).toISOString();
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
