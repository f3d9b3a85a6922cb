import { existsSync, readdirSync, readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decide, type IntakeFacts } from "../../src/core/intake.ts";
import { digestOfBytes } from "../../src/core/json.ts";
import { jobKey } from "../../src/core/ports.ts";

const PROJECT = 71;
const BOT = 900;
const HEAD = "a".repeat(40);
const FACTS: IntakeFacts = { projectId: PROJECT, botId: BOT, defaultBranch: "main" };

type Members = Readonly<Record<string, unknown>>;

function mergeRequestHook(attributes: Members, changes: Members = {}): Members {
  return {
    object_kind: "merge_request",
    user: { id: 5, username: "mara" },
    project: { id: PROJECT, default_branch: "main" },
    object_attributes: {
      iid: 12,
      state: "opened",
      target_branch: "main",
      target_project_id: PROJECT,
      source_project_id: PROJECT,
      last_commit: { id: HEAD },
      ...attributes,
    },
    changes,
  };
}

function noteHook(attributes: Members, other: Members = {}): Members {
  return {
    object_kind: "note",
    user: { id: 5, username: "mara" },
    project_id: PROJECT,
    project: { id: PROJECT, default_branch: "main" },
    object_attributes: {
      id: 4711,
      note: "/claim plan",
      noteable_type: "MergeRequest",
      author_id: 5,
      discussion_id: "d15c",
      system: false,
      action: "create",
      created_at: "2026-11-24 08:00:00 UTC",
      updated_at: "2026-11-24 08:00:00 UTC",
      ...attributes,
    },
    merge_request: { iid: 12, target_project_id: PROJECT, last_commit: { id: HEAD } },
    ...other,
  };
}

function pushHook(members: Members): Members {
  return {
    object_kind: "push",
    ref: "refs/heads/main",
    before: "b".repeat(40),
    after: HEAD,
    user_id: 5,
    project_id: PROJECT,
    ...members,
  };
}

const keysOf = (event: string, body: unknown, facts: IntakeFacts = FACTS): readonly string[] =>
  decide(event, body, facts).jobs.map(jobKey);

