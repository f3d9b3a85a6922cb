import { describe, expect, test } from "vitest";
import {
  accessLevelOf,
  approvalsOf,
  isBotName,
  mergeRequestOf,
  thisUserOf,
  userOf,
  versionsOf,
} from "../../../src/adapters/gitlab/wire.ts";
import { Stalled } from "../../../src/core/errors.ts";

const author = { id: 7, username: "mara", name: "Mara" };
const open = {
  iid: 12,
  title: "Add shop",
  state: "opened",
  draft: false,
  author,
  sha: "a".repeat(40),
  source_branch: "add-shop",
  target_branch: "main",
  source_project_id: 3,
  target_project_id: 3,
  labels: ["hold"],
  merge_commit_sha: null,
  squash_commit_sha: null,
  web_url: "https://gitlab.example.org/mr/12",
  user_notes_count: 2,
};

describe("a merge request", () => {
  test.each([
    ["a merge commit", { merge_commit_sha: "m", squash_commit_sha: "s" }, "m"],
    ["a squash commit", { squash_commit_sha: "s" }, "s"],
    ["a fast-forward", {}, "a".repeat(40)],
  ])("merged by %s says which commit is on the target", (_, shas, expected) => {
    expect(mergeRequestOf({ ...open, state: "merged", ...shas }).mergedCommit).toBe(expected);
  });

  test("that is open has no merged commit, whatever GitLab prepared", () => {
    expect(mergeRequestOf({ ...open, merge_commit_sha: "m" }).mergedCommit).toBeUndefined();
  });

  test("whose fork is gone stays one of another project", () => {
    expect(mergeRequestOf({ ...open, source_project_id: null }).sourceProjectId).toBe(0);
  });

  test.each(["iid", "state", "source_branch", "target_branch", "target_project_id", "labels", "user_notes_count"])(
    "without %s stalls",
    (name) => {
      const { [name]: _, ...rest } = open as Record<string, unknown>;
      expect(() => mergeRequestOf(rest)).toThrow(Stalled);
    },
  );
});

test("versions come newest first, in UTC", () => {
  const version = (id: number, created_at: string): object => ({ id, head_commit_sha: `sha${id}`, created_at });
  expect(
    versionsOf([version(1, "2026-11-24T10:00:00+01:00"), version(9, "2026-11-24T12:00:00Z"), version(3, "2026-11-24T11:00:00Z")]),
  ).toEqual([
    { headSha: "sha9", createdAt: "2026-11-24T12:00:00.000Z" },
    { headSha: "sha3", createdAt: "2026-11-24T11:00:00.000Z" },
    { headSha: "sha1", createdAt: "2026-11-24T09:00:00.000Z" },
  ]);
});

test("an approval has a time where this GitLab tells it", () => {
  const wire = { approved: true, approved_by: [{ user: author, approved_at: "2026-11-24T10:00:00Z" }, { user: author }] };
  expect(approvalsOf(wire).map(({ at }) => at)).toEqual(["2026-11-24T10:00:00.000Z", undefined]);
});

test.each([
  ["project_12_bot_4ffca233d8298ea1", true],
  ["project_12_bot", true],
  ["group_114_bot2", true],
  ["service_account_group_9_ab12", true],
  ["ghost", true],
  ["mara", false],
  ["project_manager", false],
  ["robot_12_bot", false],
])("%s is the name of a bot: %s", (username, expected) => {
  expect(isBotName(username)).toBe(expected);
});

test("a user who is gone is nobody, and no person", () => {
  expect(userOf(null)).toMatchObject({ id: 0, bot: true });
});

test.each([undefined, null, []])("an answer of %j about somebody who was asked for says nothing of them", (answer) => {
  expect(() => thisUserOf(answer)).toThrow(Stalled);
});

test.each([
  [{ state: "active", membership_state: "active" }, 40],
  [{}, 40],
  [{ state: "blocked" }, 0],
  [{ state: "banned" }, 0],
  [{ state: "active", membership_state: "awaiting" }, 0],
])("a member with %j may what level %i may", (states, expected) => {
  expect(accessLevelOf({ ...states, access_level: 40 })).toBe(expected);
});

test.each([
  [5, 0],
  [10, 10],
  [15, 15],
  [50, 50],
])("access level %i counts as %i", (access_level, expected) => {
  expect(accessLevelOf({ access_level })).toBe(expected);
});
