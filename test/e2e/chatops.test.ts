/** Chatops, end to end: which notes are commands, who may say them, and what is answered. One rehearsal, one merge request for each state. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { readEntry } from "../../src/core/audit.ts";
import { startRehearsal, type Rehearsal } from "../../src/rehearsal.ts";
import { edited, expectClean, heard, idle, logOf, merge, post, propose, say } from "./actions.ts";
import { seedOf, type Seed } from "./seed.ts";

const STAGE = "environments/stage/ledger-stage.yaml";
vi.setConfig({ testTimeout: 60_000 });

let seed: Seed;
let r: Rehearsal;
let opened: number;
let merged: number;

/** `opened` waits for its merge; `merged` is held, because nobody approved it. */
beforeAll(async () => {
  seed = await seedOf(["ledger-stage"], (platform) => `${platform}\n  commands: {aliases: {ship: apply, st: status}}\n`);
  r = await startRehearsal({ seed: seed.directory });
  await r.settled();
  merged = await propose(r, { as: "sam", branch: "merged", files: await edited(r, STAGE, "min: 2, max: 4", "min: 2, max: 5") });
  await merge(r, merged);
  opened = await propose(r, { as: "sam", branch: "opened", files: await edited(r, STAGE, "min: 2, max: 5", "min: 2, max: 6") });
});
afterEach(async () => {
  expectClean(r);
  await expectNothingPublished();
});
afterAll(async () => {
  await r[Symbol.asyncDispose]();
  await seed[Symbol.asyncDispose]();
});

/** Nobody who speaks in these tests gets anything published. */
async function expectNothingPublished(): Promise<void> {
  expect(await logOf(r, "ledger-stage")).toEqual([]);
}

/** The newest event of the audit log. */
async function lastAudited({ store }: Rehearsal): Promise<unknown> {
  const newest = (await store.list("audit/")).at(-1)?.key ?? "";
  return readEntry(Buffer.from((await store.read(newest))?.body ?? []).toString())?.event;
}

describe("help", () => {
  test.each([
    ["sam", "opened", ["plan", "status"], ["apply"]],
    ["sam", "merged", ["apply", "status"], ["plan"]],
    ["kim", "opened", ["plan", "status"], ["apply", "hold"]],
    ["kim", "merged", ["status"], ["apply", "hold"]],
  ] as const)("lists for %s what may be done on one that is %s, and nothing else", async (as, state, listed, unlisted) => {
    const { answer, reaction } = await say(r, state === "opened" ? opened : merged, as, "/claim help");
    expect(reaction).toBe("white_check_mark");
    for (const verb of listed) expect(answer).toContain(`| \`/claim ${verb}`);
    for (const verb of unlisted) expect(answer).not.toContain(`| \`/claim ${verb}`);
  });
});

describe("the platform's own names for commands", () => {
  test("are commands, and listed to those who may say what they stand for", async () => {
    expect(await say(r, merged, "kim", "/claim st")).toMatchObject({
      reaction: "white_check_mark",
      answer: expect.stringContaining("| **ledger-stage** |"),
    });
    expect((await say(r, merged, "kim", "/claim help")).answer).toContain("own names: `/claim st` is `/claim status`.");
    expect((await say(r, merged, "sam", "/claim help")).answer).toContain("`/claim ship` is `/claim apply`");
  });

  test("lend nobody a right: who may not apply may not ship", async () => {
    const { answer, reaction } = await say(r, merged, "kim", "/claim ship ledger-stage");
    expect(reaction).toBe("x");
    expect(answer).toMatch(/^.*\n\n`\/claim apply \[environment\] \[digest\]` — you may not do that here/);
    expect(await lastAudited(r)).toMatchObject({
      kind: "Command",
      line: "/claim ship ledger-stage",
      command: { kind: "apply", environment: "ledger-stage" },
      verdict: "refused",
    });
  });

  test("are named where one was nearly said", async () => {
    expect((await say(r, opened, "mara", "/claim shpi")).answer).toContain("Did you mean /claim ship?");
  });

  test("do not wake the bot by its own answers: help holds no line that is one", async () => {
    const before = r.gitlab.notes(merged).length;
    await say(r, merged, "sam", "/claim help");
    expect(r.gitlab.notes(merged)).toHaveLength(before + 2);
  });

  test("in an edited note are never run", async () => {
    const { id } = await say(r, merged, "mara", "Looks good");
    await r.gitlab.editNote(merged, id, "/claim ship", { as: "mara" });
    await idle(r);
    expect(heard(r, merged, id)).toEqual({ answer: undefined, reaction: undefined });
  });
});

