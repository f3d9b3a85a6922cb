/** Backup and restore of a store that lives: released into while it is copied, cut off while it is restored, spoilt between two copies. */
import { chmod, cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDirectoryStore } from "../../../src/adapters/directory-store.ts";
import { openCheckout, type Checkout } from "../../../src/adapters/git/checkout.ts";
import { BlobCache } from "../../../src/core/claim/blob-cache.ts";
import { digestOfBytes } from "../../../src/core/json.ts";
import type { AuditableStore } from "../../../src/core/ports.ts";
import { backup } from "../../../src/flows/backup/backup.ts";
import { newestManifest } from "../../../src/flows/backup/newest-manifest.ts";
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

test("one place holds the backups of one store: another's is refused, and leaves nothing there", async () => {
  const to = await emptyStore();
  await backup(await copyOf("after"), to, NOW, signal);
  const before = await contents(to);
  await using other = await ClaimRepository.make({ only: [NAME] });
  await other.claimbot("apply", "--yes");
  const store = await openDirectoryStore(join(other.path, ".claimbot/store"));
  await expect(backup(store, to, later(1), signal)).rejects.toThrow(
    /backups\/20261124t120000000z.json is a backup of another store \(.*\), and not of .*audit\/0000-00\/00000001.json is another/,
  );
  await expect(backup(await emptyStore(), to, later(1), signal)).rejects.toThrow("nothing of what that one began with");
  expect(await contents(to)).toEqual(before);
});

test("a store that moved goes on with its backup, also where some of its first objects were changed", async () => {
  const to = await emptyStore();
  const { objects } = await backup(await copyOf("before"), to, NOW, signal);
  const moved = await copyOf("after");
  const rules = join(moved.name, "claims/platform/00000001.json");
  await chmod(rules, 0o644);
  await writeFile(rules, "{}");
  const next = await backup(moved, to, later(1), signal);
  expect(next.objects).toBeGreaterThan(objects);
  expect(next.kept).toBe(1);
  expect(await deviations(await restored(to))).toEqual([]);
});

test("a store that moved to where contents have other ETags is not said to be changed", async () => {
  const from = await copyOf("after");
  const to = await emptyStore();
  await backup(from, to, NOW, signal);
  const renamed: AuditableStore = {
    ...releasedInto(from, -1, async () => undefined),
    list: async (prefix) => (await from.list(prefix)).map(({ key, etag }) => ({ key, etag: `${etag}-1` })),
  };
  expect(await backup(renamed, to, later(1), signal)).toMatchObject({ copied: 0, kept: 0 });
});

test("a store that lost all it had stays in its backup", async () => {
  const from = await copyOf("after");
  const to = await emptyStore();
  const { objects } = await backup(from, to, NOW, signal);
  await rm(from.name, { recursive: true });
  expect(await backup(await openDirectoryStore(from.name), to, later(1), signal)).toMatchObject({ objects, kept: objects });
  expect(await deviations(await restored(to))).toEqual([]);
});

test("an empty store may be backed up before it has anything, whatever comes then", async () => {
  const to = await emptyStore();
  await backup(await emptyStore(), to, NOW, signal);
  await backup(await copyOf("after"), to, later(1), signal);
  expect(await deviations(await restored(to))).toEqual([]);
});

