/**
 * Backup: copies a claim store into another one, only what is new since the last time. What is written last is read first, so that a copy
 * that was made while claimbot published is whole: every record in it has its plan and its release, every receipt its pointer.
 */
import { Stalled } from "../../core/errors.ts";
import { digestOfBytes } from "../../core/json.ts";
import type { AuditableStore, ObjectStore } from "../../core/ports.ts";
import { isKnownKey } from "../../targets/claim-store/known-key.ts";
import { inGroups } from "../in-groups.ts";
import { MANIFEST_BYTES, manifestKey, manifestTexts, type BackedUp, type Manifest } from "./manifest.ts";
import { newestWhole } from "./newest-manifest.ts";
import { digestAt, requireNoClaims, requireSameStore } from "./place-of.ts";

/**
 * In this order they are listed. A receipt says that the pointer stands, and quotes the audit log: were it read after them, it would say so
 * of older ones. A pointer speaks of a record; a record of the decision in the audit log, of its plan and of its release.
 */
export const PREFIXES = ["receipts/", "current/", "claims/", "audit/", "plans/", "releases/"] as const;

/** The only keys whose content may change. */
export const POINTERS = "current/";

const CONTENT = "content/";

/** Where the content of an object lies in a backup: by its digest, so that a pointer of yesterday is still there. */
function contentKey(sha256: string): string {
  return `${CONTENT}${sha256.slice(0, 2)}/${sha256}`;
}

export interface BackupReport {
  readonly manifest: string;
  readonly objects: number;
  /** Those that were not in the backup before. */
  readonly copied: number;
  readonly bytes: number;
  /** Those that were changed or deleted since the last backup, although they are written once: it keeps what they held. */
  readonly kept: number;
  /** Keys that claimbot does not write: left out. */
  readonly foreign: number;
  /** Keys of manifests that are torn or changed, and newer than the one that it went on from. */
  readonly damaged: readonly string[];
}

/**
 * Throws Stalled where the place holds something else under a content's digest, and where it holds claims, or backups of another store.
 * `manifestBytes`: of one object of the manifest.
 */
export async function backup(
  from: AuditableStore,
  to: AuditableStore,
  now: Date,
  signal: AbortSignal,
  manifestBytes = MANIFEST_BYTES,
): Promise<BackupReport> {
  await requireNoClaims(from, to, PREFIXES, signal);
  const { manifest: last, damaged } = await newestWhole(to, undefined, signal);
  if (last !== undefined) await requireSameStore(from, to, last, signal);
  const before = await stillThere(to, last, signal);
  const at = now.toISOString();
  const objects: BackedUp[] = [];
  let [copied, bytes, kept, foreign] = [0, 0, 0, 0];
  for (const prefix of PREFIXES) {
    const listed = await from.list(prefix, signal);
    const ours = listed.filter(({ key }) => isKnownKey(key));
    foreign += listed.length - ours.length;
    const found = await inGroups(ours, 16, async ({ key, etag }) => {
      const known = before.get(key);
      before.delete(key);
      if (known?.etag === etag) return known;
      if (known !== undefined && prefix !== POINTERS) {
        // A store that moved may name the same content by another ETag.
        if ((await digestAt(from, key, signal)) === known.sha256) return { ...known, etag };
        kept += 1;
        return known;
      }
      const one = await copy(from, to, key, signal);
      copied += one.isNew ? 1 : 0;
      bytes += one.isNew ? one.object.sizeBytes : 0;
      return one.object;
    });
    objects.push(...found);
  }
  // Nothing is ever deleted by claimbot: what is not there any more was deleted by somebody else.
  kept += before.size;
  const all = [...objects, ...before.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const manifest: Manifest = { kind: "Backup", at, of: from.name, objects: all };
  for (const { key, text } of manifestTexts(manifest, manifestBytes)) {
    if ((await to.putNew(key, Buffer.from(text))) === "exists")
      throw new Stalled(`${to.name}: ${key} is there already`, "Another backup ran in the same millisecond: run it again");
  }
  return {
    manifest: manifestKey(manifest),
    objects: all.length,
    copied,
    bytes,
    kept,
    foreign,
    damaged: damaged.map((one) => one.key),
  };
}

/** Key → what the manifest says of it, where its content still lies there. */
async function stillThere(
  to: AuditableStore,
  manifest: Manifest | undefined,
  signal: AbortSignal,
): Promise<Map<string, BackedUp>> {
  if (manifest === undefined) return new Map();
  const versions = await to.versions(CONTENT, signal);
  const there = new Set(versions.filter(({ kind, isLatest }) => isLatest && kind === "object").map(({ key }) => key));
  const whole = manifest.objects.filter(({ sha256 }) => there.has(contentKey(sha256)));
  return new Map(whole.map((object) => [object.key, object]));
}

async function copy(
  from: AuditableStore,
  to: ObjectStore,
  key: string,
  signal: AbortSignal,
): Promise<{ readonly object: BackedUp; readonly isNew: boolean }> {
  const [stored, facts] = await Promise.all([from.read(key, signal), from.facts(key, undefined, signal)]);
  if (stored === undefined)
    throw new Stalled(`${from.name}: ${key} is listed but cannot be read`, "claimbot verify says what is wrong");
  const { body, etag } = stored;
  const sha256 = digestOfBytes(body);
  const isNew = (await to.putNew(contentKey(sha256), body)) !== "exists";
  if (!isNew) await readContent(to, key, sha256, signal);
  const retainUntil = facts?.lock?.retainUntil.toISOString();
  return { object: { key, sha256, sizeBytes: body.byteLength, etag, ...(retainUntil !== undefined && { retainUntil }) }, isNew };
}

/** The content of an object of a backup. Throws Stalled where it is missing or another. */
export async function readContent(store: ObjectStore, key: string, sha256: string, signal: AbortSignal): Promise<Uint8Array> {
  const object = await store.read(contentKey(sha256), signal);
  if (object !== undefined && digestOfBytes(object.body) === sha256) return object.body;
  throw new Stalled(
    `${store.name}: the content of ${key} ${object === undefined ? "is missing" : "was changed"} (${contentKey(sha256)})`,
    "Take another copy of the backup, or an older backup that is without it: restore --at TIME",
  );
}