describe("a merge request", () => {
  const moved = { previous: 1, current: 2 };
  test.each<[string, Members, Members, readonly string[], string]>([
    ["is opened", { action: "open" }, {}, ["mr:12"], "opened"],
    ["is opened again", { action: "reopen" }, {}, ["mr:12"], "opened again"],
    ["gets new commits", { action: "update", oldrev: "c".repeat(40) }, { updated_at: moved }, ["mr:12"], "new commits"],
    ["gets another target", { action: "update" }, { target_branch: moved }, ["mr:12"], "another target"],
    [
      "gets another target, as told in 2023",
      { action: "update" },
      { merge_status: moved },
      ["mr:12"],
      "whether it can be merged changed",
    ],
    ["becomes ready", { action: "update" }, { draft: { previous: true, current: false } }, ["mr:12"], "draft or ready"],
    [
      "becomes ready, by its title",
      { action: "update" },
      { title: { previous: "Draft: x", current: "x" } },
      ["mr:12"],
      "draft or ready",
    ],
    [
      "becomes a draft, by its title",
      { action: "update" },
      { title: { previous: "x", current: "[WIP] x" } },
      ["mr:12"],
      "draft or ready",
    ],
    ["gets or loses a label such as the one that holds", { action: "update" }, { labels: moved }, ["mr:12"], "other labels"],
    ["is approved", { action: "approved" }, {}, ["mr:12"], "approved"],
    ["is approved by one of several", { action: "approval" }, {}, ["mr:12"], "approved"],
    ["loses its approval", { action: "unapproved" }, {}, ["mr:12"], "an approval was withdrawn"],
    ["loses one approval", { action: "unapproval" }, {}, ["mr:12"], "an approval was withdrawn"],
    ["loses approvals by a push", { action: "unapproved", system: true }, {}, ["mr:12"], "an approval was withdrawn"],
    ["is closed", { action: "close", state: "closed" }, {}, ["mr:12"], "closed"],
    ["is merged", { action: "merge", state: "merged" }, {}, ["fan-out"], "merged"],
    ["is approved after its merge", { action: "approved", state: "merged" }, {}, ["fan-out"], "approved"],
    ["loses its hold after its merge", { action: "update", state: "merged" }, { labels: moved }, ["fan-out"], "other labels"],
    [
      "is merged into another branch",
      { action: "merge", state: "merged", target_branch: "next" },
      {},
      [],
      "merged, but not into the default branch",
    ],
    [
      "gets another title",
      { action: "update" },
      { title: { previous: "x", current: "y" } },
      [],
      "nothing changed that a plan stands on",
    ],
    ["gets another description", { action: "update" }, { description: moved }, [], "nothing changed that a plan stands on"],
    ["gets another reviewer", { action: "update" }, { reviewers: [[], []] }, [], "nothing changed that a plan stands on"],
    ["changes in nothing", { action: "update" }, { updated_at: moved }, [], "nothing changed that a plan stands on"],
    ["does what no GitLab we know does", { action: "levitate" }, {}, [], "nothing changed that a plan stands on"],
  ])("%s", (_, attributes, changes, jobs, reason) => {
    const body = mergeRequestHook(attributes, changes);
    expect(keysOf("Merge Request Hook", body)).toEqual(jobs);
    expect(decide("Merge Request Hook", body, FACTS).decision).toBe(`merge request 12: ${reason}`);
  });

  test.each<[string, Members, IntakeFacts]>([
    ["of another project", { ...mergeRequestHook({ action: "open" }), project: { id: 72 } }, FACTS],
    ["aimed at another project", mergeRequestHook({ action: "open", target_project_id: 72 }), FACTS],
    [
      "aimed at another project than it says, before we know ours",
      mergeRequestHook({ action: "open", target_project_id: 72 }),
      { ...FACTS, projectId: undefined },
    ],
    ["of no project", { ...mergeRequestHook({ action: "open", target_project_id: undefined }), project: undefined }, FACTS],
    ["whose project is a text", { ...mergeRequestHook({ action: "open" }), project: { id: String(PROJECT) } }, FACTS],
    ["without a number", mergeRequestHook({ action: "open", iid: undefined }), FACTS],
    ["with a number below one", mergeRequestHook({ action: "open", iid: -1 }), FACTS],
    ["of another kind than the header says", { ...mergeRequestHook({ action: "open" }), object_kind: "note" }, FACTS],
  ])("is refused: one %s", (_, body, facts) => {
    expect(keysOf("Merge Request Hook", body, facts)).toEqual([]);
  });

  test("of a fork is looked at like any other", () => {
    expect(keysOf("Merge Request Hook", mergeRequestHook({ action: "open", source_project_id: 72 }))).toEqual(["mr:12"]);
  });
});

