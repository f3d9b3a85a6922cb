/** Upkeep, end to end: what no webhook told, and what nobody has to tell. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { startRehearsal, type Rehearsal } from "../../src/rehearsal.ts";
import {
  botNotes,
  edited,
  expectClean,
  heard,
  idle,
  logOf,
  merge,
  noteOf,
  open,
  PLAN,
  post,
  propose,
  report,
  say,
} from "./actions.ts";
import { seedOf, type Seed } from "./seed.ts";

const DEV = "environments/dev/ledger-dev.yaml";
const SUE = "environments/sue/search-vectors-sue.yaml";
vi.setConfig({ testTimeout: 60_000 });

/** How far claimbot's clock is ahead. */
let aheadMs = 0;
let seed: Seed;
let r: Rehearsal;

const HOUR_MS = 3_600_000;
/** Each day twelve hours from now, for two hours: not while the others are tested, on whatever day. */
const frozenFrom = new Date(Date.now() + 12 * HOUR_MS);
const NIGHTS = `    - key: nights
      types: [dev]
      rrule: FREQ=DAILY;BYHOUR=${frozenFrom.getUTCHours()};BYMINUTE=${frozenFrom.getUTCMinutes()}
      timeZone: UTC
      duration: 2h
      reason: Nobody is awake
`;

beforeAll(async () => {
  seed = await seedOf(["ledger-dev", "search-vectors-sue"], (text) => text.replace(/^  freezes:\n/m, `$&${NIGHTS}`));
  r = await startRehearsal({ seed: seed.directory, now: () => new Date(Date.now() + aheadMs) });
  await idle(r);
});
afterEach(() => expectClean(r));
afterAll(async () => {
  await r[Symbol.asyncDispose]();
  await seed[Symbol.asyncDispose]();
});

/** What the timer does. */
async function sweep(): Promise<void> {
  await r.service.queue.enqueue({ kind: "sweep" });
  await idle(r);
}

/** GitLab's webhooks are lost while something happens. */
async function unheard<T>(work: () => Promise<T>): Promise<T> {
  const hooks = r.gitlab.project.hooks.splice(0);
  try {
    return await work();
  } finally {
    await r.gitlab.webhooksSettled();
    r.gitlab.project.hooks.push(...hooks);
  }
}

describe("lost webhooks", () => {
  test("of a merge request that was opened, pushed to, and merged: each sweep repairs what was lost", async () => {
    const iid = await unheard(async () =>
      open(r, { as: "sam", branch: "unheard", files: await edited(r, DEV, "max: 2", "max: 3") }),
    );
    await idle(r);
    expect(botNotes(r, iid, PLAN)).toEqual([]);
    await sweep();
    expect(noteOf(r, iid, PLAN)).toContain("**`3`**");

    await unheard(async () => r.gitlab.push({ branch: "unheard", as: "sam", files: await edited(r, DEV, "max: 2", "max: 4") }));
    await sweep();
    expect(noteOf(r, iid, PLAN)).toContain("**`4`**");

    await unheard(async () => r.gitlab.merge(iid, { as: "mara" }));
    await idle(r);
    expect(await logOf(r, "ledger-dev")).toHaveLength(1);
    await sweep();
    expect(await logOf(r, "ledger-dev")).toHaveLength(2);
    expect(noteOf(r, iid, report("ledger-dev"))).toContain("🟢 ledger-dev is live");
  });

  test("a sweep with nothing to repair writes nothing: no note, no record, no call that changes anything", async () => {
    const servers = [r.gitlab, r.cloudflare, r.flux];
    const before = servers.map(({ faults }) => faults.requests.length);
    const objects = await r.store.list("");
    await sweep();
    const writes = servers.flatMap(({ faults }, index) =>
      faults.requests.slice(before[index]).filter(({ method, path }) => method !== "GET" && !path.endsWith("/git-upload-pack")),
    );
    expect(writes).toEqual([]);
    expect(await r.store.list("")).toEqual(objects);
  });
});

