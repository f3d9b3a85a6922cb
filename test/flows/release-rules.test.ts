/** The rules' own release between two moments of somebody else's, and from a commit that is not the newest any more. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openDirectoryStore } from "../../src/adapters/directory-store.ts";
import { diskFiles } from "../../src/cli/disk-files.ts";
import { rulesPlan, type Rules } from "../../src/core/adopted.ts";
import { BlobCache } from "../../src/core/claim/blob-cache.ts";
import { Stalled, Waiting } from "../../src/core/errors.ts";
import type { ReviewFacts } from "../../src/core/gates.ts";
import { SILENT } from "../../src/core/log.ts";
import { DEFAULT_POLICIES } from "../../src/core/permission/default-policies.ts";
import type { ObjectStore, Repository, User } from "../../src/core/ports.ts";
import { adopt, readAdoptions, rulesOf } from "../../src/flows/adoption.ts";
import { LogCache } from "../../src/flows/log-cache.ts";
import type { Ground } from "../../src/flows/release.ts";
import { releaseRules } from "../../src/flows/release-rules.ts";
import type { World } from "../../src/flows/world.ts";
import { STARTER } from "../../src/rehearsal.ts";
import { openAuditLog } from "../../src/targets/claim-store/audit-log.ts";
import { storeAround } from "../store-around.ts";

const { signal } = new AbortController();
const now = (): Date => new Date("2026-11-24T12:00:00Z");
const files = diskFiles(STARTER);
const STRICT =
  rulesOf({ cache: new BlobCache(), defaultPolicies: DEFAULT_POLICIES }, files) ?? expect.fail("the starter has rules");
const LOOSE: Rules = { ...STRICT, policies: STRICT.policies.slice(0, 1) };
const commit = (number: number): string => String(number).repeat(40);
const by = (number: number) => ({
  source: { project: "group/claims", commit: commit(number), path: "platform.yaml", blob: "", approvers: [] },
});
const user = (id: number): User => ({ id, username: `user${id}`, name: `User ${id}`, bot: false });

/** Commit 1 loosens the rules: two people approved it when it was reviewed, and it was merged. */
const LOOSENED = rulesPlan(STRICT, LOOSE);
const FACTS: ReviewFacts = {
  iid: 1,
  author: user(1),
  asked: undefined,
  pusherId: 1,
  people: [],
  approvals: [2, 3].map((id) => ({ user: user(id), at: "2026-11-01T11:00:00.000Z" })),
  labels: [],
  holdDefiedBy: undefined,
  headSeenAt: "2026-11-01T10:00:00.000Z",
  reviewed: { digest: LOOSENED.digest, storedAt: "2026-11-01T10:01:00.000Z" },
};
const GROUND: Ground = {
  files: { ...files, policies: LOOSE.policies },
  commit: commit(1),
  project: "group/claims",
  reviewFacts: async () => FACTS,
  headNow: async () => commit(1),
};

async function withStore(work: (store: ObjectStore) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "claimbot-release-rules-"));
  try {
    await work(await openDirectoryStore(directory));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Commits are numbered as they follow each other. */
function worldOf(store: ObjectStore): World {
  const repository: Partial<Repository> = {
    commit: async (ref) => ref,
    isAncestor: async (ancestor, descendant) => ancestor <= descendant,
  };
  return {
    instance: "test",
    repository: repository as Repository,
    store,
    targets: [],
    audit: openAuditLog(store, { instance: "test", now, redact: (text) => text }),
    registryOf: undefined,
    cache: new BlobCache(),
    logs: new LogCache(),
    defaultPolicies: DEFAULT_POLICIES,
    log: SILENT,
    now,
  };
}

/** Somebody else acts as soon as it was listed so often what is adopted. */
function afterListing(store: ObjectStore, times: number, act: () => Promise<unknown>): ObjectStore {
  let left = times;
  return storeAround(store, {
    async list(prefix, given) {
      const found = await store.list(prefix, given);
      if (prefix.startsWith("claims/")) left -= 1;
      if (left === 0 && prefix.startsWith("claims/")) await act();
      return found;
    },
  });
}

async function policiesAdopted(store: ObjectStore): Promise<readonly number[]> {
  return (await readAdoptions(store, signal)).map(({ rules }) => rules.policies.length);
}

test("approved and at its turn: adopted", async () =>
  withStore(async (store) => {
    await adopt({ store, now }, STRICT, by(0), undefined, signal);
    expect(await releaseRules(worldOf(store), GROUND, {}, signal)).toMatchObject({ kind: "settled" });
    expect(await policiesAdopted(store)).toEqual([STRICT.policies.length, 1]);
  }));

test("a job of an old commit does not adopt once more what was taken back since, although it is the plan that was approved then", async () =>
  withStore(async (store) => {
    await adopt({ store, now }, STRICT, by(0), undefined, signal);
    await adopt({ store, now }, LOOSE, by(1), LOOSENED, signal);
    await adopt({ store, now }, STRICT, by(2), rulesPlan(LOOSE, STRICT), signal);
    await expect(releaseRules(worldOf(store), GROUND, { shown: LOOSENED.digest }, signal)).rejects.toThrow(Stalled);
    expect(await policiesAdopted(store)).toHaveLength(3);
  }));

test("of two first adoptions at the same moment one stands: the other one is judged by it", async () =>
  withStore(async (store) => {
    const other = afterListing(store, 1, async () => adopt({ store, now }, STRICT, by(0), undefined, signal));
    await expect(releaseRules(worldOf(other), GROUND, {}, signal)).rejects.toThrow(Waiting);
    expect(await policiesAdopted(store)).toEqual([STRICT.policies.length]);
  }));

test("rules that came after the last look are judged by, not written over", async () =>
  withStore(async (store) => {
    await adopt({ store, now }, STRICT, by(0), undefined, signal);
    const stricter: Rules = { ...STRICT, policies: [] };
    // By the gates, then compared before the first effect; then it is written.
    const other = afterListing(store, 2, async () => adopt({ store, now }, stricter, by(0), undefined, signal));
    await expect(releaseRules(worldOf(other), GROUND, {}, signal)).rejects.toThrow(Waiting);
    expect(await policiesAdopted(store)).toEqual([STRICT.policies.length, 0]);
  }));