describe("a note", () => {
  test("with a command becomes a job with all that finds it again", () => {
    const said = digestOfBytes("/claim plan");
    expect(decide("Note Hook", noteHook({}), FACTS)).toEqual({
      jobs: [{ kind: "command", project: PROJECT, mergeRequest: 12, note: 4711, discussion: "d15c", intendedSha: HEAD, said }],
      decision: "merge request 12: note 4711 holds a command",
    });
  });

  test.each<[string, string, Members]>([
    ["that is confidential", "Confidential Note Hook", noteHook({ internal: true })],
    ["with a mistyped command, to be answered", "Note Hook", noteHook({ note: "/claim plam" })],
    ["with a name of the platform's own for one, as far as we know yet", "Note Hook", noteHook({ note: "/claim ship" })],
    ["of a GitLab without actions, never edited", "Note Hook", noteHook({ action: undefined })],
  ])("is read: one %s", (_, event, body) => {
    expect(keysOf(event, body)).toEqual([`note:${PROJECT}:4711`]);
  });

  test("that was changed before its event was made is read, and nobody knows what it said when it was new", () => {
    const [job] = decide("Note Hook", noteHook({ updated_at: "2026-11-24 08:00:03 UTC" }), FACTS).jobs;
    expect(job).toMatchObject({ kind: "command", note: 4711 });
    expect(job).not.toHaveProperty("said");
  });

  test("about no known head is read, and says so", () => {
    const [job] = decide("Note Hook", noteHook({}, { merge_request: { iid: 12, last_commit: { id: "main" } } }), FACTS).jobs;
    expect(job).toEqual(expect.objectContaining({ kind: "command", intendedSha: undefined }));
  });

  test.each<[string, Members, string]>([
    ["without a command", noteHook({ note: "lgtm" }), "a note without a command"],
    ["that only quotes a command", noteHook({ note: "> /claim apply" }), "a note without a command"],
    ["that only quotes an alias", noteHook({ note: "> /claim ship" }), "a note without a command"],
    ["that was edited", noteHook({ action: "update" }), "an edited note: only new ones are read"],
    ["with an action that we do not know", noteHook({ action: "created" }), "an edited note: only new ones are read"],
    [
      "that a GitLab without actions says was edited",
      noteHook({ action: undefined, updated_at: "2026-11-24 08:00:01 UTC" }),
      "an edited note: only new ones are read",
    ],
    [
      "without an action or times",
      noteHook({ action: undefined, created_at: undefined, updated_at: undefined }),
      "an edited note: only new ones are read",
    ],
    ["that GitLab wrote", noteHook({ system: true }), "a note that GitLab itself wrote"],
    ["on an issue", noteHook({ noteable_type: "Issue" }), "a note, but not on a merge request"],
    ["by us", noteHook({ author_id: BOT }, { user: { id: BOT } }), "our own note"],
    ["by us, as only one field says", noteHook({ author_id: BOT }), "our own note"],
    ["by a project's token", noteHook({}, { user: { id: 6, username: "project_71_bot_0a1b2c" } }), "a note by a bot"],
    ["by a group's token", noteHook({}, { user: { id: 6, username: "group_114_bot2" } }), "a note by a bot"],
    ["by nobody", noteHook({ author_id: undefined }, { user: undefined }), "a note without an author"],
    ["without an id", noteHook({ id: "4711" }), "a note without its address"],
    ["without a thread", noteHook({ discussion_id: undefined }), "a note without its address"],
    ["without a merge request", noteHook({}, { merge_request: null }), "a note without its address"],
    ["of another project", noteHook({}, { project: { id: 72 } }), "from a project that we do not serve"],
    [
      "on another project's merge request",
      noteHook({}, { merge_request: { iid: 12, target_project_id: 72 } }),
      "from a project that we do not serve",
    ],
  ])("is left alone: one %s", (_, body, decision) => {
    expect(decide("Note Hook", body, FACTS)).toEqual({ jobs: [], decision });
  });
});

describe("a push", () => {
  const pushed = { sha: HEAD, userId: 5 };
  test.each<[string, Members, object]>([
    ["to the default branch", pushHook({}), { jobs: [{ kind: "fan-out" }], decision: "the default branch moved", pushed }],
    ["by nobody we can name", pushHook({ user_id: null }), { jobs: [{ kind: "fan-out" }], decision: "the default branch moved" }],
    [
      "to another branch",
      pushHook({ ref: "refs/heads/x" }),
      { jobs: [], decision: "a push to another branch; its merge request tells of it", pushed },
    ],
    [
      "to a tag named like the branch",
      pushHook({ ref: "refs/tags/main" }),
      { jobs: [], decision: "a push to another branch; its merge request tells of it", pushed },
    ],
    ["that deletes a branch", pushHook({ after: "0".repeat(40) }), { jobs: [], decision: "a branch was deleted" }],
    ["without a commit", pushHook({ after: "main" }), { jobs: [], decision: "a push without a ref and a commit" }],
    ["of another project", pushHook({ project_id: 72 }), { jobs: [], decision: "from a project that we do not serve" }],
  ])("%s", (_, body, intake) => {
    expect(decide("Push Hook", body, FACTS)).toEqual(intake);
  });

  test("goes by our own default branch, and by the payload's until we know it", () => {
    const body = pushHook({ ref: "refs/heads/trunk", project: { id: PROJECT, default_branch: "trunk" } });
    expect(keysOf("Push Hook", body)).toEqual([]);
    expect(keysOf("Push Hook", body, { ...FACTS, defaultBranch: undefined })).toEqual(["fan-out"]);
    expect(keysOf("Push Hook", pushHook({}), { ...FACTS, defaultBranch: undefined })).toEqual([]);
  });
});

