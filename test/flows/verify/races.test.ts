/** Verify while claimbot releases: what is being written at this moment is no deviation, wherever in the examination it happens. */
import { cp, mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDirectoryStore } from "../../../src/adapters/directory-store.ts";
import { openCheckout, type Checkout } from "../../../src/adapters/git/checkout.ts";
import { BlobCache } from "../../../src/core/claim/blob-cache.ts";
import { Stalled } from "../../../src/core/errors.ts";
import type { AuditableStore, Repository } from "../../../src/core/ports.ts";
import { deviationsOf, verifyStore, type VerifyRequest } from "../../../src/flows/verify/verify.ts";
import { verifyRest } from "../../../src/flows/verify/verify-rest.ts";
import { ClaimRepository } from "../../cli/claimbot.ts";

const NAME = "ledger-dev";
const { signal } = new AbortController();

/** ledger-dev was published; then it got other rules, more nodes under them, and search-vectors-sue was told to go. */
let repository: ClaimRepository;
let checkout: Checkout;
let folder: string;
/** What the second release wrote, file by file, in the order of time. */
let writes: readonly string[];

beforeAll(async () => {
  repository = await ClaimRepository.make({ only: [NAME, "search-vectors-sue"] });
  folder = await mkdtemp(join(tmpdir(), "claimbot-races-"));
  await repository.claimbot("apply", "--yes");
  await keep("before");
  await repository.edit("platform.yaml", "retentionDays: 30", "retentionDays: 20");
  await repository.commit("Other rules");
  await repository.claimbot("apply", "--yes");
  await repository.edit(`environments/dev/${NAME}.yaml`, "max: 2", "max: 3");
  await repository.git("rm", "--quiet", "environments/sue/search-vectors-sue.yaml");
  await repository.commit("More nodes, and nobody searches");
  await repository.claimbot("apply", "--yes");
  await keep("after");
  writes = await writesSince("before");
  checkout = await openCheckout(repository.path);
}, 60_000);
afterAll(async () => {
  await checkout[Symbol.asyncDispose]();
  await repository[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function keep(state: string): Promise<void> {
  await cp(join(repository.path, ".claimbot/store"), join(folder, state), { recursive: true, preserveTimestamps: true });
}

async function writesSince(state: string): Promise<readonly string[]> {
  const filesOf = async (directory: string): Promise<readonly string[]> => {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1));
  };
  const there = new Set(await filesOf(join(folder, state)));
  const fresh = (await filesOf(join(folder, "after"))).filter((file) => !there.has(file));
  const timed = await Promise.all(
    fresh.map(async (file) => ({ file, at: (await stat(join(folder, "after", file), { bigint: true })).mtimeNs })),
  );
  return timed.toSorted((a, b) => (a.at < b.at ? -1 : 1)).map(({ file }) => file);
}

async function copyOf(state: "before" | "after"): Promise<AuditableStore> {
  const directory = await mkdtemp(join(folder, "store-"));
  await cp(join(folder, state), directory, { recursive: true, preserveTimestamps: true });
  return openDirectoryStore(directory);
}

async function write(store: AuditableStore, files: readonly string[]): Promise<void> {
  for (const file of files) {
    await mkdir(dirname(join(store.name, file)), { recursive: true });
    await cp(join(folder, "after", file), join(store.name, file), { preserveTimestamps: true });
  }
}

/** Calls `meanwhile` once, just before call number `at`, counted from 0. */
function interrupted(store: AuditableStore, at: number, meanwhile: () => Promise<void>): AuditableStore & { calls(): number } {
  let calls = 0;
  let work: Promise<void> | undefined;
  const next = async (): Promise<void> => {
    if (calls === at) work = meanwhile();
    calls += 1;
    await work;
  };
  return {
    name: store.name,
    locks: store.locks,
    putNew: async () => Promise.reject(new Error("verify writes nothing")),
    replace: async () => Promise.reject(new Error("verify writes nothing")),
    read: async (key, aborted) => next().then(async () => store.read(key, aborted)),
    list: async (prefix, aborted) => next().then(async () => store.list(prefix, aborted)),
    versions: async (prefix, aborted) => next().then(async () => store.versions(prefix, aborted)),
    facts: async (key, versionId, aborted) => next().then(async () => store.facts(key, versionId, aborted)),
    calls: () => calls,
  };
}

async function deviations(
  store: AuditableStore,
  request: Partial<VerifyRequest> = {},
  git: Repository = checkout,
): Promise<readonly string[]> {
  const world = { store, repository: git, cache: new BlobCache(), instance: "claimbot" };
  const found = deviationsOf(await verifyStore(world, { environments: [], ...request }, signal));
  return found.map(({ name, key, detail }) => `${name} ${key}: ${detail}`);
}

test("a release is no deviation after any of its writes", async () => {
  expect(writes.length).toBeGreaterThan(10);
  const store = await copyOf("before");
  for (const file of writes) {
    await write(store, [file]);
    expect({ after: file, found: await deviations(store) }).toEqual({ after: file, found: [] });
  }
}, 120_000);

test("a release from its beginning to its end is no deviation, before whatever call of an examination it happens", async () => {
  const counted = interrupted(await copyOf("after"), -1, async () => undefined);
  await deviations(counted);
  expect(counted.calls()).toBeGreaterThan(30);
  for (let at = 0; at < counted.calls(); at += 1) {
    const store = await copyOf("before");
    const found = await deviations(interrupted(store, at, async () => write(store, writes)));
    expect({ at, found }).toEqual({ at, found: [] });
    await rm(store.name, { recursive: true });
  }
}, 120_000);

test("nor is it one before whatever call of a look at a part of the store", async () => {
  const looks = [
    async (store: AuditableStore) => (await verifyRest(store, signal)).map(({ name, key }) => `${name} ${key}`),
    async (store: AuditableStore) => deviations(store, { environments: [NAME] }),
  ];
  for (const look of looks) {
    const counted = interrupted(await copyOf("after"), -1, async () => undefined);
    await look(counted);
    expect(counted.calls()).toBeGreaterThan(10);
    for (let at = 0; at < counted.calls(); at += 1) {
      const store = await copyOf("before");
      const found = await look(interrupted(store, at, async () => write(store, writes)));
      expect({ at, found }).toEqual({ at, found: [] });
      await rm(store.name, { recursive: true });
    }
  }
}, 120_000);

test("the commits of what was published a moment ago are brought before anything is derived from them", async () => {
  const store = await copyOf("before");
  const head = await repository.git("rev-parse", "HEAD");
  let isFetched = false;
  const late: Repository = {
    ...checkout,
    async tree(commit, paths) {
      if (commit === head && !isFetched) throw new Stalled("no such commit", "");
      return checkout.tree(commit, paths);
    },
  };
  // Published into the store by another replica, after this one has looked for the newest commits.
  const published = interrupted(store, 0, async () => write(store, writes));
  const beforeDeriving = async (): Promise<void> => void (isFetched = true);
  expect(await deviations(published, { beforeDeriving }, late)).toEqual([]);
});
