/** The retention of one version: read, set, extended. */
import { replaceVersion, type Bucket, type ObjectContent } from "./bucket.ts";
import { checkChecksum, checkMd5, readChecksum, readMd5 } from "./checksum.ts";
import { checkLockChange, lockOfBody } from "./lock.ts";
import { S3Error, type S3Code } from "./refusal.ts";
import { checkBodyDigest } from "./signature.ts";
import { wantedVersion } from "./wanted-version.ts";
import type { Handler, S3Request, World } from "./world.ts";
import { document } from "./xml.ts";

export const getObjectRetention: Handler = (world, request) => {
  // MinIO tells a reader who names no version that there is nothing, and a writer what it is.
  const ofMarker = request.query.has("versionId") ? "MethodNotAllowed" : "NoSuchKey";
  const { lock } = lockable(world, request, ofMarker).object;
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
  const { bucket, object } = lockable(world, request, "MethodNotAllowed");
  // MinIO does not look whether this MD5 is right; here it must be.
  if (md5Sent !== undefined) checkMd5(md5Sent, body);
  checkBodyDigest(headers, body);
  if (checksum !== undefined) checkChecksum(checksum, body);
  const now = world.now();
  const after = lockOfBody(Buffer.from(body).toString(), now);
  const bypass = headers.get("x-amz-bypass-governance-retention") === "true";
  if (!world.flaws.has("breaks-locks")) checkLockChange(object.lock, after, bypass, now);
  const { lock: _, ...unlocked } = object;
  replaceVersion(bucket, key, after === undefined ? unlocked : { ...unlocked, lock: after });
  return { status: 200 };
};

/** The version that a lock is about; a delete marker is refused by the given code. */
function lockable(world: World, request: S3Request, ofMarker: S3Code): { bucket: Bucket; object: ObjectContent } {
  const bucket = world.buckets.get(request.bucketName);
  if (bucket?.locks !== true) throw new S3Error("InvalidRequest", { message: "Bucket is missing ObjectLockConfiguration" });
  const version = wantedVersion(bucket, request);
  if (version.kind !== "object") throw new S3Error(ofMarker);
  return { bucket, object: version };
}
