import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { askedBranch, askerOf, countsAsAuthor } from "../../src/core/asker.ts";
import type { MergeRequest, User } from "../../src/core/ports.ts";

const person = (id: number, username: string): User => ({ id, username, name: username, bot: false });
const ME: User = { ...person(9, "claimbot"), bot: true };
const SAM = person(1, "sam");
const MARA = person(2, "mara");

const opened = (of: Partial<MergeRequest>): MergeRequest => ({
  iid: 12,
  title: "Promote",
  state: "opened",
  draft: false,
  author: ME,
  sha: "a".repeat(40),
  sourceBranch: askedBranch(SAM.id, "promote-payments-prod"),
  targetBranch: "main",
  sourceProjectId: 5,
  targetProjectId: 5,
  labels: [],
  mergedCommit: undefined,
  noteCount: 0,
  webUrl: "https://gitlab.example.org/x/-/merge_requests/12",
  ...of,
});

describe("who asked for a merge request", () => {
  test("stands in the name of the branch of one that claimbot opened", () => {
    expect(askerOf(opened({}), ME)).toEqual({ id: SAM.id });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 40 }), (id) => {
        expect(askerOf(opened({ sourceBranch: askedBranch(id, "rollback-shop") }), ME)).toEqual({ id });
      }),
    );
  });

  test.each([
    ["another branch", { sourceBranch: "feature" }],
    ["no number", { sourceBranch: "claimbot/asked-by-/x" }],
    ["a number that begins with zero", { sourceBranch: "claimbot/asked-by-01/x" }],
    ["something before it", { sourceBranch: "x/claimbot/asked-by-1/x" }],
    ["nothing behind it", { sourceBranch: "claimbot/asked-by-1" }],
    ["a number that is too large", { sourceBranch: `claimbot/asked-by-${"9".repeat(16)}/x` }],
    ["a fork", { sourceProjectId: 6 }],
  ])("is not known where it has %s: then it may have been anybody", (_, of) => {
    expect(askerOf(opened(of), ME)).toEqual({ id: undefined });
    for (const user of [SAM, MARA]) expect(countsAsAuthor(opened(of), ME, user)).toBe(true);
  });

  test("does not matter where somebody else is the author, whatever they call their branch", () => {
    const mr = opened({ author: MARA });
    expect(askerOf(mr, ME)).toBeUndefined();
    expect([SAM, MARA].map((user) => countsAsAuthor(mr, ME, user))).toEqual([false, true]);
  });

  test("counts as author of one that claimbot opened, and nobody else does", () => {
    expect([SAM, MARA].map((user) => countsAsAuthor(opened({}), ME, user))).toEqual([true, false]);
  });
});
