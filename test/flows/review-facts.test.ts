/** What a merge request's approvals are held against: every commit that it brought, and the moment at which its head was seen. */
import { expect, test } from "vitest";
import { Stalled } from "../../src/core/errors.ts";
import { judgeApprovals } from "../../src/core/gates.ts";
import type { CommitPeople, Forge, MergeRequest, Memory, MergeRequestVersion, Repository, User } from "../../src/core/ports.ts";
import { reviewFacts } from "../../src/flows/review-facts.ts";
import type { ForgeWorld } from "../../src/flows/world.ts";

const { signal } = new AbortController();
const [BASE, FIRST, HEAD, MERGE, OTHER] = ["0", "1", "2", "3", "4"].map((digit) => digit.repeat(40)) as [
  string,
  string,
  string,
  string,
  string,
];
const user = (id: number, name: string): User => ({ id, username: name.toLowerCase(), name, bot: false });
const [SAM, MARA] = [user(2, "Sam"), user(3, "Mara")];
const at = (minute: number): string => `2026-11-24T12:0${minute}:00.000Z`;

/** Sam opened it; Mara committed its first commit, and Sam its second, which is the head. */
const OPEN: MergeRequest = {
  iid: 7,
  title: "More nodes",
  state: "opened",
  draft: false,
  author: SAM,
  sha: HEAD,
  sourceBranch: "more",
  targetBranch: "main",
  sourceProjectId: 1,
  targetProjectId: 1,
  labels: [],
  mergedCommit: undefined,
  webUrl: "https://gitlab.example.org/!7",
  noteCount: 0,
};
const HISTORY: readonly (readonly [sha: string, by: User])[] = [
  [FIRST, MARA],
  [HEAD, SAM],
];
const PARENTS: Readonly<Record<string, string>> = { [FIRST]: BASE, [HEAD]: FIRST, [MERGE]: BASE };
const refs = { baseSha: BASE, startSha: BASE, headSha: HEAD };

interface Told {
  readonly versions: readonly MergeRequestVersion[];
  /** What GitLab tells of the merge request itself. */
  readonly whole?: MergeRequest;
  /** The ref of its head, or that GitLab cleared it away. */
  readonly ref?: "gone";
  /** Commits that our repository does not have. */
  readonly lost?: readonly string[];
}

function worldOf(told: Told): ForgeWorld {
  const forge: Partial<Forge> = {
    me: async () => ({ ...user(1, "claimbot"), bot: true }),
    versions: async () => told.versions,
    approvals: async () => [{ user: MARA, at: at(5) }],
    mergeRequest: async () => told.whole ?? OPEN,
  };
  const repository: Partial<Repository> = {
    fetch: async () => [told.ref === "gone" ? undefined : HEAD, OTHER],
    commit: async (id) => {
      if (told.lost?.includes(id) === true) throw new Stalled("no such commit", "none");
      return id;
    },
    isAncestor: async () => true,
    parent: async (commit) => PARENTS[commit] ?? expect.fail(`nobody asks for the parent of ${commit}`),
    peopleBetween: async (before) => {
      const from = HISTORY.findIndex(([sha]) => sha === before) + 1;
      return HISTORY.slice(from).map(([sha, by]): CommitPeople => {
        const email = `${by.username}@example.org`;
        return { sha, authorName: by.name, authorEmail: email, committerName: by.name, committerEmail: email };
      });
    },
  };
  const memory: Partial<Memory> = { reviewedPlans: async () => undefined, pusherOf: async () => SAM.id };
  return { forge, repository, memory } as ForgeWorld;
}

async function refusals(world: ForgeWorld, mr: MergeRequest): Promise<readonly (string | undefined)[]> {
  return judgeApprovals(await reviewFacts(world, mr, "ledger-stage", undefined, signal)).map(({ refusal }) => refusal);
}

const SEEN_ONCE: readonly MergeRequestVersion[] = [{ headSha: HEAD, createdAt: at(1) }];

test.each<readonly [string, MergeRequest]>([
  ["by a merge commit", { ...OPEN, state: "merged", mergedCommit: MERGE }],
  ["by a fast forward", { ...OPEN, state: "merged", mergedCommit: HEAD, diffRefs: refs }],
  ["by a fast forward, found in a list", { ...OPEN, state: "merged", mergedCommit: HEAD }],
])("merged %s, whoever committed any of its commits does not count", async (_, mr) => {
  const world = worldOf({ versions: SEEN_ONCE, whole: { ...mr, diffRefs: refs } });
  expect(await refusals(world, mr)).toEqual([`committed ${FIRST.slice(0, 7)} to this branch`]);
});

test("merged two weeks ago, and its ref cleared away: whoever committed is known by the branch; where the commits are gone too, nobody's approval counts", async () => {
  const mr: MergeRequest = { ...OPEN, state: "merged", mergedCommit: MERGE };
  const told = { versions: SEEN_ONCE, whole: mr, ref: "gone" } as const;
  expect(await refusals(worldOf(told), mr)).toEqual([`committed ${FIRST.slice(0, 7)} to this branch`]);
  expect(await refusals(worldOf({ ...told, lost: [HEAD] }), mr)).toEqual(["approved at a time that GitLab does not tell"]);
});

test("open, and its ref is not what it was: it is read again", async () => {
  await expect(refusals(worldOf({ versions: SEEN_ONCE, ref: "gone" }), OPEN)).rejects.toThrow("moved while it was read");
});

test("merged by a fast forward, and GitLab does not tell of what: nobody's approval counts, it waits", async () => {
  const mr: MergeRequest = { ...OPEN, state: "merged", mergedCommit: HEAD };
  await expect(refusals(worldOf({ versions: SEEN_ONCE, whole: mr }), mr)).rejects.toThrow("has not said what !7 brought");
});

test("a head that was pushed over and came back is as new as it came back, whatever was asked before", async () => {
  const told: { versions: readonly MergeRequestVersion[] } = { versions: SEEN_ONCE };
  const world = worldOf(told);
  const headSeenAt = async (mr: MergeRequest): Promise<string | undefined> =>
    (await reviewFacts(world, mr, "ledger-stage", undefined, signal)).headSeenAt;
  expect(await headSeenAt(OPEN)).toBe(at(1));
  told.versions = [{ headSha: HEAD, createdAt: at(8) }, { headSha: OTHER, createdAt: at(4) }, ...SEEN_ONCE];
  expect(await headSeenAt(OPEN)).toBe(at(8));
  expect(await headSeenAt({ ...OPEN, state: "merged", mergedCommit: MERGE })).toBe(at(8));
});
