/** Merge requests that claimbot opens for somebody: that person counts as their author. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { askedBranch } from "../../src/core/asker.ts";
import { startRehearsal, type Rehearsal } from "../../src/rehearsal.ts";
import { edited, expectClean, idle, logOf, merge, noteOf, propose, report, say } from "./actions.ts";
import { seedOf, type Seed } from "./seed.ts";

const STAGE = "environments/stage/ledger-stage.yaml";
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

let seed: Seed;
let r: Rehearsal;

beforeAll(async () => {
  seed = await seedOf(["ledger-stage"]);
  r = await startRehearsal({ seed: seed.directory });
  await idle(r);
});
afterEach(() => expectClean(r));
afterAll(async () => {
  await r[Symbol.asyncDispose]();
  await seed[Symbol.asyncDispose]();
});

test("the approval of who asked does not count, wherever the description says otherwise; somebody else's does", async () => {
  const branch = askedBranch(r.gitlab.user("sam").id, "bigger-ledger-stage");
  const iid = await propose(r, { as: r.bot.username, branch, files: await edited(r, STAGE, "max: 4", "max: 5") });
  await r.gitlab.edit(iid, { description: "asked for by nobody", title: "claimbot/asked-by-1/x" }, { as: "sam" });
  await r.gitlab.approve(iid, { as: "sam" });
  expect((await say(r, iid, "kim", "/claim why ledger-stage")).answer).toContain(
    "0 of 1 approval (Sam ✗ asked for the merge request)",
  );
  await r.gitlab.approve(iid, { as: "mara" });
  await merge(r, iid, "jo");
  await idle(r);
  expect(await logOf(r, "ledger-stage")).toMatchObject([{ source: { mergeRequest: iid, approvers: ["mara"] } }]);
});

test("where the branch does not say who asked, nobody's approval counts", async () => {
  const files = await edited(r, STAGE, "max: 5", "max: 6");
  const iid = await propose(r, { as: r.bot.username, branch: "by-nobody", files });
  for (const as of ["mara", "jo"]) await r.gitlab.approve(iid, { as });
  await merge(r, iid, "jo");
  await idle(r);
  expect(noteOf(r, iid, report("ledger-stage"))).toContain("nobody knows who asked for it, so no approval counts");
  expect(await logOf(r, "ledger-stage")).toHaveLength(1);
});
