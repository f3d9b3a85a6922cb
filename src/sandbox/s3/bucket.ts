/** What a bucket holds: versions of keys, the newest first. Pure but for the maps it changes; each change is one step, so nobody sees half of it. */
import { createHash, randomUUID } from "node:crypto";
import type { Checksum } from "./checksum.ts";
import type { Lock } from "./lock.ts";

export interface ObjectContent {
  readonly kind: "object";
  readonly versionId: string;
  readonly at: Date;
  readonly body: Uint8Array;
  /** Without quotes. */
  readonly etag: string;
  readonly contentType: string;
  /** `cache-control` and `x-amz-meta-…`, as they were sent. */
  readonly headers: Readonly<Record<string, string>>;
  readonly checksum?: Checksum;
  readonly lock?: Lock;
}

export interface DeleteMarker {
  readonly kind: "delete-marker";
  readonly versionId: string;
  readonly at: Date;
}

export type Version = ObjectContent | DeleteMarker;

export interface Bucket {
  readonly name: string;
  readonly versioned: boolean;
  /** Object Lock; only a versioned bucket has it. */
  readonly locks: boolean;
  /** What a PUT without lock headers gets. */
  readonly defaultRetention?: { readonly mode: Lock["mode"]; readonly days: number };
  /** The newest first; never an empty list. */
  readonly keys: Map<string, readonly Version[]>;
}

/** The id of the one version that a bucket without versioning keeps. */
const NULL_VERSION = "null";

export function newestVersion(bucket: Bucket, key: string): Version | undefined {
  return bucket.keys.get(key)?.[0];
}

export function versionOf(bucket: Bucket, key: string, versionId: string): Version | undefined {
  return bucket.keys.get(key)?.find((version) => version.versionId === versionId);
}

/** Puts a version on top, or in place of the only one where the bucket keeps no versions. */
export function addVersion<V extends Version>(bucket: Bucket, key: string, version: V): V {
  bucket.keys.set(key, bucket.versioned ? [version, ...(bucket.keys.get(key) ?? [])] : [version]);
  return version;
}

export function newVersionId(bucket: Bucket): string {
  return bucket.versioned ? randomUUID() : NULL_VERSION;
}

/** False when there was no such version. */
export function removeVersion(bucket: Bucket, key: string, versionId: string): boolean {
  const versions = bucket.keys.get(key) ?? [];
  const left = versions.filter((version) => version.versionId !== versionId);
  if (left.length === 0) bucket.keys.delete(key);
  else bucket.keys.set(key, left);
  return left.length < versions.length;
}

/** Puts another version where one with the same id is. */
export function replaceVersion(bucket: Bucket, key: string, changed: Version): void {
  const versions = bucket.keys.get(key) ?? [];
  bucket.keys.set(
    key,
    versions.map((version) => (version.versionId === changed.versionId ? changed : version)),
  );
}

/** Keys in byte order, which is not that of JavaScript's strings beyond the BMP. */
export function sortedKeys(bucket: Bucket): readonly string[] {
  const keys = [...bucket.keys.keys()].map((key) => ({ key, bytes: Buffer.from(key) }));
  return keys.toSorted((a, b) => Buffer.compare(a.bytes, b.bytes)).map(({ key }) => key);
}

/** Whether one key would be a folder of another. MinIO takes both, and then lists only the upper one (measured 2026-11-24). */
export function isFolderOrInKey(bucket: Bucket, key: string): boolean {
  const parents = key.split("/").map((_, index, segments) => segments.slice(0, index).join("/"));
  if (parents.some((parent) => bucket.keys.has(parent))) return true;
  return !bucket.keys.has(key) && bucket.keys.keys().some((other) => other.startsWith(`${key}/`));
}

export function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

export function md5(body: Uint8Array): string {
  return createHash("md5").update(body).digest("hex");
}