describe("a command that no webhook told of", () => {
  const saidUnheard = async (iid: number, as: string, text: string): Promise<number> =>
    unheard(async () => (await r.gitlab.comment(iid, text, { as })) ?? Number.NaN);
  const answersTo = (iid: number, id: number): number => botNotes(r, iid, `claimbot:answer:${id}`).length;
  const proposed = async (branch: string): Promise<number> =>
    propose(r, { as: "sam", branch, files: await edited(r, DEV, "max: 4", "max: 6") });

  test("is done after one sweep, and by no other sweep and no late webhook again", async () => {
    // No sweep has seen this merge request yet, and nobody told that it was opened.
    const iid = await unheard(async () =>
      open(r, { as: "sam", branch: "held", files: await edited(r, DEV, "max: 4", "max: 6") }),
    );
    const hold = await saidUnheard(iid, "mara", "/claim hold");
    await idle(r);
    expect(heard(r, iid, hold)).toEqual({ answer: undefined, reaction: undefined });
    await sweep();
    expect(heard(r, iid, hold).reaction).toBe("white_check_mark");
    expect(r.gitlab.reactions(iid, hold)[0]).toContain(":eyes");
    expect(r.gitlab.mergeRequest(iid).labels).toContain("claimbot::hold");
    const unhold = await saidUnheard(iid, "mara", "/claim unhold");
    await sweep();
    expect(heard(r, iid, unhold).reaction).toBe("white_check_mark");
    expect(r.gitlab.mergeRequest(iid).labels).not.toContain("claimbot::hold");

    const again = await say(r, iid, "mara", "/claim status");
    await sweep();
    await post(r, "Note Hook", JSON.stringify(noteHook(iid, hold)));
    expect((await r.service.queue.deliveries(1))[0]?.decision).toContain(`note ${hold} holds a command`);
    await sweep();
    expect([hold, unhold, again.id].map((id) => answersTo(iid, id))).toEqual([1, 1, 1]);
    expect(r.gitlab.mergeRequest(iid).labels).not.toContain("claimbot::hold");
    await r.gitlab.close(iid, { as: "sam" });
  });

  test("is left alone once it was edited", async () => {
    const iid = await proposed("reworded");
    const id = await saidUnheard(iid, "mara", "/claim status");
    const since = r.gitlab.note(iid, id).createdAt.getTime();
    await vi.waitUntil(() => Date.now() > since, { interval: 1 });
    await unheard(async () => r.gitlab.editNote(iid, id, "/claim hold", { as: "mara" }));
    await sweep();
    expect(heard(r, iid, id)).toEqual({ answer: undefined, reaction: undefined });
    await r.gitlab.close(iid, { as: "sam" });
  });

  test("is not done where the database was lost since, for nobody knows whether it was; what is said from then on is", async () => {
    const iid = await proposed("forgotten");
    const done = await say(r, iid, "mara", "/claim hold");
    await say(r, iid, "mara", "/claim unhold");
    const old = await saidUnheard(iid, "mara", "/claim hold");
    await r.service.drain();
    await rm(join(r.env["CLAIMBOT_DATA_DIR"] ?? "", "database"), { recursive: true });
    await r.restart();
    await idle(r);
    await sweep();
    const now = await saidUnheard(iid, "mara", "/claim status");
    await sweep();
    expect([done.id, old, now].map((id) => answersTo(iid, id))).toEqual([1, 0, 1]);
    expect(r.gitlab.mergeRequest(iid).labels).not.toContain("claimbot::hold");
    await r.gitlab.close(iid, { as: "sam" });
  });
});

/** As GitLab sends it for a new comment on a merge request. */
function noteHook(iid: number, id: number): unknown {
  const { author, body } = r.gitlab.note(iid, id);
  const discussion = r.gitlab.discussions(iid).find(({ notes }) => notes.some((note) => note.id === id));
  const project = r.gitlab.project.id;
  return {
    object_kind: "note",
    user: { id: author.id, username: author.username },
    project: { id: project },
    merge_request: { iid, target_project_id: project, last_commit: { id: r.gitlab.headOf(iid) } },
    object_attributes: {
      id,
      note: body,
      noteable_type: "MergeRequest",
      author_id: author.id,
      action: "create",
      system: false,
      discussion_id: discussion?.id,
    },
  };
}