test("no backup is written among claims: into another claim store, or into a folder of its own", async () => {
  const from = await copyOf("after");
  const other = await copyOf("before");
  const before = await contents(other);
  await expect(backup(from, other, NOW, signal)).rejects.toThrow(/is itself a claim store: it holds receipts\//);
  expect(await contents(other)).toEqual(before);
  const inside = await openDirectoryStore(join(from.name, "backup"));
  await expect(backup(from, inside, NOW, signal)).rejects.toThrow("lies in the claim store itself");
});

test("over a newest manifest that is damaged a backup goes on from the one before, says so, and is whole", async () => {
  const from = await copyOf("before");
  const to = await emptyStore();
  await backup(from, to, NOW, signal);
  await cp(join(folder, "after"), from.name, { recursive: true });
  const { manifest } = await backup(await openDirectoryStore(from.name), to, later(1), signal);
  await spoil(to, manifest);
  const third = await backup(await openDirectoryStore(from.name), to, later(2), signal);
  expect(third).toMatchObject({ copied: 0, kept: 0, damaged: [manifest] });
  expect(await deviations(await restored(to))).toEqual([]);
  // The next one goes on from the third.
  expect(await backup(from, to, later(3), signal)).toMatchObject({ damaged: [] });
});

test("a damaged newest manifest is not restored: the refusal names the newest that is whole, and that can be asked for", async () => {
  const to = await emptyStore();
  await backup(await copyOf("before"), to, NOW, signal);
  const { manifest } = await backup(await copyOf("after"), to, later(1), signal);
  await spoil(to, manifest);
  await expect(newestManifest(to, signal)).rejects.toMatchObject({
    message: `${to.name}: ${manifest} is torn or was changed`,
    wayOut: expect.stringContaining("restore --at 2026-11-24T12:00:00.000Z") as string,
  });
  expect(await newestManifest(to, signal, later(0).toISOString())).toMatchObject({ at: NOW.toISOString() });
  expect(await newestManifest(to, signal, "2026-11-24T11:59:59.999Z")).toBeUndefined();
});

test.each(["", "{}", `null\n${digestOfBytes("null\n")}\n`, `no JSON\n${digestOfBytes("no JSON\n")}\n`])(
  "%j is no manifest, and a manifest under another time is none",
  async (text) => {
    const to = await emptyStore();
    const { manifest } = await backup(await copyOf("after"), to, NOW, signal);
    await to.putNew("backups/20261124t130000000z.json", Buffer.from(text));
    await to.putNew("backups/20261124t140000000z.json", (await to.read(manifest))?.body ?? Buffer.from(""));
    await to.putNew("backups/notes.txt", Buffer.from("mine"));
    await expect(newestManifest(to, signal)).rejects.toThrow("backups/20261124t140000000z.json is torn");
    await expect(newestManifest(to, signal, "2026-11-24T13:30:00.000Z")).rejects.toThrow(
      "backups/20261124t130000000z.json is torn",
    );
  },
);

/** A manifest of these backups has some 10 kB. */
const SMALL = 1_000;

test("a manifest that is too large for one object goes into parts, none of them too large, and is read back whole", async () => {
  const from = await copyOf("after");
  const to = await emptyStore();
  const { manifest, objects } = await backup(from, to, NOW, signal, SMALL);
  const parts = (await to.list("backups/", signal)).map(({ key }) => key).filter((key) => key !== manifest);
  expect(parts.length).toBeGreaterThan(5);
  for (const key of parts) expect((await to.read(key))?.body.byteLength).toBeLessThanOrEqual(SMALL);
  expect((await newestManifest(to, signal))?.objects).toHaveLength(objects);
  expect(await deviations(await restored(to))).toEqual([]);
  // One that goes on from it, in one object as it always was, and one that goes on from that.
  expect(await backup(from, to, later(1), signal)).toMatchObject({ objects, copied: 0, kept: 0, damaged: [] });
  expect(await backup(from, to, later(2), signal, SMALL)).toMatchObject({ objects, copied: 0, kept: 0, damaged: [] });
});

test.each<[string, (to: AuditableStore, part: string) => Promise<void>]>([
  ["was changed", spoil],
  ["is missing", async (to, part) => rm(join(to.name, part))],
])(
  "a manifest of which a part %s is damaged: it blocks no backup, and no restore that asks for another",
  async (said, damage) => {
    const from = await copyOf("after");
    const to = await emptyStore();
    await backup(from, to, NOW, signal, SMALL);
    const { manifest } = await backup(from, to, later(1), signal, SMALL);
    const part = manifest.replace(".json", "/00003.json");
    await damage(to, part);
    await expect(newestManifest(to, signal)).rejects.toMatchObject({
      message: expect.stringMatching(new RegExp(`${part} ${said}|${part} is torn or ${said}`)) as string,
      wayOut: expect.stringContaining("restore --at 2026-11-24T12:00:00.000Z") as string,
    });
    expect(await newestManifest(to, signal, later(0).toISOString())).toMatchObject({ at: NOW.toISOString() });
    expect(await backup(from, to, later(2), signal, SMALL)).toMatchObject({ copied: 0, kept: 0, damaged: [manifest] });
    expect(await deviations(await restored(to))).toEqual([]);
  },
);

test("a backup that is cut off between the parts of its manifest is none, and the next one is whole", async () => {
  const from = await copyOf("after");
  const to = await emptyStore();
  const { manifest } = await backup(from, await emptyStore(), NOW, signal, SMALL);
  const cut: AuditableStore = {
    ...releasedInto(to, -1, async () => undefined),
    async putNew(key, body) {
      if (key === manifest) throw new Error("cut off");
      return to.putNew(key, body);
    },
  };
  await expect(backup(from, cut, NOW, signal, SMALL)).rejects.toThrow("cut off");
  expect((await to.list("backups/", signal)).length).toBeGreaterThan(5);
  expect(await newestManifest(to, signal)).toBeUndefined();
  expect(await backup(from, to, later(1), signal, SMALL)).toMatchObject({ copied: 0, damaged: [] });
  expect(await deviations(await restored(to))).toEqual([]);
});

test("a backup whose content was changed or lost is refused before anything is written", async () => {
  const to = await emptyStore();
  await backup(await copyOf("after"), to, NOW, signal);
  const all = await to.list("content/", signal);
  const [changed, lost] = [all.at(0)?.key ?? "", all.at(-1)?.key ?? ""];
  await spoil(to, changed);
  await rm(join(to.name, lost));
  const manifest = await newestManifest(to, signal);
  if (manifest === undefined) throw new Error("there is no backup");
  const target = await emptyStore();
  await expect(restore(to, manifest, target, NOW, signal)).rejects.toThrow(/, and so it is with 1 more; nothing was written$/);
  expect(await contents(target)).toEqual([]);
});

function later(seconds: number): Date {
  return new Date(NOW.getTime() + seconds * 1_000);
}

async function spoil(store: AuditableStore, key: string): Promise<void> {
  await chmod(join(store.name, key), 0o644);
  await writeFile(join(store.name, key), "{}");
}
