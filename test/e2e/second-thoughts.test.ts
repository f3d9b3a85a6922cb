/** Two people who do not agree, and one who would be two: what was said later counts, and nobody is a second pair of eyes for their own change. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { HOLD_LABEL } from "../../src/core/gates.ts";
import { startRehearsal, type Rehearsal } from "../../src/rehearsal.ts";
import { edited, expectClean, heard, idle, logOf, merge, noteOf, propose, report, say } from "./actions.ts";
import { seedOf, type Seed } from "./seed.ts";

const DEV = "environments/dev/ledger-dev.yaml";
const PROD = "environments/prod/ledger-prod.yaml";
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let seed: Seed;
let r: Rehearsal;

beforeAll(async () => {
  seed = await seedOf(["ledger-dev", "ledger-prod"]);
  r = await startRehearsal({ seed: seed.directory });
  await r.settled();
});
afterAll(async () => {
  expectClean(r);
  await r[Symbol.asyncDispose]();
  await seed[Symbol.asyncDispose]();
});

test("an unhold that is tried again, because its answer was lost, leaves the hold alone that came after it", async () => {
  const iid = await propose(r, { as: "sam", branch: "held", files: await edited(r, DEV, "max: 2", "max: 3") });
  await say(r, iid, "mara", "/claim hold");
  const answers = /\/discussions\/[0-9a-f]+\/notes$/;
  r.gitlab.faults.add({ method: "POST", path: answers, fault: { kind: "status", status: 503, retryAfterSeconds: 3 } });
  const unhold = (await r.gitlab.comment(iid, "/claim unhold", { as: "mara" })) ?? 0;
  await vi.waitUntil(() => r.gitlab.mergeRequest(iid).labels.length === 0, { timeout: 10_000 });
  await say(r, iid, "jo", "/claim hold until the bank has answered");
  await idle(r);
  expect(heard(r, iid, unhold)).toEqual({ answer: expect.stringContaining("held again after"), reaction: "x" });
  expect(r.gitlab.mergeRequest(iid).labels).toEqual([HOLD_LABEL]);
  expect((await say(r, iid, "mara", "/claim unhold")).reaction).toBe("white_check_mark");
  expect(r.gitlab.mergeRequest(iid).labels).toEqual([]);
});

test("a new plan for prod is confirmed by nobody who opened the merge request behind it, on whatever other one they say so", async () => {
  const other = await propose(r, { as: "sam", branch: "other", files: await edited(r, PROD, "max: 8", "max: 9") });
  for (const as of ["mara", "jo"]) await r.gitlab.approve(other, { as });
  await merge(r, other, "jo");
  expect(await logOf(r, "ledger-prod")).toHaveLength(1);

  const own = await propose(r, { as: "jo", branch: "own", files: await edited(r, PROD, "max: 9", "max: 10") });
  for (const as of ["mara", "sam"]) await r.gitlab.approve(own, { as });
  const record = r.cloudflare.records("example.com").find(({ comment }) => comment?.includes("ledger-prod"));
  r.cloudflare.editRecord("example.com", record?.id ?? "", { proxied: false });
  await merge(r, own, "mara");
  const digest = /\/claim apply ([0-9a-f]{12})/.exec(noteOf(r, own, report("ledger-prod")))?.[1] ?? "";

  for (const iid of [own, other]) {
    const { answer, reaction } = await say(r, iid, "jo", `/claim apply ${digest} ledger-prod`);
    expect(answer).toContain("policy four-eyes");
    expect(reaction).toBe("x");
  }
  expect(await logOf(r, "ledger-prod")).toHaveLength(1);
  expect((await say(r, other, "mara", `/claim apply ${digest} ledger-prod`)).reaction).toBe("white_check_mark");
  expect(await logOf(r, "ledger-prod")).toHaveLength(2);
});

test("whoever made a change that was merged and never released is no second pair of eyes for the next one, which brings it", async () => {
  const first = await propose(r, { as: "jo", branch: "first", files: await edited(r, PROD, "max: 10", "max: 11") });
  await merge(r, first, "mara");
  expect(noteOf(r, first, report("ledger-prod"))).toContain("held");

  const next = await propose(r, { as: "sam", branch: "next", files: await edited(r, PROD, "max: 11", "max: 12") });
  for (const as of ["mara", "jo"]) await r.gitlab.approve(next, { as });
  expect((await say(r, next, "sam", "/claim why ledger-prod")).answer).toMatch(/1 of 2 approvals \(Mara ✓, Jo ✗ had a part in /);
  await merge(r, next, "mara");
  expect(noteOf(r, next, report("ledger-prod"))).toMatch(/Jo ✗ had a part in .*, which was never released/);
  expect(await logOf(r, "ledger-prod")).toHaveLength(2);
});
