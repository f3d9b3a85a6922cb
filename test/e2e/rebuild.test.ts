/** A lost database: approvals and notes are known again, and nothing is said or released twice. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { openDatabase } from "../../src/adapters/db.ts";
import { startService } from "../../src/service.ts";
import { SILENT } from "../../src/core/log.ts";
import { Secret } from "../../src/core/secret.ts";
import { mistakeLines, readConfig } from "../../src/config.ts";
import { startRehearsal, type Rehearsal } from "../../src/rehearsal.ts";
import { startPostgres } from "../bench/postgres.ts";
import { claimbot } from "../cli/claimbot.ts";
import { botNotes, edited, idle, logOf, merge, open, PLAN } from "./actions.ts";
import { seedOf, type Seed } from "./seed.ts";

vi.setConfig({ testTimeout: 90_000 });

let seed: Seed;
let r: Rehearsal;

beforeAll(async () => {
  seed = await seedOf(["ledger-dev", "ledger-stage"]);
  r = await startRehearsal({ seed: seed.directory });
  await idle(r);
});
afterAll(async () => {
  await r[Symbol.asyncDispose]();
  await seed[Symbol.asyncDispose]();
});

test("after the database was lost, an approval still stands for the plan that it was given for", async () => {
  const iid = await open(r, {
    as: "sam",
    branch: "stage-nodes",
    files: await edited(r, "environments/stage/ledger-stage.yaml", "max: 4", "max: 5"),
  });
  await idle(r);
  await r.gitlab.approve(iid, { as: "mara" });
  await idle(r);
  const notes = botNotes(r, iid, PLAN);

  await r.service.drain();
  await rm(join(r.env["CLAIMBOT_DATA_DIR"] ?? "", "database"), { recursive: true });
  const { status, stdout, stderr } = await claimbot(["rebuild", "--format", "json"], { env: r.env });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(JSON.parse(stdout)).toMatchObject({ reviews: 1, pushers: 1 });
  const read = readConfig("serve", r.env);
  if (!read.ok) throw new Error(mistakeLines(read.mistakes));
  r.service = await startService(read.config, SILENT);
  await idle(r);

  expect(notes).toHaveLength(1);
  // No second note, and the same words.
  expect(botNotes(r, iid, PLAN)).toEqual(notes);
  await merge(r, iid, "mara");
  await idle(r);
  expect((await logOf(r, "ledger-stage")).at(-1)?.source.approvers).toEqual(["mara"]);
});

test("a second rebuild, with nothing lost, changes nothing", async () => {
  await r.service.drain();
  const { stdout } = await claimbot(["rebuild", "--format", "json"], { env: r.env });
  expect(JSON.parse(stdout)).toMatchObject({ reviews: 0, pushers: 0, notes: 0 });
  await r.restart();
});

test("on PostgreSQL the service may run meanwhile: what it lost is known again, what it learns stays", async ({ skip }) => {
  await using postgres = await startPostgres();
  if (postgres === undefined) return skip("there is no PostgreSQL");
  await using own = await seedOf(["ledger-dev", "ledger-stage"]);
  await using running = await startRehearsal({ seed: own.directory, databaseUrl: postgres.url });
  await idle(running);
  const iid = await open(running, {
    as: "sam",
    branch: "stage-nodes",
    files: await edited(running, "environments/stage/ledger-stage.yaml", "max: 4", "max: 5"),
  });
  await idle(running);
  await running.gitlab.approve(iid, { as: "mara" });
  await idle(running);
  const notes = botNotes(running, iid, PLAN);
  {
    await using database = await openDatabase({ databaseUrl: new Secret(postgres.url) });
    for (const table of ["reviewed_plans", "pusher", "sticky_note"]) await database.query(`DELETE FROM claimbot.${table}`);
  }

  const rebuilding = claimbot(["rebuild", "--format", "json"], { env: running.env });
  const another = await open(running, {
    as: "sam",
    branch: "dev-nodes",
    files: await edited(running, "environments/dev/ledger-dev.yaml", "max: 2", "max: 3"),
  });
  const { status, stdout, stderr } = await rebuilding;
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(JSON.parse(stdout)).toMatchObject({ environments: 1 });
  await idle(running);
  expect(botNotes(running, iid, PLAN)).toEqual(notes);
  expect(botNotes(running, another, PLAN)).toHaveLength(1);
  await merge(running, iid, "mara");
  await idle(running);
  expect((await logOf(running, "ledger-stage")).at(-1)?.source.approvers).toEqual(["mara"]);
});
