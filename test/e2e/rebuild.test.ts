/** A lost database: approvals and notes are known again, and nothing is said or released twice. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startService } from "../../src/service.ts";
import { SILENT } from "../../src/core/log.ts";
import { mistakeLines, readConfig } from "../../src/config.ts";
import { startRehearsal, type Rehearsal } from "../../src/rehearsal.ts";
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