describe("a default branch that moved", () => {
  test("the open merge requests are planned anew against it", async () => {
    const iid = await propose(r, { as: "sam", branch: "behind", files: await edited(r, DEV, "max: 4", "max: 5") });
    const other = await propose(r, {
      as: "sam",
      branch: "first",
      files: await edited(r, DEV, "min: 1, max: 4", "min: 2, max: 4"),
    });
    await merge(r, other);
    await sweep();
    // The two changes are on one line, so they conflict: known without a push.
    expect(noteOf(r, iid, PLAN)).toContain("conflicts with its target");
  });
});

describe("expiry", () => {
  test("a sue environment goes when its time is over: unexposed first, and its log ends in Removed", async () => {
    expect(await logOf(r, "search-vectors-sue")).toMatchObject([{ kind: "Publication" }]);
    const exposed = (): number => r.cloudflare.records("example.org").filter(({ name }) => name.includes(".sue.")).length;
    expect(exposed()).toBe(1);
    aheadMs = 3 * 24 * 3_600_000;
    let exposedAtTeardown: number | undefined;
    r.flux.faults.add({ path: /^\/hook\//, fault: { kind: "meanwhile", act: () => void (exposedAtTeardown = exposed()) } });
    await sweep();
    expect(exposedAtTeardown).toBe(0);
    expect((await logOf(r, "search-vectors-sue")).map(({ kind }) => kind)).toEqual(["Publication", "Tombstone", "Removed"]);
    expect(exposed()).toBe(0);
    expect(r.flux.objects().filter(({ metadata }) => metadata.namespace === "env-search-vectors-sue")).toEqual([]);
    // The claim is still there, and wants nothing: the next sweep does not bring it back.
    expect(await r.gitlab.file(SUE)).toBeDefined();
    await sweep();
    expect(await logOf(r, "search-vectors-sue")).toHaveLength(3);
  });
});

describe("a freeze that repeats", () => {
  test("holds what is merged in it, and the first sweep after its end releases it", async () => {
    const [, max = ""] = /max: (\d+)/.exec((await r.gitlab.file(DEV)) ?? "") ?? [];
    const iid = await propose(r, {
      as: "sam",
      branch: "late",
      files: await edited(r, DEV, `max: ${max}`, `max: ${Number(max) + 1}`),
    });
    const before = await say(r, iid, "sam", "/claim why ledger-dev");
    expect(before.answer).toContain("nothing stands in the way");
    expect(before.answer).toMatch(/Next freeze starts \w+day \d{4}-\d\d-\d\d \d\d:\d\d UTC \(nights: Nobody is awake\)\./);

    const published = (await logOf(r, "ledger-dev")).length;
    aheadMs += 13 * HOUR_MS;
    await merge(r, iid);
    const held = noteOf(r, iid, report("ledger-dev"));
    expect(held).toContain("🟠 ledger-dev is held: there is a freeze");
    expect(held).toMatch(
      /frozen until \w+day .* UTC \(nights: Nobody is awake\); that is the next open slot, and it goes on by itself then/,
    );
    const { answer } = await say(r, iid, "sam", "/claim why ledger-dev");
    expect(answer).toContain("**ledger-dev** waits for freeze.");
    expect(answer).toMatch(/✗ \*\*freeze\*\*: frozen until/);
    expect(answer).not.toContain("Next freeze");
    await sweep();
    expect(noteOf(r, iid, report("ledger-dev"))).toBe(held);
    expect(await logOf(r, "ledger-dev")).toHaveLength(published);

    aheadMs += HOUR_MS;
    await sweep();
    expect(noteOf(r, iid, report("ledger-dev"))).toContain("🟢 ledger-dev is live");
    expect(await logOf(r, "ledger-dev")).toHaveLength(published + 1);
  });
});