describe("whatever comes in", () => {
  const events = [
    "Merge Request Hook",
    "Note Hook",
    "Confidential Note Hook",
    "Push Hook",
    "System Hook",
    "Tag Push Hook",
    "",
    "__proto__",
    "constructor",
  ];

  test.each(["System Hook", "Tag Push Hook", "Pipeline Hook", "Deployment Hook", "Emoji Hook", "", "__proto__", "constructor"])(
    "%j is not for us",
    (event) => {
      expect(decide(event, mergeRequestHook({ action: "open" }), FACTS)).toEqual({
        jobs: [],
        decision: "not an event that we listen to",
      });
    },
  );

  test("it never throws, and without a project there are no jobs", () => {
    fc.assert(
      fc.property(fc.constantFrom(...events), fc.jsonValue({ maxDepth: 4 }), (event, body) => {
        expect(decide(event, body, FACTS).jobs).toEqual([]);
      }),
    );
  });

  test("a good body with one member replaced by anything gives no job of another project or without its address", () => {
    const good = {
      "Merge Request Hook": mergeRequestHook({ action: "merge" }),
      "Note Hook": noteHook({}),
      "Push Hook": pushHook({}),
    };
    const paths = Object.entries(good).flatMap(([event, body]) => pathsOf(body).map((path) => ({ event, body, path })));
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue({ maxDepth: 2 }), ({ event, body, path }, value) => {
        for (const job of decide(event, replaced(body, path, value), FACTS).jobs) {
          if (job.kind === "review" || job.kind === "command") expect(job.mergeRequest).toBeGreaterThan(0);
          if (job.kind === "command")
            expect(job).toEqual(
              expect.objectContaining({ project: PROJECT, note: expect.any(Number), discussion: expect.any(String) }),
            );
        }
      }),
      { numRuns: 1000 },
    );
  });
});

function pathsOf(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (value === null || typeof value !== "object") return [path];
  return [path, ...Object.entries(value).flatMap(([name, member]) => pathsOf(member, [...path, name]))];
}

function replaced(value: unknown, [name, ...rest]: readonly string[], by: unknown): unknown {
  if (name === undefined) return by;
  const members = value as Members;
  return { ...members, [name]: replaced(members[name], rest, by) };
}

const FIXTURES = new URL("../../../shared/fixtures/gitlab-webhooks/", import.meta.url);