describe("diff", () => {
  test("shows the plan of an open merge request in full", async () => {
    const { answer, reaction } = await say(r, opened, "kim", "/claim diff ledger-stage");
    expect(reaction).toBe("white_check_mark");
    expect(answer).toMatch(/\*\*ledger-stage\*\*: plan `[0-9a-f]{12}` of this head/);
    expect(answer).toContain("<details><summary><b>flux</b>");
  });

  test("says of one that waits for approvals that the plan now is the reviewed one", async () => {
    const { answer } = await say(r, merged, "kim", "/claim diff");
    expect(answer).toMatch(/\*\*ledger-stage\*\*: the plan now is the reviewed one, `[0-9a-f]{12}`/);
    expect(answer).not.toContain("/claim apply");
  });
});

describe("who may not", () => {
  test("is told by which rule, and nothing is done", async () => {
    const { answer, reaction } = await say(r, merged, "kim", "/claim apply");
    expect(reaction).toBe("x");
    expect(answer).toContain("you may not do that here");
    expect(answer).toMatch(/stage\.cedar line \d+/);
    expect(answer).toContain("Nothing was done.");
  });

  test("a developer of another team neither", async () => {
    const { answer, reaction } = await say(r, merged, "ana", "/claim apply ledger-stage");
    expect({ reaction, refused: answer?.includes("you may not do that here") }).toEqual({ reaction: "x", refused: true });
  });

  test("and who may is still held by the gates: a command lends nobody an approval", async () => {
    const { answer, reaction } = await say(r, merged, "sam", "/claim apply");
    expect(reaction).toBe("x");
    expect(answer).toContain("`ledger-stage` is held");
  });
});

describe("what is no command", () => {
  test.each([
    ["a quoted one", "> /claim apply\n\nDid you mean that?"],
    ["one in a fence", "```\n/claim apply\n```"],
    ["one in the middle of a sentence", "Say /claim apply when you are ready"],
    ["one that is indented as code", "Look:\n\n    /claim apply\n"],
  ])("%s: no answer, no reaction", async (_what, text) => {
    const { answer, reaction } = await say(r, merged, "mara", text);
    expect({ answer, reaction }).toEqual({ answer: undefined, reaction: undefined });
  });

  test("a note that is edited into one", async () => {
    const { id } = await say(r, merged, "mara", "Looks good");
    await r.gitlab.editNote(merged, id, "/claim apply", { as: "mara" });
    await idle(r);
    expect(heard(r, merged, id)).toEqual({ answer: undefined, reaction: undefined });
  });

  test("a command that is edited before it is read: refused, and said so", async () => {
    r.gitlab.faults.add({
      method: "GET",
      path: /\/notes\/\d+/,
      fault: {
        kind: "meanwhile",
        act: async () => {
          const last = r.gitlab.notes(merged).at(-1);
          await r.gitlab.editNote(merged, last?.id ?? 0, "/claim apply ledger-stage", { as: "mara" });
        },
      },
    });
    const { answer, reaction } = await say(r, merged, "mara", "/claim status");
    expect(reaction).toBe("x");
    expect(answer).toContain("was edited");
  });

  test("but one that somebody reacts to before it is read was not edited", async () => {
    r.gitlab.faults.add({
      method: "GET",
      path: /\/notes\/\d+/,
      fault: {
        kind: "meanwhile",
        act: async () => r.gitlab.react(merged, r.gitlab.notes(merged).at(-1)?.id ?? 0, "rocket", { as: "kim" }),
      },
    });
    const { answer, reaction } = await say(r, merged, "mara", "/claim status");
    expect(answer).toContain("ledger-stage");
    expect(reaction).toBe("white_check_mark");
  });

  test("a note of a bot, its own or another's", async () => {
    const other = r.gitlab.createBot({ name: "another" }).user;
    for (const as of [r.bot.username, other.username]) {
      const { answer, reaction } = await say(r, merged, as, "/claim apply");
      expect({ answer, reaction }).toEqual({ answer: undefined, reaction: undefined });
    }
  });
});

