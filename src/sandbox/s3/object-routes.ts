/** One object: put, get, head, delete. */
import { setTimeout as pause } from "node:timers/promises";
import {
  addVersion,
  isFolderOrInKey,
  md5,
  newestVersion,
  newVersionId,
  removeVersion,
  versionOf,
  type Bucket,
  type ObjectContent,
  type Version,
} from "./bucket.ts";
import { bucketOf } from "./bucket-routes.ts";
import { checkChecksum, checkMd5, checksumHeaders, readChecksum, readMd5 } from "./checksum.ts";
import { checkCondition, matches } from "./condition.ts";
import { checkUnlocked, lockHeaders, lockOfPut } from "./lock.ts";
import { S3Error } from "./refusal.ts";
import { checkBodyDigest } from "./signature.ts";
import { checkedId, wantedVersion } from "./wanted-version.ts";
import type { Handler, S3Request, World } from "./world.ts";

/** Long enough for every parallel writer to have looked, too. */
const BETWEEN_CHECK_AND_ACT_MS = 50;

export const putObject: Handler = async (world, { bucketName, key, headers, body }) => {
  const md5Sent = readMd5(headers);
  const checksum = readChecksum(headers);
  const now = world.now();
  // MinIO asks for the lock before it asks for the bucket.
  const lock = lockOfPut(headers, world.buckets.get(bucketName), now);
  const bucket = bucketOf(world, bucketName);
  if (isFolderOrInKey(bucket, key)) throw new S3Error("NotImplemented");
  checkCondition(newestVersion(bucket, key), headers, world.flaws);
  if (md5Sent !== undefined) checkMd5(md5Sent, body);
  checkBodyDigest(headers, body);
  if (checksum !== undefined && !world.flaws.has("takes-wrong-checksums")) checkChecksum(checksum, body);
  if (world.flaws.has("checks-then-acts")) await pause(BETWEEN_CHECK_AND_ACT_MS);
  const put = addVersion(bucket, key, {
    kind: "object",
    versionId: newVersionId(bucket),
    at: now,
    body,
    etag: md5(body),
    contentType: headers.get("content-type") ?? "binary/octet-stream",
    headers: Object.fromEntries([...headers].filter(([name]) => name === "cache-control" || name.startsWith("x-amz-meta-"))),
    ...(checksum !== undefined && !world.flaws.has("forgets-checksums") && { checksum }),
    ...(lock !== undefined && !world.flaws.has("forgets-locks") && { lock }),
  });
  return { status: 200, headers: { etag: `"${put.etag}"`, ...checksumHeaders(put.checksum), ...versionHeader(bucket, put) } };
};

export const getObject: Handler = (world, request) => {
  const { bucket, object } = readable(world, request);
  return { status: 200, headers: objectHeaders(bucket, object, request.headers), body: object.body };
};

export const headObject: Handler = (world, request) => {
  const { bucket, object } = readable(world, request);
  const headers = objectHeaders(bucket, object, request.headers);
  return { status: 200, headers: { ...headers, "content-length": String(object.body.byteLength) } };
};

export const deleteObject: Handler = (world, { bucketName, key, query, headers }) => {
  const bucket = bucketOf(world, bucketName);
  const now = world.now();
  const bypass = headers.get("x-amz-bypass-governance-retention") === "true";
  const versionId = query.get("versionId");
  if (versionId !== null) {
    const version = versionOf(bucket, key, checkedId(versionId));
    if (version === undefined) return { status: 204 };
    if (version.kind === "object" && !world.flaws.has("breaks-locks")) checkUnlocked(version.lock, bypass, now);
    removeVersion(bucket, key, versionId);
    return { status: 204, headers: { ...markerHeader(version), ...versionHeader(bucket, version) } };
  }
  // MinIO makes no marker for a key that it never had, and no second one on top of another.
  const top = newestVersion(bucket, key);
  if (top === undefined) return { status: 204 };
  if (top.kind === "delete-marker") return { status: 204, headers: { ...markerHeader(top), ...versionHeader(bucket, top) } };
  if (!bucket.versioned) {
    bucket.keys.delete(key);
    return { status: 204 };
  }
  const marker = addVersion(bucket, key, { kind: "delete-marker", versionId: newVersionId(bucket), at: now });
  return { status: 204, headers: { ...markerHeader(marker), ...versionHeader(bucket, marker) } };
};

/** The version that a read is about, its conditions checked. */
function readable(world: World, request: S3Request): { bucket: Bucket; object: ObjectContent } {
  const bucket = bucketOf(world, request.bucketName);
  const version = wantedVersion(bucket, request);
  if (version.kind === "delete-marker") {
    const headers = { ...markerHeader(version), ...versionHeader(bucket, version) };
    throw new S3Error(request.query.has("versionId") ? "MethodNotAllowed" : "NoSuchKey", { headers });
  }
  const headers = {
    etag: `"${version.etag}"`,
    "last-modified": version.at.toUTCString(),
    ...versionHeader(bucket, version),
  };
  const ifMatch = request.headers.get("if-match");
  if (ifMatch !== null && !matches(version.etag, ifMatch)) throw new S3Error("PreconditionFailed", { headers });
  return { bucket, object: version };
}

function objectHeaders(bucket: Bucket, object: ObjectContent, asked: Headers): Record<string, string> {
  return {
    ...object.headers,
    "content-type": object.contentType,
    etag: `"${object.etag}"`,
    "last-modified": object.at.toUTCString(),
    ...versionHeader(bucket, object),
    ...lockHeaders(object.lock),
    ...(asked.get("x-amz-checksum-mode") === "ENABLED" && checksumHeaders(object.checksum)),
  };
}

function versionHeader(bucket: Bucket, { versionId }: Version): Record<string, string> {
  return bucket.versioned ? { "x-amz-version-id": versionId } : {};
}

function markerHeader({ kind }: Version): Record<string, string> {
  return kind === "delete-marker" ? { "x-amz-delete-marker": "true" } : {};
}
