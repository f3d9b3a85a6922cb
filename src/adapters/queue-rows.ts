/** The queue's own rows in the database: what is put in, remembered and read back. */
import { randomUUID } from "node:crypto";
import type { PgBoss } from "pg-boss";
import { jobKey, type Delivery, type Job } from "../core/ports.ts";
import { bossOn, type Row, type Sql } from "./db.ts";
import type { Verdict } from "./job-verdict.ts";

/** pg-boss's name of the one queue that everything goes through. */
export const QUEUE = "claimbot";

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

/** What pg-boss keeps of a job. */
export interface JobData {
  readonly job: Job;
  /** Failed attempts in a row before this one. */
  readonly attempts: number;
}

/**
 * Puts jobs among the waiting ones, one per key, or moves the one that waits forward; never back. Safe beside other writers of the
 * same keys: each statement is atomic, and whoever loses a race meets the winner's row in the next one. True when a waiting job was
 * moved, of which pg-boss tells no worker.
 */
export async function putJobs(tx: Sql, boss: PgBoss, jobs: readonly Job[], attempts: number, afterMs: number): Promise<boolean> {
  if (jobs.length === 0) return false;
  const left = new Map(jobs.map((job) => [jobKey(job), job]));
  const forward = async (): Promise<boolean> => {
    const moved = await tx.query(
      `UPDATE pgboss.job SET start_after = LEAST(start_after, now() + make_interval(secs => $3)),
         data = jsonb_set(data, '{attempts}', to_jsonb(LEAST((data ->> 'attempts')::int, $4::int)))
       WHERE name = $1 AND singleton_key = ANY($2) AND state < 'active' RETURNING singleton_key`,
      [QUEUE, [...left.keys()], afterMs / 1000, attempts],
    );
    for (const row of moved) left.delete(String(row["singleton_key"]));
    return moved.length > 0;
  };
  const moved = await forward();
  if (left.size === 0) return moved;
  const rows = [...left]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([singletonKey, job]) => ({
      id: randomUUID(),
      singletonKey,
      data: { job, attempts },
      startAfter: afterMs / 1000,
    }));
  const inserted = new Set(await boss.insert(QUEUE, rows, { db: bossOn(tx), returnId: true }));
  for (const { id, singletonKey } of rows) if (inserted.has(id)) left.delete(singletonKey);
  // Another writer put the same key in meanwhile, perhaps for later. If it runs already, it began after we asked.
  return left.size > 0 ? (await forward()) || moved : moved;
}

/** The commands among these that were never taken before: a note is obeyed once, whatever becomes of its job. Others always are. */
export async function untaken(tx: Sql, jobs: readonly Job[]): Promise<readonly Job[]> {
  const keys = jobs
    .filter(({ kind }) => kind === "command")
    .map(jobKey)
    .toSorted();
  if (keys.length === 0) return jobs;
  const rows = await tx.query(
    "INSERT INTO claimbot.command (key) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING RETURNING key",
    [keys],
  );
  const first = new Set(rows.map((row) => row["key"]));
  return jobs.filter((job) => job.kind !== "command" || first.has(jobKey(job)));
}

/** Stores deliveries in one statement; gives those that were not there before. */
export async function storeDeliveries(tx: Sql, deliveries: readonly Delivery[]): Promise<ReadonlySet<Delivery>> {
  const byKey = new Map<string, Delivery>();
  for (const delivery of deliveries) if (!byKey.has(deliveryKey(delivery))) byKey.set(deliveryKey(delivery), delivery);
  // One order for all writers, so that two never wait for each other.
  const ordered = [...byKey].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, delivery]) => delivery);
  const rows = await tx.query(
    `INSERT INTO claimbot.delivery (source, id, event, received_at, decision, jobs)
     SELECT source, id, event, "receivedAt", decision, jobs
     FROM jsonb_to_recordset($1::text::jsonb) AS x (source text, id text, event text, "receivedAt" timestamptz, decision text, jobs jsonb)
     ON CONFLICT DO NOTHING RETURNING source, id`,
    [JSON.stringify(ordered)],
  );
  const stored = new Set(rows.map((row) => byKey.get(deliveryKey({ source: row["source"], id: row["id"] }))!));
  const pushes = [...stored].flatMap(({ pushed }) => pushed ?? []);
  if (pushes.length > 0) {
    await tx.query(
      `INSERT INTO claimbot.pusher (sha, user_id) SELECT sha, "userId" FROM jsonb_to_recordset($1::text::jsonb) AS x (sha text, "userId" bigint)
       ON CONFLICT DO NOTHING`,
      [JSON.stringify(pushes.toSorted((a, b) => (a.sha < b.sha ? -1 : 1)))],
    );
  }
  return stored;
}

function deliveryKey({ source, id }: { readonly source: unknown; readonly id: unknown }): string {
  return `${String(source)} ${String(id)}`;
}

export async function storeReport(tx: Sql, report: Report): Promise<void> {
  const { key, job, outcome, message, wayOut, attempts, startedAt, finishedAt } = report;
  await tx.query(
    `INSERT INTO claimbot.report (key, job, outcome, message, way_out, attempts, started_at, finished_at)
     VALUES ($1, $2::text::jsonb, $3, $4, $5, $6, $7, $8)`,
    [key, JSON.stringify(job), outcome, message ?? null, wayOut ?? null, attempts, startedAt, finishedAt],
  );
}

export async function readPending(db: Sql): Promise<readonly PendingJob[]> {
  const rows = await db.query(
    `SELECT singleton_key, data, state::text AS state, start_after FROM pgboss.job
     WHERE name = $1 AND state < 'completed' ORDER BY start_after, created_on`,
    [QUEUE],
  );
  return rows.map((row) => ({
    key: String(row["singleton_key"]),
    job: (row["data"] as JobData).job,
    state: row["state"] === "active" ? "running" : "waiting",
    due: isoOf(row["start_after"]),
  }));
}

export async function readDeliveries(db: Sql, limit: number): Promise<readonly Delivery[]> {
  const rows = await db.query("SELECT * FROM claimbot.delivery ORDER BY received_at DESC LIMIT $1", [limit]);
  return rows.map((row) => ({
    id: String(row["id"]),
    source: row["source"] as Delivery["source"],
    event: String(row["event"]),
    receivedAt: isoOf(row["received_at"]),
    decision: String(row["decision"]),
    jobs: row["jobs"] as readonly Job[],
  }));
}

export async function readReports(db: Sql, key: string | undefined, limit: number): Promise<readonly Report[]> {
  const rows = await db.query("SELECT * FROM claimbot.report WHERE $1::text IS NULL OR key = $1 ORDER BY id DESC LIMIT $2", [
    key ?? null,
    limit,
  ]);
  return rows.map(reportOf);
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

export async function pruneRows(db: Sql, olderThanDays: number): Promise<void> {
  const columns = { delivery: "received_at", report: "finished_at", command: "at", pusher: "at", commit_status: "at" };
  for (const [table, column] of Object.entries(columns)) {
    await db.query(`DELETE FROM claimbot.${table} WHERE ${column} < now() - make_interval(days => $1)`, [olderThanDays]);
  }
}

function isoOf(value: unknown): string {
  return (value as Date).toISOString();
}
