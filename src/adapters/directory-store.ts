/**
 * The claim store in a directory: the same contract as S3 with conditional writes, also between processes that share the directory.
 *
 * Every key is a row of numbered versions, each a file that is complete from the moment it has its name: written and synced under a
 * temporary name, then `link()`ed, which fails when the name is taken. So put-if-absent is the link of version 1, and If-Match on
 * version n is the link of version n + 1. Version 1 has the key's own name, so that people can read the directory:
 *
 *     current/shop-dev.yaml      version 1
 *     current/shop-dev.yaml@2    version 2, which is what a reader gets
 *     @incoming/…                writers at work; what a killed one leaves here is swept when it is old
 *
 * A directory cannot lock what it holds: files are made read-only, which stops accidents, not people.
 */
import { createHash, randomUUID } from "node:crypto";
import { type Dirent } from "node:fs";
import { link, mkdir, open, readdir, readFile, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Stalled } from "../core/errors.ts";
import type { AuditableStore, ObjectFacts, ObjectVersion, StoredObject } from "../core/ports.ts";
import { assertKey } from "./object-key.ts";

const INCOMING = "@incoming";
const LEFTOVER_AGE_MS = 3_600_000;

/**
 * Opens a directory; the first write makes it where it is missing, a reader makes nothing. Any number of processes may have it open.
 * Throws Stalled where it cannot be used.
 */
export async function openDirectoryStore(directory: string): Promise<AuditableStore> {
  const root = resolve(directory);
  await usable(root, async () => sweepLeftovers(join(root, INCOMING)));
  return new DirectoryStore(root);
}

class DirectoryStore implements AuditableStore {
  readonly name: string;
  readonly locks = false;
  readonly #directory: string;
  /** ETags of files that have been read: a file never changes. */
  readonly #etags = new Map<string, string>();

  constructor(directory: string) {
    this.name = directory;
    this.#directory = directory;
  }

  async read(key: string, signal?: AbortSignal): Promise<StoredObject | undefined> {
    const file = this.#file(key);
    const version = await newestVersion(file);
    if (version === 0) return undefined;
    const body = await readFile(versionFile(file, version), { signal });
    return { body, etag: md5(body) };
  }

