/** What /claim why and /claim status say on a merge request that is not merged, has mistakes, or waits: only what helps there. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startRehearsal, type Rehearsal } from "../../src/rehearsal.ts";
import { edited, expectClean, logOf, merge, noteOf, open, PLAN, propose, say } from "./actions.ts";
import { seedOf, type Seed } from "./seed.ts";

const STAGE = "environments/stage/ledger-stage.yaml";
const DEV = "environments/dev/ledger-dev.yaml";
vi.setConfig({ testTimeout: 60_000 });

let seed: Seed;
let r: Rehearsal;

/** One change is very much at once, so that the gate which a command opens is closed. */
beforeAll(async () => {
  seed = await seedOf(["ledger-stage", "ledger-dev"], (platform) =>
    platform.replace(/changesPerRelease: \d+/, "changesPerRelease: 1"),
  );
  r = await startRehearsal({ seed: seed.directory });
  await r.settled();
}, 120_000);
afterAll(async () => {
  expectClean(r);
  await r[Symbol.asyncDispose]();
  await seed[Symbol.asyncDispose]();
});

const whyOn = async (iid: number, ...words: readonly string[]): Promise<string> => {
  const { answer, reaction } = await say(r, iid, "sam", ["/claim why", ...words].join(" "));
  expect(reaction).toBe("white_check_mark");
  return (answer ?? "").replace(/^<!--.*-->\n\n/, "");
};

test("why of a claim with mistakes in this merge request names the first, how many more there are, and what to do", async () => {
  const files = await edited(r, STAGE, "min: 2, max: 4", "min: 9, max: 4");
  const iid = await propose(r, { as: "sam", branch: "wrong", files: { ...files, [DEV]: "apiVersion: [" } });
  const own = await whyOn(iid, "ledger-stage");
  expect(own).toMatch(
    /^\*\*ledger-stage\*\* has 1 mistake in this merge request, so there is no plan for it\.\n\n- ❌ `environments\/stage\/ledger-stage\.yaml:\d+:\d+` /,
  );
  expect(own).toContain("`claim/pool-bounds`");
  expect(own).toMatch(/And \d+ more: the plan note lists them all\./);
  expect(own).toContain("Mend them and push");
  expect(own).not.toMatch(/plans nothing for it|that changes its claim/);
  const line = own.split("\n").find((each) => each.startsWith("- ❌")) ?? "";
  expect(noteOf(r, iid, PLAN)).toContain(line);
  const all = await whyOn(iid);
  expect(all).toMatch(
    /^This merge request has \d+ mistakes, so there is no plan\.\n\n- ❌ `environments\/dev\/ledger-dev\.yaml:/,
  );
  await r.gitlab.close(iid, { as: "sam" });
});

test("why of a new claim that nobody can read, and of one that waits for it", async () => {
  const files = { "environments/stage/new-stage.yaml": "apiVersion: [", ...(await edited(r, STAGE, "max: 4", "max: 5")) };
  const iid = await propose(r, { as: "sam", branch: "torn", files });
  expect(await whyOn(iid, "new-stage")).toMatch(/^\*\*new-stage\*\* has \d+ mistakes? in this merge request/);
  expect(await whyOn(iid, "ledger-stage")).toMatch(
    /^\*\*ledger-stage\*\* has no plan, because of \d+ mistakes? elsewhere in this merge request\.\n\n- ❌ `environments\/stage\/new-stage/,
  );
  expect((await say(r, iid, "sam", "/claim why other-stage")).answer).toContain("there is no environment `other-stage`");
  // Of a claim that it does not touch it says nothing.
  expect(await whyOn(iid, "ledger-dev")).toMatch(/^\*\*ledger-dev\*\*.* This merge request plans nothing for it\./);
  await r.gitlab.close(iid, { as: "sam" });
});

test("why of a branch that conflicts with its target says in which files", async () => {
  const [one, two] = await Promise.all(["max: 5", "max: 6"].map(async (max) => edited(r, DEV, "max: 2", max)));
  const iid = await open(r, { as: "sam", branch: "mine", files: two ?? {} });
  await r.gitlab.push({ branch: "main", files: one ?? {}, as: "mara", message: "Theirs" });
  await r.settled();
  expect(await whyOn(iid, "ledger-dev")).toBe(
    `**ledger-dev** has no plan: this branch conflicts with its target in \`${DEV}\`. Merge the target branch into it, mend that and push.`,
  );
  await r.gitlab.close(iid, { as: "sam" });
});

test("why names no command that is refused: apply is said after the merge, and there it is named", async () => {
  const iid = await propose(r, { as: "sam", branch: "much", files: await edited(r, STAGE, "max: 4", "max: 5") });
  const before = await whyOn(iid, "ledger-stage");
  expect(before).toContain("waits for approvals, blast-radius");
  expect(before).toMatch(/more than 1\. After the merge its report says how this very plan is confirmed/);
  expect(before).not.toContain("/claim apply");
  expect((await say(r, iid, "sam", "/claim status")).answer).toContain("not published yet: this merge request is not merged");
  await r.gitlab.approve(iid, { as: "jo" });
  await merge(r, iid);

  expect(await whyOn(iid, "ledger-stage")).toMatch(/waits for blast-radius[^]*`\/claim apply [0-9a-f]{12}` goes on/);
  expect((await say(r, iid, "sam", "/claim status")).answer).toMatch(
    /\| \*\*ledger-stage\*\* \| stage \| held by blast-radius: not published yet, plan `[0-9a-f]{12}`; `\/claim why ledger-stage` says more \|/,
  );

  const other = await propose(r, { as: "sam", branch: "other", files: { "README.md": "Not a claim\n" } });
  expect((await say(r, iid, "mara", "/claim hold")).answer).toContain("Held by the label");
  expect(r.gitlab.mergeRequest(iid).labels).toContain("claimbot::hold");
  const elsewhere = await whyOn(other, "ledger-stage");
  expect(elsewhere).toContain(`label claimbot::hold on merge request ${iid}; \`/claim unhold\` there takes it off`);
  expect(elsewhere).toContain(`\`/claim why ledger-stage\` on merge request ${iid} says how it is confirmed`);
  expect(elsewhere).not.toContain("/claim apply");
  expect((await say(r, other, "sam", "/claim status ledger-stage")).answer).toContain(
    "held by hold, blast-radius: not published yet",
  );

  await say(r, iid, "mara", "/claim unhold");
  const digest = /`\/claim apply ([0-9a-f]{12})`/.exec(await whyOn(iid, "ledger-stage"))?.[1] ?? "";
  await say(r, iid, "mara", `/claim apply ${digest} ledger-stage`);
  expect(await logOf(r, "ledger-stage")).toHaveLength(1);
  expect((await say(r, iid, "sam", "/claim status")).answer).toMatch(
    /\| live: record 1 of [0-9: -]+ UTC, plan `[0-9a-f]{12}` \|/,
  );
});
