/** One object: put, get, head, delete, and its retention. */
import { setTimeout as pause } from "node:timers/promises";
import {
  addVersion,
  md5,
  newestVersion,
  newVersionId,
  removeVersion,
  replaceVersion,
  versionOf,
  type Bucket,
  type ObjectContent,
  type Version,
} from "./bucket.ts";
import { bucketOf } from "./bucket-routes.ts";
import { checkChecksum, checkMd5, checksumHeaders, readChecksum, readMd5 } from "./checksum.ts";
import { checkCondition, matches } from "./condition.ts";
import { checkLockChange, checkUnlocked, lockHeaders, lockOfBody, lockOfPut } from "./lock.ts";
import { S3Error } from "./refusal.ts";
import { checkBodyDigest } from "./signature.ts";
import type { Handler, S3Request } from "./world.ts";
import { document } from "./xml.ts";

/** Long enough for every parallel writer to have looked, too. */
const BETWEEN_CHECK_AND_ACT_MS = 20;

export const putObject: Handler = async (world, { bucketName, key, headers, body }) => {
  const md5Sent = readMd5(headers);
  const checksum = readChecksum(headers);
  const bucket = bucketOf(world, bucketName);
  const now = world.now();
  const lock = lockOfPut(headers, bucket, now);
  const condition = (): void => checkCondition(newestVersion(bucket, key), headers, world.flaws);
  condition();
  checkBodyDigest(headers, body);
  if (md5Sent !== undefined) checkMd5(md5Sent, body);
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
    ...(checksum !== undefined && { checksum }),
    ...(lock !== undefined && !world.flaws.has("forgets-locks") && { lock }),
  });
  return { status: 200, headers: { etag: `"${put.etag}"`, ...checksumHeaders(checksum), ...versionHeader(bucket, put) } };
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
  // MinIO makes no marker for a key that it never had.
  if (newestVersion(bucket, key) === undefined) return { status: 204 };
  if (!bucket.versioned) {
    bucket.keys.delete(key);
    return { status: 204 };
  }
  const marker = addVersion(bucket, key, { kind: "delete-marker", versionId: newVersionId(bucket), at: now });
  return { status: 204, headers: { ...markerHeader(marker), ...versionHeader(bucket, marker) } };
};

export const getObjectRetention: Handler = (world, request) => {
  const { lock } = lockable(world, request).object;
  if (lock === undefined) throw new S3Error("NoSuchObjectLockConfiguration");
  const body = document("Retention", [
    ["Mode", lock.mode],
    ["RetainUntilDate", lock.retainUntil.toISOString()],
  ]);
  return { status: 200, body };
};

export const putObjectRetention: Handler = (world, request) => {
  const { headers, body, key } = request;
  const md5Sent = readMd5(headers);
  const checksum = readChecksum(headers);
  if (md5Sent === undefined && checksum === undefined) throw new S3Error("MissingContentMD5");
  const { bucket, object } = lockable(world, request);
  checkBodyDigest(headers, body);
  if (md5Sent !== undefined) checkMd5(md5Sent, body);
  if (checksum !== undefined) checkChecksum(checksum, body);
  const now = world.now();
  const after = lockOfBody(Buffer.from(body).toString(), now);
  const bypass = headers.get("x-amz-bypass-governance-retention") === "true";
  if (!world.flaws.has("breaks-locks")) checkLockChange(object.lock, after, bypass, now);
  const { lock: _, ...unlocked } = object;
  replaceVersion(bucket, key, after === undefined ? unlocked : { ...unlocked, lock: after });
  return { status: 200 };
};

/** The version that a read is about, its conditions checked. */
function readable(world: Parameters<Handler>[0], request: S3Request): { bucket: Bucket; object: ObjectContent } {
  const bucket = bucketOf(world, request.bucketName);
  const version = wanted(bucket, request);
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

/** The version that a lock is about. */
function lockable(world: Parameters<Handler>[0], request: S3Request): { bucket: Bucket; object: ObjectContent } {
  const bucket = bucketOf(world, request.bucketName);
  if (!bucket.locks) throw new S3Error("InvalidRequest", { message: "Bucket is missing ObjectLockConfiguration" });
  const version = wanted(bucket, request);
  if (version.kind !== "object") throw new S3Error(request.query.has("versionId") ? "MethodNotAllowed" : "NoSuchKey");
  return { bucket, object: version };
}

function wanted(bucket: Bucket, { key, query }: S3Request): Version {
  const versionId = query.get("versionId");
  const version = versionId === null ? newestVersion(bucket, key) : versionOf(bucket, key, checkedId(versionId));
  if (version === undefined) throw new S3Error(versionId === null ? "NoSuchKey" : "NoSuchVersion");
  return version;
}

function checkedId(versionId: string): string {
  if (versionId === "null" || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(versionId)) return versionId;
  throw new S3Error("InvalidArgument", { message: "Invalid version id specified" });
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
