/**
 * Restore: writes a backup into an empty claim store. What is pointed to comes before what points, and receipts last, so that a restore that
 * was cut off has no pointer to something missing, and nothing that is said to be at its end and is not; run again, it goes on. Nothing that is there is ever replaced.
 */
import { Stalled } from "../../core/errors.ts";
import { digestOfBytes } from "../../core/json.ts";
import type { ObjectStore } from "../../core/ports.ts";
import { inGroups } from "../in-groups.ts";
import { PLATFORM_NAME } from "../../core/adopted.ts";
import type { Log } from "../../core/record.ts";
import { readAdoptions, type AdoptionRecord } from "../adoption.ts";
import { examineLog } from "../verify/examine-log.ts";
import { neededLocks, type NeededLocks } from "../verify/needed-locks.ts";
import { POINTERS, PREFIXES, readContent } from "./backup.ts";
import type { BackedUp, Manifest } from "./manifest.ts";
import { backupView } from "./view.ts";

export interface RestoreReport {
  readonly objects: number;
  /** Those that were not there yet. */
  readonly written: number;
}

/** No policy of ours lets anything be written unlocked, and what nothing stands on any more needs no longer lock. */
const SHORTEST_LOCK_MS = 60_000;

/**
 * Each object is locked as long as the records of the backup ask, or as long as it was locked, if that is longer. Throws Stalled where the
 * store holds something else under a key of the backup, and before anything is written where the backup's own content was changed: what is
 * locked cannot be taken back.
 */
export async function restore(
  from: ObjectStore,
  manifest: Manifest,
  to: ObjectStore,
  now: Date,
  signal: AbortSignal,
): Promise<RestoreReport> {
  await requireWhole(from, manifest, signal);
  const needed = await locksOf(backupView(from, manifest), signal);
  let written = 0;
  for (const prefix of PREFIXES.toReversed()) {
    const objects = manifest.objects.filter(({ key }) => key.startsWith(prefix));
    await inGroups(objects, 16, async (object) => {
      const body = await readContent(from, object.key, object.sha256, signal);
      if (await put(to, object, body, prefix === POINTERS ? undefined : lockOf(object, needed, now), signal)) written += 1;
    });
  }
  return { objects: manifest.objects.length, written };
}

/** Reads everything, and holds no more than 16 objects at once. */
async function requireWhole(from: ObjectStore, { objects }: Manifest, signal: AbortSignal): Promise<void> {
  const contents = [...new Map(objects.map((object) => [object.sha256, object])).values()];
  const faults = await inGroups(contents, 16, async ({ key, sha256 }) => {
    try {
      await readContent(from, key, sha256, signal);
      return undefined;
    } catch (error) {
      if (error instanceof Stalled) return error;
      throw error;
    }
  });
  const [first, ...others] = faults.filter((fault) => fault !== undefined);
  if (first === undefined) return;
  const more = others.length === 0 ? "" : `, and so it is with ${others.length} more`;
  throw new Stalled(`${first.message}${more}; nothing was written`, first.wayOut, { cause: first });
}

/** A record or an adoption that is broken was so when it was backed up: it is restored as it is, and verify names it. */
async function locksOf(view: ObjectStore, signal: AbortSignal): Promise<NeededLocks> {
  const keys = Map.groupBy(await view.list("claims/", signal), ({ key }) => key.split("/")[1] ?? "");
  keys.delete(PLATFORM_NAME);
  const logs: Log[] = [];
  for (const [name, ofName] of keys) {
    const texts = await inGroups(ofName, 16, async ({ key }) => {
      const object = await view.read(key, signal);
      return { key, text: Buffer.from(object?.body ?? []).toString("utf8") };
    });
    logs.push(examineLog(name, texts).records.map(({ record }) => record));
  }
  return neededLocks(logs, await adoptionsIn(view, signal));
}

/** Without them the times of the default rules are asked for, and at least those that the objects had. */
async function adoptionsIn(view: ObjectStore, signal: AbortSignal): Promise<readonly AdoptionRecord[]> {
  try {
    return await readAdoptions(view, signal);
  } catch (error) {
    if (error instanceof Stalled) return [];
    throw error;
  }
}

function lockOf({ key, retainUntil }: BackedUp, needed: NeededLocks, now: Date): Date {
  const times = [now.getTime() + SHORTEST_LOCK_MS, needed.get(key)?.getTime() ?? 0, Date.parse(retainUntil ?? "") || 0];
  return new Date(Math.max(...times));
}

/** False where it was there already. */
async function put(
  to: ObjectStore,
  { key, sha256 }: BackedUp,
  body: Uint8Array,
  retainUntil: Date | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  const answer = retainUntil === undefined ? await to.replace(key, body, undefined) : await to.putNew(key, body, { retainUntil });
  if (answer !== "exists" && answer !== "conflict") return true;
  const there = await to.read(key, signal);
  if (there !== undefined && digestOfBytes(there.body) === sha256) return false;
  throw new Stalled(
    `${to.name}: ${key} is there already, and is not what the backup has`,
    "Restore into an empty bucket: nothing that is there is ever replaced",
  );
}
