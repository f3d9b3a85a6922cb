/** Backup and restore of a store that lives: released into while it is copied, cut off while it is restored, spoilt between two copies. */
import { chmod, cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDirectoryStore } from "../../../src/adapters/directory-store.ts";
import { openCheckout, type Checkout } from "../../../src/adapters/git/checkout.ts";
import { BlobCache } from "../../../src/core/claim/blob-cache.ts";
import type { AuditableStore } from "../../../src/core/ports.ts";
import { backup, newestManifest } from "../../../src/flows/backup/backup.ts";
import { restore } from "../../../src/flows/backup/restore.ts";
import { deviationsOf, verifyStore } from "../../../src/flows/verify/verify.ts";
import { ClaimRepository } from "../../cli/claimbot.ts";

const NAME = "ledger-dev";
const { signal } = new AbortController();
const NOW = new Date("2026-11-24T12:00:00.000Z");

/** ledger-dev was published; then it got more nodes, and search-vectors-sue was told to go. */
let repository: ClaimRepository;
let checkout: Checkout;
/** Everything that lies here goes at the end. */
let folder: string;

beforeAll(async () => {
  repository = await ClaimRepository.make({ only: [NAME, "search-vectors-sue"] });
  folder = await mkdtemp(join(tmpdir(), "claimbot-backup-"));
  await repository.claimbot("apply", "--yes");
  await cp(join(repository.path, ".claimbot/store"), join(folder, "before"), { recursive: true });
  await repository.edit(`environments/dev/${NAME}.yaml`, "max: 2", "max: 3");
  await repository.git("rm", "--quiet", "environments/sue/search-vectors-sue.yaml");
  await repository.commit("More nodes, and nobody searches");
  await repository.claimbot("apply", "--yes");
  await cp(join(repository.path, ".claimbot/store"), join(folder, "after"), { recursive: true });
  checkout = await openCheckout(repository.path);
}, 60_000);
afterAll(async () => {
  await checkout[Symbol.asyncDispose]();
  await repository[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function emptyStore(): Promise<AuditableStore> {
  return openDirectoryStore(await mkdtemp(join(folder, "store-")));
}

async function copyOf(state: "before" | "after"): Promise<AuditableStore> {
  const directory = await mkdtemp(join(folder, "store-"));
  await cp(join(folder, state), directory, { recursive: true });
  return openDirectoryStore(directory);
}

async function deviations(store: AuditableStore): Promise<readonly string[]> {
  const world = { store, repository: checkout, cache: new BlobCache(), instance: "claimbot" };
  return deviationsOf(await verifyStore(world, { environments: [] }, signal)).map(({ name, key }) => `${name} ${key}`);
}

async function contents(store: AuditableStore): Promise<readonly { readonly key: string; readonly etag: string }[]> {
  return store.list("", signal);
}

async function restored(from: AuditableStore): Promise<AuditableStore> {
  const to = await emptyStore();
  const manifest = await newestManifest(from, signal);
  if (manifest === undefined) throw new Error("there is no backup");
  await restore(from, manifest, to, NOW, signal);
  return to;
}

/** A store into which somebody releases just before its listing number `at`, counted from 0. */
function releasedInto(store: AuditableStore, at: number, release: () => Promise<void>): AuditableStore {
  let listings = 0;
  return {
    name: store.name,
    locks: store.locks,
    read: async (key) => store.read(key),
    putNew: async (key, body) => store.putNew(key, body),
    replace: async (key, body, expected) => store.replace(key, body, expected),
    versions: async (prefix) => store.versions(prefix),
    facts: async (key, versionId) => store.facts(key, versionId),
    async list(prefix) {
      if (listings === at) await release();
      listings += 1;
      return store.list(prefix);
    },
  };
}

test.each([0, 1, 2, 3, 4, 5])("a backup during which a release ends, before listing %i, is restored whole", async (at) => {
  const live = await copyOf("before");
  const to = await emptyStore();
  let isReleased = false;
  const from = releasedInto(live, at, async () => {
    await cp(join(folder, "after"), live.name, { recursive: true });
    isReleased = true;
  });
  await backup(from, to, NOW, signal);
  expect(isReleased).toBe(true);
  expect(await deviations(await restored(to))).toEqual([]);
});

test("a restore that is cut off at any write has no pointer to something missing, and run again it is whole", async () => {
  const from = await copyOf("after");
  const to = await emptyStore();
  const { objects } = await backup(from, to, NOW, signal);
  const manifest = await newestManifest(to, signal);
  if (manifest === undefined) throw new Error("there is no backup");
  const whole = await contents(await restored(to));
  for (let writes = 0; writes < objects; writes += 1) {
    const target = await emptyStore();
    await expect(restore(to, manifest, cutOffAfter(target, writes), NOW, signal)).rejects.toThrow("cut off");
    // A log may have gaps until all of it is there, and nothing is published over one.
    const seen = await deviations(target);
    expect(seen.filter((one) => !/^(record\/missing|audit\/chain)/.test(one))).toEqual([]);
    await restore(to, manifest, target, NOW, signal);
    expect(await contents(target)).toEqual(whole);
  }
  expect(await deviations(await restored(to))).toEqual([]);
}, 120_000);

function cutOffAfter(store: AuditableStore, writes: number): AuditableStore {
  let left = writes;
  const count = (): void => {
    left -= 1;
    if (left < 0) throw new Error("cut off");
  };
  return {
    ...releasedInto(store, -1, async () => undefined),
    async putNew(key, body) {
      count();
      return store.putNew(key, body);
    },
    async replace(key, body, expected) {
      count();
      return store.replace(key, body, expected);
    },
  };
}

test("what is changed or deleted after it was backed up stays in the next backup as it was, and is counted", async () => {
  const from = await copyOf("after");
  const to = await emptyStore();
  const first = await backup(from, to, NOW, signal);
  const whole = await contents(await restored(to));
  const record = join(from.name, `claims/${NAME}/00000001.json`);
  await chmod(record, 0o644);
  await writeFile(record, "{}");
  await rm(join(from.name, `claims/${NAME}/00000002.json`));
  const second = await backup(await openDirectoryStore(from.name), to, new Date(NOW.getTime() + 1_000), signal);
  expect(second).toMatchObject({ objects: first.objects, copied: 0, kept: 2 });
  expect(await contents(await restored(to))).toEqual(whole);
});

test("content that was lost from the backup is copied again", async () => {
  const from = await copyOf("after");
  const to = await emptyStore();
  await backup(from, to, NOW, signal);
  const [lost] = await to.list("content/", signal);
  if (lost === undefined) throw new Error("nothing was backed up");
  await rm(join(to.name, lost.key));
  expect(await backup(from, to, new Date(NOW.getTime() + 1_000), signal)).toMatchObject({ copied: 1 });
  expect(await deviations(await restored(to))).toEqual([]);
});

test("a key that claimbot does not write is left out: a backup that cannot be restored is none", async () => {
  const from = await copyOf("after");
  const to = await emptyStore();
  await from.putNew("claims/ledger-dev/notes.txt", Buffer.from("mine"));
  expect(await backup(from, to, NOW, signal)).toMatchObject({ foreign: 1 });
  expect(await deviations(await restored(to))).toEqual([]);
});

test("rules that were spoilt before they were backed up do not keep the rest from being restored", async () => {
  const from = await copyOf("after");
  const rules = join(from.name, "claims/platform/00000001.json");
  await chmod(rules, 0o644);
  await writeFile(rules, "{}");
  const to = await emptyStore();
  await backup(from, to, NOW, signal);
  expect(await contents(await restored(to))).toHaveLength((await contents(from)).length);
});

test("a backup into the claim store itself is refused", async () => {
  const from = await copyOf("before");
  await expect(backup(from, from, NOW, signal)).rejects.toThrow("is the claim store itself");
});
