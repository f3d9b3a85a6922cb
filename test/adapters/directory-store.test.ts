import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openDirectoryStore } from "../../src/adapters/directory-store.ts";
import { Stalled } from "../../src/core/errors.ts";

const WRITER = new URL("directory-store-writer.ts", import.meta.url).pathname;

async function temporaryDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "claimbot-store-"));
  return { path, [Symbol.asyncDispose]: async () => rm(path, { recursive: true, force: true }) };
}

function writer(...parameters: string[]): ChildProcess {
  return fork(WRITER, parameters, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
}

test("four processes that race for numbers get each number once, and no number is left out", async () => {
  await using directory = await temporaryDirectory();
  const children = ["a", "b", "c", "d"].map((name) => writer("log", directory.path, name, "15"));
  const codes = await Promise.all(children.map(async (child) => once(child, "exit")));
  expect(codes.map(([code]) => code)).toEqual([0, 0, 0, 0]);
  const store = await openDirectoryStore(directory.path);
  const keys = await store.list("claims/race/");
  expect(keys.map(({ key }) => key)).toEqual(
    Array.from({ length: 60 }, (_, index) => `claims/race/${String(index + 1).padStart(8, "0")}.json`),
  );
  const owners = await Promise.all(keys.map(async ({ key }) => Buffer.from((await store.read(key))?.body ?? []).toString()));
  for (const name of ["a", "b", "c", "d"]) expect(owners.filter((owner) => owner.startsWith(`${name}:`))).toHaveLength(15);
});

test("four processes that count in one mutable key lose no count", async () => {
  await using directory = await temporaryDirectory();
  const children = ["a", "b", "c", "d"].map((name) => writer("count", directory.path, name, "15"));
  await Promise.all(children.map(async (child) => once(child, "exit")));
  const store = await openDirectoryStore(directory.path);
  expect(Buffer.from((await store.read("current/count.yaml"))?.body ?? []).toString()).toBe("60");
});

test("a writer killed at any moment leaves whole objects or none, and every acknowledged one", async () => {
  await using directory = await temporaryDirectory();
  for (let round = 0; round < 4; round += 1) {
    const child = writer("big", directory.path, `round-${round}`, "1000");
    let acknowledged = 0;
    await new Promise<void>((resolve) => {
      child.on("message", () => {
        acknowledged += 1;
        if (acknowledged === 3 + round) child.kill("SIGKILL");
      });
      child.once("exit", () => resolve());
    });
    const store = await openDirectoryStore(directory.path);
    const objects = await store.list(`releases/round-${round}/`);
    expect(objects.length).toBeGreaterThanOrEqual(acknowledged);
    for (const { key } of objects) {
      const body = Buffer.from((await store.read(key))?.body ?? []);
      expect(body.byteLength).toBe(4 * 1024 * 1024);
      expect(body.every((byte) => byte === body[0])).toBe(true);
    }
  }
});

test("leftovers of killed writers are no objects, and are swept when they are old", async () => {
  await using directory = await temporaryDirectory();
  await mkdir(join(directory.path, "@incoming"));
  const [old, fresh] = [join(directory.path, "@incoming", "1-old"), join(directory.path, "@incoming", "2-fresh")];
  await writeFile(old, "half");
  await writeFile(fresh, "half");
  await utimes(old, new Date(0), new Date(0));
  const store = await openDirectoryStore(directory.path);
  expect(await readdir(join(directory.path, "@incoming"))).toEqual(["2-fresh"]);
  expect(await store.list("")).toEqual([]);
});

test("a reader makes nothing: not even the directory", async () => {
  await using directory = await temporaryDirectory();
  const store = await openDirectoryStore(join(directory.path, "new", "store"));
  expect(await store.read("current/a.yaml")).toBeUndefined();
  expect(await store.list("")).toEqual([]);
  expect(await store.versions("claims/")).toEqual([]);
  expect(await readdir(directory.path)).toEqual([]);
  await store.putNew("current/a.yaml", Buffer.from("a"));
  expect(await store.list("")).toHaveLength(1);
});

test("a file, and a place below a file, is refused by its name, with a way out", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "file");
  await writeFile(file, "");
  for (const place of [file, join(file, "below")]) {
    const opened = openDirectoryStore(place);
    await expect(opened).rejects.toThrow(Stalled);
    await expect(opened).rejects.toThrow(`${place} is no directory`);
  }
});

test("people can read the directory: an immutable object has its key's name, and cannot be written to by accident", async () => {
  await using directory = await temporaryDirectory();
  const store = await openDirectoryStore(directory.path);
  await store.putNew("claims/shop-dev/00000001.json", Buffer.from("{}"));
  const file = await stat(join(directory.path, "claims/shop-dev/00000001.json"));
  expect(file.mode & 0o777).toBe(0o444);
  expect(file.nlink).toBe(1);
});

test("what is not an object is not listed: a .gitignore at the root, files of an editor", async () => {
  await using directory = await temporaryDirectory();
  const store = await openDirectoryStore(directory.path);
  await writeFile(join(directory.path, ".gitignore"), "*");
  await writeFile(join(directory.path, ".DS_Store"), "");
  await store.putNew("plans/a.json", Buffer.from("{}"));
  expect((await store.list("")).map(({ key }) => key)).toEqual(["plans/a.json"]);
});

test("finds the newest of many versions", async () => {
  await using directory = await temporaryDirectory();
  const store = await openDirectoryStore(directory.path);
  let etag: string | undefined;
  for (let version = 1; version <= 37; version += 1) {
    const put = await store.replace("current/a.yaml", Buffer.from(String(version)), etag);
    etag = put === "conflict" ? expect.fail("conflict") : put.etag;
    expect(Buffer.from((await store.read("current/a.yaml"))?.body ?? []).toString()).toBe(String(version));
  }
});

test.each([
  ["", "empty"],
  ["/etc/passwd", "absolute"],
  ["claims/../../x", "climbs out"],
  ["claims//x", "an empty segment"],
  ["claims/./x", "a dot segment"],
  ["claims/", "a folder"],
  ["claims/Shop", "upper case"],
  ["claims/a@2", "looks like a version"],
  ["claims/%2e%2e/x", "encoded"],
  ["claims/a\0b", "NUL"],
  ["claims/é", "not ASCII"],
  [`claims/${"a".repeat(1100)}`, "too long"],
])("refuses the key %j: %s", async (key) => {
  await using directory = await temporaryDirectory();
  const store = await openDirectoryStore(directory.path);
  await expect(store.read(key)).rejects.toThrow("not a key");
  await expect(store.putNew(key, Buffer.from(""))).rejects.toThrow("not a key");
  await expect(store.replace(key, Buffer.from(""), undefined)).rejects.toThrow("not a key");
});
