/** Our own tables beside pg-boss's: each step runs once, in order, under one lock. A step that was released is never edited. */
import type { Database } from "./db.ts";

// Taken by every replica that starts: the second one waits and then finds nothing to do.
const MIGRATION_LOCK = 7_430_551_201;

const STEPS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE claimbot.delivery (
      source text NOT NULL, id text NOT NULL, event text NOT NULL, received_at timestamptz NOT NULL,
      decision text NOT NULL, jobs jsonb NOT NULL, PRIMARY KEY (source, id))`,
    `CREATE INDEX delivery_received_at ON claimbot.delivery (received_at)`,
    `CREATE TABLE claimbot.command (key text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())`,
    `CREATE TABLE claimbot.report (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text NOT NULL, job jsonb NOT NULL, outcome text NOT NULL,
      message text, way_out text, attempts integer NOT NULL, started_at timestamptz NOT NULL, finished_at timestamptz NOT NULL)`,
    `CREATE INDEX report_key ON claimbot.report (key, id)`,
    `CREATE INDEX report_finished_at ON claimbot.report (finished_at)`,
    `CREATE TABLE claimbot.sticky_note (
      merge_request bigint NOT NULL, marker text NOT NULL, note_id bigint NOT NULL, body_digest text NOT NULL,
      PRIMARY KEY (merge_request, marker))`,
    `CREATE TABLE claimbot.reviewed_plans (merge_request bigint PRIMARY KEY, reviewed jsonb NOT NULL)`,
    `CREATE TABLE claimbot.pusher (sha text PRIMARY KEY, user_id bigint NOT NULL, at timestamptz NOT NULL DEFAULT now())`,
  ],
  [
    `CREATE TABLE claimbot.commit_status (
      sha text NOT NULL, name text NOT NULL, merge_request bigint NOT NULL, parts jsonb NOT NULL, said jsonb, pipeline_id bigint,
      at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (sha, name))`,
  ],
  [
    `CREATE TABLE claimbot.look (
      part text PRIMARY KEY, begun_at timestamptz NOT NULL, ended_at timestamptz, deviations integer NOT NULL)`,
  ],
];

export async function migrate(database: Database): Promise<void> {
  await database.transaction(async (tx) => {
    await tx.query("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    await tx.query("CREATE SCHEMA IF NOT EXISTS claimbot");
    await tx.query(
      "CREATE TABLE IF NOT EXISTS claimbot.migration (step integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())",
    );
    const [row] = await tx.query("SELECT count(*)::int AS done FROM claimbot.migration");
    for (let step = Number(row?.["done"]); step < STEPS.length; step += 1) {
      for (const statement of STEPS[step]!) await tx.query(statement);
      await tx.query("INSERT INTO claimbot.migration (step) VALUES ($1)", [step]);
    }
  });
}
