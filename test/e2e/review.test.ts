/** Review, end to end: what happens on a merge request before the merge. One rehearsal; the steps stand for themselves. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { startRehearsal, type Rehearsal } from "../../src/rehearsal.ts";
import { botNotes, edited, expectClean, idle, noteOf, open, PLAN, planStatus, propose } from "./actions.ts";
import { seedOf, type Seed } from "./seed.ts";

const DEV = "environments/dev/ledger-dev.yaml";
const STAGE = "environments/stage/ledger-stage.yaml";
vi.setConfig({ testTimeout: 60_000 });

let seed: Seed;
let r: Rehearsal;

beforeAll(async () => {
  seed = await seedOf(["ledger-dev", "ledger-stage"]);
  r = await startRehearsal({ seed: seed.directory });
  await r.settled();
});
afterEach(() => expectClean(r));
afterAll(async () => {
  await r[Symbol.asyncDispose]();
  await seed[Symbol.asyncDispose]();
});

describe("a fork", () => {
  test("is validated, and nothing live is read for it", async () => {
    const fork = await r.gitlab.fork("ana");
    const files = await edited(r, DEV, "max: 2", "max: 21");
    await r.gitlab.push({ project: fork, branch: "from-outside", as: "ana", files });
    await idle(r);
    const reads = (): readonly number[] => [r.cloudflare, r.registry, r.flux].map(({ faults }) => faults.requests.length);
    const [before, plans] = [reads(), await r.store.list("plans/")];
    const iid = await r.gitlab.openMergeRequest({ as: "ana", source: "from-outside", fork });
    await r.settled();
    expect(noteOf(r, iid, PLAN)).toContain("claim/pool-max");
    await r.gitlab.push({ project: fork, branch: "from-outside", as: "ana", files: await edited(r, DEV, "max: 2", "max: 3") });
    await r.settled();
    const note = noteOf(r, iid, PLAN);
    expect(note).toContain("### 🟡 Valid, but not planned\n\nThis comes from a fork");
    expect(note).not.toContain("claim/pool-max");
    expect(note).not.toMatch(/plan <code>/);
    expect(reads()).toEqual(before);
    expect(await r.store.list("plans/")).toEqual(plans);
  });
});

describe("the plan note", () => {
  test("is one, edited in place: a push that changes the plan rewrites it, one that does not leaves it alone", async () => {
    const iid = await propose(r, { as: "sam", branch: "note", files: await edited(r, DEV, "max: 2", "max: 3") });
    const first = noteOf(r, iid, PLAN);
    const [note] = r.gitlab.notes(iid, { by: r.bot.username });
    expect(first).toContain("1 environment: 1 changed");
    expect(first).toContain("`2` | **`3`**");
    expect(planStatus(r, iid)).toBe("success");

    await r.gitlab.push({ branch: "note", as: "sam", files: { "README.md": "Not a claim\n" } });
    await r.settled();
    expect(noteOf(r, iid, PLAN)).toBe(first);
    expect(r.gitlab.note(iid, note?.id ?? 0).updatedAt).toEqual(note?.createdAt);
    // The new head has its own status all the same.
    expect(planStatus(r, iid)).toBe("success");

    await r.gitlab.push({ branch: "note", as: "sam", files: await edited(r, DEV, "max: 2", "max: 4") });
    await r.settled();
    expect(noteOf(r, iid, PLAN)).toContain("`2` | **`4`**");
    expect(r.gitlab.notes(iid, { by: r.bot.username }).map(({ id }) => id)).toEqual([note?.id]);
  });

  test("costs at most six calls to GitLab and two fetches, from push to plan", async () => {
    const iid = await propose(r, { as: "sam", branch: "calls", files: await edited(r, DEV, "max: 2", "max: 3") });
    const before = r.gitlab.faults.requests.length;
    await r.gitlab.push({ branch: "calls", as: "sam", files: await edited(r, DEV, "max: 2", "max: 5") });
    await r.settled();
    const calls = r.gitlab.faults.requests.slice(before).map(({ method, path }) => `${method} ${path}`);
    expect(noteOf(r, iid, PLAN)).toContain("**`5`**");
    const api = calls.filter((call) => call.includes("/api/v4/"));
    expect(api.slice(6)).toEqual([]);
    // Its own branches, and those of older merge requests that may ask for the same names.
    expect(calls.filter((call) => call.includes("/info/refs")).length).toBeLessThanOrEqual(2);
  });

  test("is not written where no claim is touched; the status says so", async () => {
    const iid = await propose(r, { as: "sam", branch: "readme", files: { "README.md": "Only words\n" } });
    expect(botNotes(r, iid, PLAN)).toEqual([]);
    expect(r.gitlab.statuses(iid).map(({ name, state, description }) => ({ name, state, description }))).toEqual([
      { name: "claimbot/plan", state: "success", description: "no claims touched" },
    ]);
  });

  test("lists mistakes at their places, and the status fails; mended, it turns into a plan", async () => {
    const iid = await propose(r, {
      as: "sam",
      branch: "mistake",
      files: await edited(r, STAGE, "ledger.stage.example.org", "ledger.stage.exmaple.org"),
    });
    const text = (await r.gitlab.file(STAGE, "mistake")) ?? "";
    const line = text.split("\n").findIndex((each) => each.includes("exmaple")) + 1;
    expect(noteOf(r, iid, PLAN)).toContain(`${STAGE}:${line}:`);
    expect(planStatus(r, iid)).toBe("failed");
    await r.gitlab.push({ branch: "mistake", as: "sam", files: await edited(r, STAGE, "max: 4", "max: 5") });
    await r.settled();
    expect(noteOf(r, iid, PLAN)).toContain("1 environment: 1 new");
    expect(noteOf(r, iid, PLAN)).toContain("needs 1 approval");
    expect(planStatus(r, iid)).toBe("success");
  });

  test("says that there is no plan where the branches conflict, and which file; mended, there is one", async () => {
    const iid = await propose(r, { as: "sam", branch: "conflict", files: await edited(r, DEV, "max: 2", "max: 3") });
    const base = await edited(r, DEV, "max: 2", "max: 6");
    await r.gitlab.push({ branch: "main", as: "mara", files: base });
    await r.gitlab.push({ branch: "conflict", as: "sam", files: { "README.md": "Look again\n" } });
    await r.settled();
    expect(noteOf(r, iid, PLAN)).toContain("conflicts with its target");
    expect(noteOf(r, iid, PLAN)).toContain(DEV);
    expect(planStatus(r, iid)).toBe("failed");
    await r.gitlab.push({ branch: "conflict", as: "sam", files: base });
    await r.settled();
    expect(noteOf(r, iid, PLAN)).not.toContain("conflicts");
    await r.gitlab.push({ branch: "main", as: "mara", files: await edited(r, DEV, "max: 6", "max: 2") });
    await r.settled();
  });
});

describe("drafts and closed ones", () => {
  test("a draft has its plan like any other: that is what drafts are looked at for", async () => {
    const iid = await propose(r, {
      as: "sam",
      branch: "draft",
      title: "Draft: more nodes",
      files: await edited(r, DEV, "max: 2", "max: 3"),
    });
    expect(noteOf(r, iid, PLAN)).toContain("1 environment: 1 changed");
    expect(planStatus(r, iid)).toBe("success");
  });

  test("a closed one is left alone, and looked at again when it is opened again", async () => {
    const iid = await propose(r, { as: "sam", branch: "closed", files: await edited(r, DEV, "max: 2", "max: 3") });
    const before = noteOf(r, iid, PLAN);
    await r.gitlab.close(iid, { as: "sam" });
    await r.gitlab.push({ branch: "closed", as: "sam", files: await edited(r, DEV, "max: 2", "max: 4") });
    await r.settled();
    expect(noteOf(r, iid, PLAN)).toBe(before);
    await r.gitlab.reopen(iid, { as: "sam" });
    await r.settled();
    expect(noteOf(r, iid, PLAN)).toContain("**`4`**");
  });
});

describe("a head that moves while it is read", () => {
  test.each([
    ["between its branches and the list of open ones", "GET", /merge_requests\?/],
    ["before the status of the old head", "POST", /\/statuses\//],
  ] as const)("%s: the note and the status are those of the new head", async (what, method, path) => {
    const branch = what.replaceAll(" ", "-");
    let second = "";
    r.gitlab.faults.add({
      method,
      path,
      fault: {
        kind: "meanwhile",
        act: async () => {
          second = await r.gitlab.push({ branch, as: "sam", files: await edited(r, DEV, "max: 2", "max: 6") });
        },
      },
    });
    const iid = await open(r, { as: "sam", branch, files: await edited(r, DEV, "max: 2", "max: 3") });
    await r.settled();
    expect(second).toBe(r.gitlab.headOf(iid));
    expect(noteOf(r, iid, PLAN)).toContain("**`6`**");
    expect(planStatus(r, iid)).toBe("success");
  });
});