  async putNew(key: string, body: Uint8Array): Promise<{ readonly etag: string } | "exists"> {
    const file = this.#file(key);
    return (await exists(file)) || !(await this.#write(file, 1, body)) ? this.#settled(file, "exists") : { etag: md5(body) };
  }

  async replace(key: string, body: Uint8Array, expected: string | undefined): Promise<{ readonly etag: string } | "conflict"> {
    const file = this.#file(key);
    const version = await newestVersion(file);
    const etag = version === 0 ? undefined : md5(await readFile(versionFile(file, version)));
    // Compared by content, as S3 does, and won by number: whoever writes in between has taken version n + 1.
    if (etag !== expected || !(await this.#write(file, version + 1, body))) return this.#settled(file, "conflict");
    return { etag: md5(body) };
  }

  async list(prefix: string, signal?: AbortSignal): Promise<readonly { readonly key: string; readonly etag: string }[]> {
    const found: { key: string; etag: string }[] = [];
    for (const [key, versions] of await this.#rows(prefix, signal)) {
      signal?.throwIfAborted();
      found.push({ key, etag: await this.#etag(versionFile(join(this.#directory, key), Math.max(...versions))) });
    }
    return found;
  }

  async versions(prefix: string, signal?: AbortSignal): Promise<readonly ObjectVersion[]> {
    const found: ObjectVersion[] = [];
    for (const [key, versions] of await this.#rows(prefix, signal)) {
      for (const version of versions.toSorted((a, b) => b - a)) {
        signal?.throwIfAborted();
        const { mtime } = await stat(versionFile(join(this.#directory, key), version));
        const isLatest = version === Math.max(...versions);
        found.push({ key, versionId: String(version), kind: "object", isLatest, at: mtime.toISOString() });
      }
    }
    return found;
  }

  /** It keeps no checksum beside the content: the one that it tells is of what is on the disk now. */
  async facts(key: string, versionId?: string, signal?: AbortSignal): Promise<ObjectFacts | undefined> {
    const file = this.#file(key);
    const version = versionId === undefined ? await newestVersion(file) : Number(versionId);
    if (!(version > 0)) return undefined;
    const body = await readFile(versionFile(file, version), { signal }).catch(ignoreMissing);
    return body && { sizeBytes: body.byteLength, sha256: createHash("sha256").update(body).digest("hex"), lock: undefined };
  }

  /** Key → the numbers of its versions, by key in byte order. */
  async #rows(prefix: string, signal: AbortSignal | undefined): Promise<readonly (readonly [string, readonly number[]])[]> {
    const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    if (folder !== "") assertKey(`${folder}x`);
    const rows = new Map<string, number[]>();
    for await (const name of filesBelow(join(this.#directory, folder), folder)) {
      signal?.throwIfAborted();
      const [key = "", version] = name.split("@");
      if (!key.startsWith(prefix)) continue;
      const numbers = rows.get(key);
      if (numbers === undefined) rows.set(key, [Number(version ?? 1)]);
      else numbers.push(Number(version ?? 1));
    }
    return [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1));
  }

  #file(key: string): string {
    assertKey(key);
    return join(this.#directory, key);
  }

  async #etag(file: string): Promise<string> {
    const known = this.#etags.get(file);
    if (known !== undefined) return known;
    const etag = md5(await readFile(file));
    this.#etags.set(file, etag);
    return etag;
  }

  /** False when somebody else has this version already. Durable on return. */
  async #write(file: string, version: number, body: Uint8Array): Promise<boolean> {
    const temporary = join(this.#directory, INCOMING, `${process.pid}-${randomUUID()}`);
    const handle = await usable(this.#directory, async () => {
      await makeDirectory(dirname(temporary));
      await makeDirectory(dirname(file));
      return open(temporary, "wx", 0o444);
    });
    try {
      await handle.writeFile(body);
      await handle.sync();
      await handle.close();
      const won = await linkExclusively(temporary, versionFile(file, version));
      await syncDirectory(dirname(file));
      return won;
    } finally {
      await handle.close();
      await rm(temporary, { force: true });
    }
  }

  /** Somebody else was first: what they wrote is durable too before anybody builds on it. */
  async #settled<Answer>(file: string, answer: Answer): Promise<Answer> {
    await syncDirectory(dirname(file)).catch(ignoreMissing);
    return answer;
  }
}

function versionFile(file: string, version: number): string {
  return version === 1 ? file : `${file}@${version}`;
}

/** 0 when there is none. Versions have no gaps, so a doubling step and a bisection find the last one in few looks. */
async function newestVersion(file: string): Promise<number> {
  if (!(await exists(file))) return 0;
  let there = 1;
  let missing = 2;
  while (await exists(versionFile(file, missing))) [there, missing] = [missing, missing * 2];
  while (missing - there > 1) {
    const middle = (there + missing) >> 1;
    if (await exists(versionFile(file, middle))) there = middle;
    else missing = middle;
  }
  return there;
}

async function* filesBelow(directory: string, prefix: string): AsyncGenerator<string> {
  let entries: Dirent[];
  try {
    entries = await readdir(directory, { withFileTypes: true });
  } catch (error) {
    return ignoreMissing(error);
  }
  for (const entry of entries) {
    if (entry.isFile() && isStoredName(prefix + entry.name)) yield prefix + entry.name;
    if (entry.isDirectory() && entry.name !== INCOMING) yield* filesBelow(join(directory, entry.name), `${prefix}${entry.name}/`);
  }
}

/** Other files that people or tools leave in the directory (`.DS_Store`, `README`) are not objects; neither is the `.gitignore` of the root. */
function isStoredName(name: string): boolean {
  return /^[a-z0-9._/-]+(@[1-9][0-9]*)?$/.test(name) && name !== ".gitignore";
}

async function exists(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile();
  } catch (error) {
    ignoreMissing(error);
    return false;
  }
}

async function linkExclusively(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    if (codeOf(error) !== "EPERM" && codeOf(error) !== "ENOTSUP" && codeOf(error) !== "EXDEV") throw error;
    throw new Stalled(
      `the file system of ${dirname(to)} has no hard links, without which writers cannot be ordered`,
      "Put CLAIMBOT_DATA_DIR on another file system, or configure CLAIMBOT_S3_ENDPOINT",
      { cause: error },
    );
  }
}

/** Makes a directory and what is missing above it, each durable in its parent. */
async function makeDirectory(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true });
  if (first === undefined) return;
  for (let path = directory; path.length >= first.length; path = dirname(path)) await syncDirectory(dirname(path));
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What the file system refuses is for whoever chose the directory to mend. */
async function usable<Answer>(directory: string, work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    const refused = REFUSALS[codeOf(error) ?? ""];
    if (refused === undefined) throw error;
    throw new Stalled(`${directory} ${refused}`, "Name another directory, or let claimbot's user write there", { cause: error });
  }
}

const REFUSALS: Readonly<Record<string, string>> = {
  ENOTDIR: "is no directory, or lies below a file",
  EEXIST: "is no directory, or lies below a file",
  EACCES: "does not let us in (EACCES)",
  EPERM: "does not let us in (EPERM)",
  EROFS: "is on a file system that cannot be written (EROFS)",
  ENAMETOOLONG: "is too long a name",
};

async function sweepLeftovers(incoming: string): Promise<void> {
  const names = await readdir(incoming).catch((error: unknown) => {
    if (codeOf(error) !== "ENOENT") throw error;
    return [];
  });
  for (const name of names) {
    const file = join(incoming, name);
    const found = await stat(file).catch(ignoreMissing);
    if (found !== undefined && Date.now() - found.mtimeMs > LEFTOVER_AGE_MS) await rm(file, { force: true });
  }
}

function ignoreMissing(error: unknown): undefined {
  if (codeOf(error) !== "ENOENT" && codeOf(error) !== "ENOTDIR") throw error;
  return undefined;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

function md5(body: Uint8Array): string {
  return createHash("md5").update(body).digest("hex");
}
