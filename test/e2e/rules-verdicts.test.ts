/** A merge request that changes the rules: its note says what they would judge otherwise, before anybody approves it. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { startRehearsal, type Rehearsal } from "../../src/rehearsal.ts";
import { edited, expectClean, noteOf, PLAN, planStatus, propose } from "./actions.ts";
import { seedOf, type Seed } from "./seed.ts";

const STAGE = "environments/stage/ledger-stage.yaml";
const DEV = "environments/dev/ledger-dev.yaml";
vi.setConfig({ testTimeout: 60_000 });

let seed: Seed;
let r: Rehearsal;
/** Open merge requests on stage: one that is planned, and one that is planned and takes more than a stricter quota would allow. */
let bigger: number;

beforeAll(async () => {
  seed = await seedOf(["ledger-dev", "ledger-stage"]);
  r = await startRehearsal({ seed: seed.directory });
  await r.settled();
  bigger = await propose(r, { as: "sam", branch: "bigger", files: await edited(r, STAGE, "max: 4", "max: 5") });
}, 120_000);
afterEach(() => expectClean(r));
afterAll(async () => {
  await r[Symbol.asyncDispose]();
  await seed[Symbol.asyncDispose]();
});

test("fewer approvals and a looser policy are said by rule and by role, for what lives and for what is open, within six calls", async () => {
  const before = r.gitlab.faults.requests.length;
  const policy = "policies/stage.cedar";
  const iid = await propose(r, {
    as: "sam",
    branch: "looser",
    files: {
      ...(await edited(r, "platform.yaml", "approvals: 1", "approvals: 0")),
      ...(await edited(r, policy, '"stage" && principal.ownerAccessLevel >= 30', '"stage" && principal.ownerAccessLevel >= 20')),
    },
  });
  const note = noteOf(r, iid, PLAN);
  expect(note).toContain("| approvals, stage | 1 | **0** | `ledger-stage`, `!1` |");
  expect(note).toMatch(/reporters of the owner: `apply`.* on stage \| no \| \*\*yes\*\* \| `ledger-stage`, `!1` \|/);
  expect(bigger).toBe(1);
  expect(planStatus(r, iid)).toBe("success");
  const calls = r.gitlab.faults.requests.slice(before).filter(({ path }) => path.includes("/api/v4/"));
  expect(calls.length).toBeLessThanOrEqual(6);
});

test("rules that would refuse a live claim, or what is proposed elsewhere, name it, and refuse nothing yet", async () => {
  const iid = await propose(r, {
    as: "sam",
    branch: "owners",
    files: await edited(r, "platform.yaml", "    - finance/ledger\n", ""),
  });
  const note = noteOf(r, iid, PLAN);
  expect(note).toContain(`- ✗ \`${STAGE}\` is refused: line`);
  expect(note).toContain(`- ✗ \`${DEV}\` is refused: line`);
  expect(note).toContain(`- ✗ \`${STAGE}\` in \`!${bigger}\` is refused: line`);
  expect(note).toContain("`claim/owner-unknown`");
  expect(planStatus(r, iid)).toBe("success");
});

test("a change of words says that no verdict changes, and one of inputs alone says nothing of verdicts", async () => {
  const words = await propose(r, {
    as: "sam",
    branch: "words",
    files: await edited(r, "policies/prod.cedar", "// Back to", "// To go back to"),
  });
  expect(noteOf(r, words, PLAN)).toContain("By these rules no verdict changes");
  const inputs = await propose(r, {
    as: "sam",
    branch: "inputs",
    files: await edited(r, "platform.yaml", "regions: [fra, ams, waw]", "regions: [fra, ams, waw, lon]"),
  });
  expect(noteOf(r, inputs, PLAN)).not.toContain("verdict");
});

test("policies with a mistake are a mistake, and there is no table", async () => {
  const iid = await propose(r, {
    as: "sam",
    branch: "broken",
    files: await edited(r, "policies/prod.cedar", "principal.ownerAccessLevel >= 40", "principal.level >= 40"),
  });
  const note = noteOf(r, iid, PLAN);
  expect(note).toContain("policies/prod.cedar:");
  expect(note).not.toContain("verdict");
  expect(planStatus(r, iid)).toBe("failed");
});

test("a fork's policies are checked and judge nothing, not even in a table", async () => {
  const fork = await r.gitlab.fork("ana");
  const files = await edited(r, "policies/prod.cedar", "ownerAccessLevel >= 40", "ownerAccessLevel >= 0");
  await r.gitlab.push({ project: fork, branch: "mine", as: "ana", files });
  const iid = await r.gitlab.openMergeRequest({ as: "ana", source: "mine", fork });
  await r.settled();
  const note = noteOf(r, iid, PLAN);
  expect(note).toContain("It changes the rules, and is judged by the adopted ones.");
  expect(note).not.toContain("protect less");
});

test("rules that were merged and wait for approvals are in no other merge request's plan", async () => {
  const files = await edited(r, "policies/prod.cedar", "// Back to", "// Going back to");
  const rules = await propose(r, { as: "sam", branch: "waiting", files });
  await r.gitlab.merge(rules, { as: "mara" });
  await r.settled();
  expect(noteOf(r, rules, "claimbot:report:platform")).toContain("The rules are held");
  const iid = await propose(r, { as: "sam", branch: "other", files: await edited(r, DEV, "max: 2", "max: 3") });
  expect(noteOf(r, iid, PLAN)).toContain("1 environment: 1 changed");
  expect(noteOf(r, iid, PLAN)).not.toContain("rules");
});