describe("what is nearly a command", () => {
  test("is answered with what was probably meant, and nothing is done", async () => {
    const { answer, reaction } = await say(r, opened, "mara", "/claim pla");
    expect(reaction).toBe("x");
    expect(answer).toContain("Did you mean /claim plan?");
  });

  test("in the wrong state: apply before the merge says that nothing is applied before it", async () => {
    const { answer, reaction } = await say(r, opened, "mara", "/claim apply");
    expect(reaction).toBe("x");
    expect(answer).toContain("Nothing is applied before the merge");
  });

  test("about an environment that is not there", async () => {
    const { answer } = await say(r, opened, "mara", "/claim status nowhere-stage");
    expect(answer).toContain("there is no environment `nowhere-stage`");
  });
});

describe("a head that moved", () => {
  test("a command about another head than the one that is there is refused as stale", async () => {
    // Pushed after the comment, and before claimbot reads the merge request.
    r.gitlab.faults.add({
      method: "GET",
      path: new RegExp(`/merge_requests/${opened}$`),
      fault: {
        kind: "meanwhile",
        act: async () => void (await r.gitlab.push({ branch: "opened", as: "sam", files: { "README.md": "Meanwhile\n" } })),
      },
    });
    const { answer, reaction } = await say(r, opened, "mara", "/claim plan");
    expect(reaction).toBe("x");
    expect(answer).toContain("Refused as stale");
  });
});

describe("an event that GitLab makes late", () => {
  test("tells of a head that came after the comment: refused as stale", async () => {
    r.gitlab.dropNextWebhook();
    const { id } = await say(r, opened, "mara", "/claim plan");
    const lost = r.gitlab.discussions(opened).find(({ notes }) => notes.some((note) => note.id === id));
    await r.gitlab.push({ branch: "opened", as: "sam", files: { "README.md": "Later\n" } });
    await idle(r);
    const time = r.gitlab.note(opened, id).createdAt.toISOString();
    const payload = {
      object_kind: "note",
      user: { id: 1, username: "mara" },
      project: { id: r.gitlab.project.id },
      object_attributes: {
        id,
        note: "/claim plan",
        noteable_type: "MergeRequest",
        discussion_id: lost?.id,
        action: "create",
        created_at: time,
        updated_at: time,
      },
      merge_request: { iid: opened, last_commit: { id: r.gitlab.headOf(opened) } },
    };
    expect((await post(r, "Note Hook", JSON.stringify(payload))).status).toBe(202);
    await idle(r);
    expect(heard(r, opened, id)).toEqual({ answer: expect.stringContaining("Refused as stale"), reaction: "x" });
  });
});

describe("a webhook that comes twice", () => {
  test("as GitLab repeats it: the command runs once", async () => {
    r.gitlab.doubleNextWebhook();
    const { id, reaction } = await say(r, opened, "mara", "/claim status");
    expect(reaction).toBe("white_check_mark");
    const answers = r.gitlab.notes(opened, { by: r.bot.username }).filter(({ body }) => body.includes(`claimbot:answer:${id}`));
    expect(answers).toHaveLength(1);
  });

  test("as somebody replays it, under a new id and with a right signature: still once", async () => {
    const { id } = await say(r, opened, "mara", "/claim status");
    const sent = r.gitlab.deliveries.find(
      ({ payload }) => (payload["object_attributes"] as { id?: unknown } | undefined)?.id === id,
    );
    const before = r.gitlab.notes(opened).length;
    const response = await post(r, "Note Hook", JSON.stringify(sent?.payload));
    expect(response.status).toBe(202);
    await idle(r);
    expect(r.gitlab.notes(opened)).toHaveLength(before);
    expect(heard(r, opened, id).reaction).toBe("white_check_mark");
  });
});

test("where open threads keep from merging, an answer to a comment that stood alone leaves none; in a thread of people it resolves nothing", async () => {
  const { settings, mergeRequests } = r.gitlab.project;
  settings.onlyMergeIfDiscussionsResolved = true;
  await r.restart();
  const resolvedIn = (note: number): readonly unknown[] =>
    mergeRequests
      .find(({ iid }) => iid === opened)
      ?.discussions.find(({ notes }) => notes.some(({ id }) => id === note))
      ?.notes.map(({ resolved }) => resolved?.by.username) ?? [];
  const alone = await say(r, opened, "sam", "/claim why");
  expect(resolvedIn(alone.id)).toEqual([r.bot.username, r.bot.username]);

  const talk = (await r.gitlab.comment(opened, "Is six right?", { as: "kim" })) ?? 0;
  await r.gitlab.comment(opened, "/claim why", { as: "sam", replyTo: talk });
  await idle(r);
  expect(resolvedIn(talk)).toEqual([undefined, undefined, undefined]);
  settings.onlyMergeIfDiscussionsResolved = false;
  await r.restart();
});
