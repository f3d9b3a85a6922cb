/** How often GitLab is asked: counted where the requests arrive, and listed when they are too many. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { startRehearsal, STARTER, type Rehearsal } from "../../src/rehearsal.ts";
import { edited, expectClean, idle, noteOf, PLAN, planStatus, propose, report } from "./actions.ts";
import { seedOf, type Seed } from "./seed.ts";

const DEV = "environments/dev/ledger-dev.yaml";
const STAGE = "environments/stage/ledger-stage.yaml";
vi.setConfig({ testTimeout: 60_000 });

let seed: Seed;
let r: Rehearsal;

beforeAll(async () => {
  seed = await seedOf(["ledger-dev"]);
  r = await startRehearsal({ seed: seed.directory });
  await idle(r);
});
afterEach(() => expectClean(r));
afterAll(async () => {
  await r[Symbol.asyncDispose]();
  await seed[Symbol.asyncDispose]();
});

const STATE = /^POST \/statuses\//;
const PERSON = /^GET \/users\/\d+$/;
const LOOK = /^GET \/environments\?name=/;

/** Requests to GitLab's API since then, but for fetches by git, and for people's pages: each is read once in a service's life. */
function callsSince(before: number): readonly string[] {
  return callsAfter(before).filter((call) => !call.includes(".git/") && !PERSON.test(call));
}

function callsAfter(before: number): readonly string[] {
  return r.gitlab.faults.requests
    .slice(before)
    .map(({ method, path }) => `${method} ${path.replace(/^\/api\/v4(\/projects\/[^/]+)?/, "")}`);
}

async function callsOf(work: () => Promise<unknown>): Promise<readonly string[]> {
  await idle(r);
  const before = r.gitlab.faults.requests.length;
  await work();
  await idle(r);
  return callsSince(before);
}

/**
 * The calls up to the first report ("on its way") and those from there to the last ("is live"). Each look whether it is built asks for the
 * environment once: how often that is, is up to Flux; one is counted.
 */
async function reportsOf(iid: number): Promise<{ readonly first: readonly string[]; readonly last: readonly string[] }> {
  const calls = await callsOf(async () => r.gitlab.merge(iid, { as: "mara" }));
  const ends = calls.flatMap((call, index) => (STATE.test(call) ? [index + 1] : []));
  const [first = calls.length, last = calls.length] = ends;
  if (ends.length !== 2) throw new Error(`the release was to be told of twice:\n${calls.join("\n")}`);
  const between = calls.slice(first, last);
  const looks = between.findIndex((call) => !LOOK.test(call));
  // Three are of the last run itself: for its plan, before its first write, and whether it is still ours.
  return { first: calls.slice(0, first), last: between.slice(Math.max(0, looks - 3)) };
}

function expectAtMost(calls: readonly string[], budget: number, what: string): void {
  // All of them, where they are too many: which one it is nobody knows before.
  expect({ [what]: calls.length > budget ? calls : [] }).toEqual({ [what]: [] });
}

test("opening to plan, and push to plan: six; nothing but an approval: three, and none of them writes", async () => {
  await idle(r);
  const before = r.gitlab.faults.requests.length;
  const iid = await propose(r, { as: "sam", branch: "push", files: await edited(r, DEV, "max: 2", "max: 3") });
  expectAtMost(callsSince(before), 6, "opening");
  const files = await edited(r, DEV, "max: 2", "max: 4");
  const push = await callsOf(async () => r.gitlab.push({ branch: "push", as: "sam", files }));
  expect(noteOf(r, iid, PLAN)).toContain("**`4`**");
  expect(planStatus(r, iid)).toBe("success");
  expectAtMost(push, 6, "a push");
  const approval = await callsOf(async () => r.gitlab.approve(iid, { as: "mara" }));
  expectAtMost(approval, 3, "an approval");
  expect(approval.filter((call) => !call.startsWith("GET"))).toEqual([]);
  await r.gitlab.close(iid, { as: "sam" });
});

test("a changed environment, merge to report: ten to the first, ten from there to the last", async () => {
  const iid = await propose(r, { as: "sam", branch: "changed", files: await edited(r, DEV, "max: 2", "max: 5") });
  const { first, last } = await reportsOf(iid);
  expect(noteOf(r, iid, report("ledger-dev"))).toContain("is live");
  expectAtMost(first, 10, "the first report");
  expectAtMost(last, 10, "the last report");
});

test("a new environment with an approval: no more", async () => {
  const iid = await propose(r, { as: "sam", branch: "new", files: { [STAGE]: await readFile(join(STARTER, STAGE), "utf8") } });
  await r.gitlab.approve(iid, { as: "mara" });
  const { first, last } = await reportsOf(iid);
  expect(noteOf(r, iid, report("ledger-stage"))).toContain("is live");
  expectAtMost(first, 10, "the first report");
  expectAtMost(last, 10, "the last report");
  const people = callsAfter(0).filter((call) => PERSON.test(call));
  expect(people.length).toBeGreaterThan(0);
  expect(people).toEqual([...new Set(people)]);
});

test("a sweep asks for the list, and for the statuses of each open merge request; once more for the comments where there are new ones", async () => {
  const iids: number[] = [];
  for (const max of [7, 8, 9]) {
    const files = await edited(r, DEV, "max: 5", `max: ${max}`);
    iids.push(await propose(r, { as: "sam", branch: `open-${max}`, files }));
  }
  const swept = async (): Promise<readonly string[]> => {
    const calls = await callsOf(async () => r.service.queue.enqueue({ kind: "sweep" }));
    return calls.map((call) => call.replace(/\b[0-9a-f]{40}\b/, ":sha").replace(/\?.*/, "")).toSorted();
  };
  const usual = [...iids.map(() => "GET /repository/commits/:sha/statuses"), "GET /merge_requests"];
  // Their mistakes have threads on lines, which are new to the first sweep.
  const threads = iids.map((iid) => `GET /merge_requests/${iid}/discussions`);
  expect(await swept()).toEqual([...usual, ...threads].toSorted());
  expect(await swept()).toEqual(usual.toSorted());
});