/** What each recorded payload asks for, when the project that it names is ours. */
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  "access-token-group-expiring.json": [],
  "access-token-project-expiring.json": [],
  "deployment-2.json": [],
  "deployment-failed.json": [],
  "deployment-running.json": [],
  "deployment.json": [],
  "emoji-award-on-note.json": [],
  "job.json": [],
  "member-added.json": [],
  "mr-approved-2.json": ["mr:4"],
  "mr-approved.json": ["mr:3"],
  "mr-close.json": ["mr:4"],
  "mr-merge-2.json": ["fan-out"],
  "mr-merge-old-shape.json": [],
  "mr-merge.json": ["fan-out"],
  "mr-open-external-status-check.json": ["mr:20"],
  "mr-open-gitlab-19-docs.json": ["mr:16"],
  "mr-open-many-changes-keys.json": ["mr:12"],
  "mr-open-subgroup.json": ["mr:2"],
  "mr-open.json": ["mr:3"],
  "mr-reopen.json": ["mr:1"],
  "mr-unapproved-empty-changes.json": ["mr:3"],
  "mr-unapproved-system-reset.partial.json": [],
  "mr-unknown-action.json": [],
  "mr-update-assigned.json": [],
  "mr-update-demilestoned.json": [],
  "mr-update-labels.json": ["mr:3"],
  "mr-update-mark-as-ready.json": ["mr:3"],
  "mr-update-mixed.json": [],
  "mr-update-new-commit-oldrev-2.json": ["mr:3"],
  "mr-update-new-commit-oldrev.json": ["mr:3"],
  "mr-update-only-updated_at.json": [],
  "mr-update-review-rerequested.partial.json": [],
  "mr-update-reviewer-requested.json": [],
  "mr-update-target-branch.json": ["mr:3"],
  "mr-update-title-description.json": [],
  "note-issue-confidential.json": [],
  "note-issue-create.json": [],
  "note-mr-comment-2.json": [],
  "note-mr-comment.json": [],
  "note-mr-create.json": [],
  "note-mr-diff-review-comment.json": [],
  "note-mr-old-no-action.json": [],
  "note-mr-plain-text-no-command.json": [],
  "note-mr-subgroup.json": [],
  "pipeline-2.json": [],
  "pipeline-failed.json": [],
  "pipeline-pending.json": [],
  "pipeline-running.json": [],
  "pipeline.json": [],
  "push-branch-create.json": [],
  "push-branch-delete.json": [],
  "push-branch.json": [],
  "push-docs-example.json": ["fan-out"],
  "push-merge-commit.json": ["fan-out"],
  "request-headers-push.json": [],
  "tag-push.json": [],
};

const HEADERS: Readonly<Record<string, string>> = {
  merge_request: "Merge Request Hook",
  push: "Push Hook",
  tag_push: "Tag Push Hook",
  build: "Job Hook",
  pipeline: "Pipeline Hook",
  deployment: "Deployment Hook",
  emoji: "Emoji Hook",
  access_token: "Resource Access Token Hook",
};

describe.skipIf(!existsSync(FIXTURES))("recorded payloads of GitLab 8 to 19", () => {
  const unknownProject: IntakeFacts = { projectId: undefined, botId: BOT, defaultBranch: undefined };
  const bodyOf = (file: string): Members => JSON.parse(readFileSync(new URL(file, FIXTURES), "utf8")) as Members;
  const eventOf = ({ object_kind, event_type }: Members): string =>
    object_kind === "note"
      ? event_type === "confidential_note"
        ? "Confidential Note Hook"
        : "Note Hook"
      : (HEADERS[String(object_kind)] ?? "Member Hook");

  test("are all in the table", () => {
    const files = existsSync(FIXTURES) ? readdirSync(FIXTURES).filter((file) => file.endsWith(".json")) : [];
    expect(files.toSorted()).toEqual(Object.keys(EXPECTED).toSorted());
  });

  test.each(Object.entries(EXPECTED))("%s", (file, jobs) => {
    const body = bodyOf(file);
    expect(keysOf(eventOf(body), body, unknownProject)).toEqual(jobs);
    expect(keysOf(eventOf(body), body, FACTS), "of a project that is not ours").toEqual([]);
  });

  test.each(Object.keys(EXPECTED).filter((file) => file.startsWith("note-mr-")))("%s, were it a command", (file) => {
    const body = bodyOf(file);
    const attributes = { ...(body["object_attributes"] as Members), note: "/claim plan" };
    const jobs = decide(eventOf(body), { ...body, object_attributes: attributes }, unknownProject).jobs;
    // Before GitLab told the thread of a note, an answer would not find its place.
    expect(jobs).toHaveLength("discussion_id" in attributes ? 1 : 0);
  });
});
