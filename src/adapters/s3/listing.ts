/** Listings to their end. A page that does not fit to the one before, or says that more follows and not where, is not believed. */
import { ListObjectsV2Command, ListObjectVersionsCommand, type ListObjectVersionsCommandOutput } from "@aws-sdk/client-s3";
import { Stalled } from "../../core/errors.ts";
import type { ObjectVersion } from "../../core/ports.ts";
import type { S3Connection } from "./connection.ts";
import { UnreadableAnswer } from "./verdict.ts";

export interface ListedKey {
  readonly key: string;
  readonly etag: string;
}

/**
 * Keys with the prefix, in byte order. The end is believed when a second request, from behind the last key, finds nothing: MinIO was seen to
 * end listings early and to call them whole (minio#11724, #14635).
 */
export async function listKeys(connection: S3Connection, prefix: string, signal?: AbortSignal): Promise<readonly ListedKey[]> {
  const found: ListedKey[] = [];
  let from: { readonly ContinuationToken?: string; readonly StartAfter?: string } = {};
  for (let isSecondLook = false; ;) {
    const { keys, next } = await pageOfKeys(connection, prefix, from, signal);
    if (keys.length === 0 && isSecondLook) return found;
    for (const listed of keys) {
      assertAfter(connection, listed.key, found.at(-1)?.key);
      found.push(listed);
    }
    isSecondLook = next === undefined;
    const last = found.at(-1)?.key;
    from = next !== undefined ? { ContinuationToken: next } : last !== undefined ? { StartAfter: last } : {};
  }
}

/** Every version of every key, by key in byte order, the newest first. */
export async function listVersions(
  connection: S3Connection,
  prefix: string,
  signal?: AbortSignal,
): Promise<readonly ObjectVersion[]> {
  const found: ObjectVersion[] = [];
  const seen = new Set<string>();
  let from: { readonly KeyMarker?: string; readonly VersionIdMarker?: string } = {};
  for (;;) {
    const { versions, next } = await pageOfVersions(connection, prefix, from, signal);
    for (const version of versions) {
      if (version.key !== found.at(-1)?.key) assertAfter(connection, version.key, found.at(-1)?.key);
      const id = `${version.versionId} ${version.key}`;
      if (seen.has(id)) throw outOfOrder(connection, version.key);
      seen.add(id);
      found.push(version);
    }
    if (next === undefined) return found;
    from = next;
  }
}

/** Without the quotes around it. Throws UnreadableAnswer where there is none: then it was not S3 that answered. */
export function etagOf(etag: string | undefined): string {
  if (etag === undefined || etag === "") throw new UnreadableAnswer("an answer without an ETag");
  return etag.replaceAll('"', "");
}

async function pageOfKeys(
  { client, calls, bucket }: S3Connection,
  prefix: string,
  from: { readonly ContinuationToken?: string; readonly StartAfter?: string },
  signal: AbortSignal | undefined,
): Promise<{ readonly keys: readonly ListedKey[]; readonly next: string | undefined }> {
  const command = new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ...from });
  return calls.run(
    { operation: "ListObjectsV2", key: prefix },
    async (options) => {
      const { Contents = [], IsTruncated, NextContinuationToken: next } = await client.send(command, options);
      const keys = Contents.map(({ Key, ETag }) => ({ key: named(Key), etag: etagOf(ETag) }));
      // A page that brings nothing, or leads to itself, would be asked for without end: a page that brings keys leads on, by their order.
      checkEnd(IsTruncated, next !== undefined && keys.length > 0);
      return { keys, next: IsTruncated === true ? next : undefined };
    },
    signal,
  );
}

async function pageOfVersions(
  { client, calls, bucket }: S3Connection,
  prefix: string,
  from: { readonly KeyMarker?: string; readonly VersionIdMarker?: string },
  signal: AbortSignal | undefined,
) {
  const command = new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix, ...from });
  return calls.run(
    { operation: "ListObjectVersions", key: prefix },
    async (options) => {
      const page = await client.send(command, options);
      const versions = versionsOf(page);
      const { IsTruncated, NextKeyMarker: key, NextVersionIdMarker: id } = page;
      const moves = key !== from.KeyMarker || id !== from.VersionIdMarker;
      checkEnd(IsTruncated, key !== undefined && moves && versions.length > 0);
      const next = { KeyMarker: key ?? "", ...(id !== undefined && id !== "" && { VersionIdMarker: id }) };
      return { versions, next: IsTruncated === true ? next : undefined };
    },
    signal,
  );
}

/** The SDK takes versions and delete markers apart, and their order with it: what is the latest comes first, then the later one. */
function versionsOf({ Versions = [], DeleteMarkers = [] }: ListObjectVersionsCommandOutput): readonly ObjectVersion[] {
  const entries = [
    ...Versions.map((version) => ({ ...version, kind: "object" as const })),
    ...DeleteMarkers.map((marker) => ({ ...marker, kind: "delete-marker" as const })),
  ].map(({ Key, VersionId, IsLatest, LastModified, kind }): ObjectVersion => {
    if (VersionId === undefined || LastModified === undefined) throw new UnreadableAnswer("a version without an id or a time");
    return { key: named(Key), versionId: VersionId, kind, isLatest: IsLatest === true, at: LastModified.toISOString() };
  });
  return entries.toSorted(
    (a, b) => compareBytes(a.key, b.key) || Number(b.isLatest) - Number(a.isLatest) || (a.at < b.at ? 1 : a.at > b.at ? -1 : 0),
  );
}

function checkEnd(isTruncated: boolean | undefined, hasNext: boolean): void {
  if (isTruncated === undefined) throw new UnreadableAnswer("a listing that does not say whether it is whole");
  if (isTruncated && !hasNext) throw new UnreadableAnswer("a listing that says that more follows, and not where");
}

function named(key: string | undefined): string {
  if (key === undefined) throw new UnreadableAnswer("a listed object without a key");
  return key;
}

function assertAfter(connection: S3Connection, key: string, last: string | undefined): void {
  if (last !== undefined && compareBytes(key, last) <= 0) throw outOfOrder(connection, key);
}

function outOfOrder({ address }: S3Connection, key: string): Stalled {
  return new Stalled(
    `${address} lists ${key} twice, or out of its order`,
    "Its listings cannot be believed: use a server that lists in byte order (a directory bucket does not)",
  );
}

function compareBytes(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}
