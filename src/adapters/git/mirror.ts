/** The bare mirror of the claim repository: named refs only, fetched over https (or http to loopback), made anew when it is damaged. */
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { Stalled, Waiting } from "../../core/errors.ts";
import type { Repository } from "../../core/ports.ts";
import type { Secret } from "../../core/secret.ts";
import { checkedUrl } from "../http-client.ts";
import { makeBareRepository } from "./bare-repository.ts";
import { bareEnvironment } from "./environment.ts";
import { fetchFailure, isDamage, lockOf, missingRefOf } from "./failure.ts";
import { fileDiffsOf } from "./file-diffs.ts";
import * as objects from "./objects.ts";
import { isObjectId, isRefName, localRef } from "./ref.ts";
import { remembered } from "./remembered.ts";
import { git, type GitPlace } from "./run.ts";

export interface MirrorOptions {
  /** Of the bare repository; made when missing. One process owns it. */
  readonly directory: string;
  readonly url: string;
  readonly token?: Secret;
  /** GitLab takes any name beside an access token. */
  readonly username?: string;
  /** 5 min without. */
  readonly fetchDeadlineMs?: number;
}

/** Throws Stalled for an address that is neither https nor http to loopback. Fetches nothing yet. */
export async function openMirror(options: MirrorOptions): Promise<Repository> {
  const { token, username = "claimbot", fetchDeadlineMs = 300_000 } = options;
  const url = checkedUrl(options.url, "the repository's address");
  await mkdir(dirname(options.directory), { recursive: true });
  const directory = join(await realpath(dirname(options.directory)), basename(options.directory));
  const place: GitPlace = { directory, environment: bareEnvironment({ gitDirectory: directory }) };
  const credentials = token && { origin: url.origin, username, token };
  const fetching: GitPlace = { directory, environment: bareEnvironment({ gitDirectory: directory, credentials }) };

  async function fetchOnce(refs: readonly string[], signal?: AbortSignal): Promise<void> {
    await prepare(directory);
    const specs = refs.map((ref) => `+${ref}:${localRef(ref)}`);
    const args = [
      "fetch",
      "--quiet",
      "--no-tags",
      "--no-write-fetch-head",
      "--no-recurse-submodules",
      "--end-of-options",
      url.href,
      ...specs,
    ];
    await unlocking(directory, async () => git(fetching, args, { signal, deadlineMs: fetchDeadlineMs }));
  }

  /** Refs that the remote does not have fall out one by one: git names the first only. Their local copies are forgotten. */
  async function fetchPresent(refs: readonly string[], signal?: AbortSignal): Promise<ReadonlySet<string>> {
    const present = new Set(refs);
    while (present.size > 0) {
      try {
        await fetchOnce([...present], signal);
        break;
      } catch (error) {
        const gone = missingRefOf(error);
        if (gone === undefined || !present.delete(gone)) throw error;
        await git(place, ["update-ref", "-d", localRef(gone)]);
      }
    }
    return present;
  }

  const reading = async <T>(read: () => Promise<T>, damaged = isDamage): Promise<T> => {
    if (!existsSync(join(directory, "HEAD"))) throw new Waiting("the mirror of the repository is not there yet", 1000);
    try {
      return await read();
    } catch (error) {
      if (!damaged(error)) throw error;
      await startAnew();
      throw new Waiting("the mirror of the repository was damaged and is fetched anew", 1000, { cause: error });
    }
  };

  const mirror = remembered({
    fetch: async (refs, signal) =>
      oneAtATime(directory, async () => {
        for (const ref of refs) if (!ref.startsWith("refs/")) throw new Error("bug: a ref is asked for by its full name");
        const possible = refs.filter(isRefName);
        try {
          const present = await fetchPresent(possible, signal).catch(async (error: unknown) => {
            if (!isDamage(error)) throw error;
            await startAnew();
            return fetchPresent(possible, signal);
          });
          const found = refs.filter((ref) => present.has(ref));
          const commits = await objects.commitsOf(place, found.map(localRef));
          return refs.map((ref) => commits[found.indexOf(ref)]);
        } catch (error) {
          throw fetchFailure(error, url.origin, token ? [token] : []);
        }
      }),
    commit: async (ref) =>
      reading(async () => {
        const name = isObjectId(ref) ? ref : isRefName(ref) ? localRef(ref) : undefined;
        const commit = name && (await objects.commitOf(place, name));
        if (commit === undefined || commit === "")
          throw new Stalled(
            `the mirror has no commit ${JSON.stringify(ref.slice(0, 80))}`,
            "Look whether the branch is still there; it is fetched at the next run",
          );
        return commit;
      }),
    mergeResult: async (target, head) => reading(async () => objects.mergeResultOf(place, target, head)),
    tree: async (treeish, paths = []) => reading(async () => objects.treeOf(place, treeish, paths)),
    // Ids of blobs come from trees: a mirror that has the tree and not the blob has lost it.
    blobs: async (ids) =>
      reading(
        async () => objects.blobsOf(place, ids),
        (error) => isDamage(error) || error instanceof objects.MissingObject,
      ),
    parent: async (commit) => reading(async () => objects.parentOf(place, commit)),
    isAncestor: async (ancestor, descendant) => reading(async () => objects.isAncestorOf(place, ancestor, descendant)),
    lastChange: async (commit, paths) => reading(async () => objects.lastChangeOf(place, commit, paths)),
    peopleBetween: async (target, head) => reading(async () => objects.peopleBetweenOf(place, target, head)),
    fileDiffs: async (from, to, paths) => reading(async () => fileDiffsOf(place, from, to, paths)),
  });
  const startAnew = async (): Promise<void> => {
    mirror.forget();
    await discard(directory);
  };
  return mirror;
}

/** Makes the repository where there is none, or only half of one. */
async function prepare(directory: string): Promise<void> {
  if (existsSync(join(directory, "HEAD"))) return;
  if (existsSync(directory)) await discard(directory);
  const fresh = `${directory}.${randomUUID()}`;
  await makeBareRepository(fresh);
  await rename(fresh, directory);
}

/** Moved away first: whoever reads meanwhile finds it gone, never half there. */
async function discard(directory: string): Promise<void> {
  if (!existsSync(directory)) return;
  const away = `${directory}.${randomUUID()}`;
  await rename(directory, away);
  await rm(away, { recursive: true, force: true });
}

/** git holds its locks for a moment; one as old as this was left by a git that was killed. */
const STALE_LOCK_MS = 30_000;

async function unlocking<T>(directory: string, run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      const lock = lockOf(error);
      if (lock === undefined || attempt > 10) throw error;
      const inside = (await realpath(dirname(lock))).startsWith(directory + sep) || dirname(lock) === directory;
      const found = inside ? await stat(lock).catch(() => undefined) : undefined;
      if (!inside) throw error;
      if (found && Date.now() - found.mtimeMs < STALE_LOCK_MS)
        throw new Waiting("another git is writing to the mirror of the repository", STALE_LOCK_MS, { cause: error });
      await rm(lock, { force: true });
    }
  }
}

/** Directory → its last fetch, for every mirror of this process. */
const queues = new Map<string, Promise<unknown>>();

async function oneAtATime<T>(directory: string, run: () => Promise<T>): Promise<T> {
  const turn = (queues.get(directory) ?? Promise.resolve()).then(run, run);
  queues.set(directory, turn);
  try {
    return await turn;
  } finally {
    if (queues.get(directory) === turn) queues.delete(directory);
  }
}
