/**
 * Backup: copies a claim store into another one, only what is new since the last time. What points is read before what it points to, so
 * that a copy that was made while claimbot published is whole: every record in it has its plan and its release.
 */
import { Stalled } from "../../core/errors.ts";
import { digestOfBytes } from "../../core/json.ts";
import type { AuditableStore, ObjectStore } from "../../core/ports.ts";
import { inGroups } from "../in-groups.ts";
import { isManifestKey, manifestKey, MANIFESTS, manifestText, parseManifest, type BackedUp, type Manifest } from "./manifest.ts";

/** In this order they are listed: pointers before receipts, receipts before records, records before plans and releases. */
export const PREFIXES = ["current/", "audit/", "receipts/", "claims/", "plans/", "releases/"] as const;

/** Where the content of an object lies in a backup: by its digest, so that a pointer of yesterday is still there. */
function contentKey(sha256: string): string {
  return `content/${sha256.slice(0, 2)}/${sha256}`;
}

export interface BackupReport {
  readonly manifest: string;
  readonly objects: number;
  /** Those that were not in the backup before. */
  readonly copied: number;
  readonly bytes: number;
}

/** Throws Stalled where the backup holds something else under a content's digest, or the last manifest was changed. */
export async function backup(from: AuditableStore, to: ObjectStore, now: Date, signal: AbortSignal): Promise<BackupReport> {
  const before = new Map((await newestManifest(to, signal))?.objects.map((object) => [object.key, object]));
  const at = now.toISOString();
  const objects: BackedUp[] = [];
  let [copied, bytes] = [0, 0];
  for (const prefix of PREFIXES) {
    const listed = await from.list(prefix, signal);
    const found = await inGroups(listed, 16, async ({ key, etag }) => {
      const known = before.get(key);
      if (known?.etag === etag) return known;
      const one = await copy(from, to, key, signal);
      copied += one.isNew ? 1 : 0;
      bytes += one.isNew ? one.object.sizeBytes : 0;
      return one.object;
    });
    objects.push(...found);
  }
  const manifest: Manifest = { kind: "Backup", at, of: from.name, objects: objects.toSorted((a, b) => (a.key < b.key ? -1 : 1)) };
  const key = manifestKey(manifest);
  if ((await to.putNew(key, Buffer.from(manifestText(manifest)))) === "exists")
    throw new Stalled(`${to.name}: ${key} is there already`, "Another backup ran in the same millisecond: run it again");
  return { manifest: key, objects: objects.length, copied, bytes };
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
    "Take an older backup, or another copy of it",
  );
}

/** Undefined in a place that was never backed up to. Throws Stalled where the newest manifest was changed. */
export async function newestManifest(store: ObjectStore, signal: AbortSignal): Promise<Manifest | undefined> {
  const key = (await store.list(MANIFESTS, signal)).filter((object) => isManifestKey(object.key)).at(-1)?.key;
  if (key === undefined) return undefined;
  const object = await store.read(key, signal);
  const manifest = object && parseManifest(Buffer.from(object.body).toString("utf8"));
  if (manifest !== undefined) return manifest;
  throw new Stalled(`${store.name}: ${key} is torn or was changed`, "Take another copy of the backup");
}
