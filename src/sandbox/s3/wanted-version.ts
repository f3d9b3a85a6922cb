/** The version that a request is about: the one it names, else the newest. */
import { newestVersion, versionOf, type Bucket, type Version } from "./bucket.ts";
import { S3Error } from "./refusal.ts";
import type { S3Request } from "./world.ts";

/** Throws S3Error where there is none. */
export function wantedVersion(bucket: Bucket, { key, query }: S3Request): Version {
  const versionId = query.get("versionId");
  const version = versionId === null ? newestVersion(bucket, key) : versionOf(bucket, key, checkedId(versionId));
  if (version === undefined) throw new S3Error(versionId === null ? "NoSuchKey" : "NoSuchVersion");
  return version;
}

/** Throws S3Error for what cannot be the id of a version. */
export function checkedId(versionId: string): string {
  if (versionId === "null" || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(versionId)) return versionId;
  throw new S3Error("InvalidArgument", { message: "Invalid version id specified" });
}
