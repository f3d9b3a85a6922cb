/** What a user may do: everything, or what one of the policies of deploy/minio says. */
import type { S3Request } from "./world.ts";

export type Rights = "everything" | "publish" | "read" | "audit";

const AUDIT = [
  "HeadBucket",
  "ListObjectsV2",
  "ListObjectVersions",
  "GetBucketLocation",
  "GetBucketVersioning",
  "GetObjectLockConfiguration",
  "GetObject",
  "HeadObject",
  "GetObjectRetention",
];
const LOCKED = /^(claims|releases|plans|receipts|audit|proof)\//;
const APPLIED = /^(current|releases)\//;

/** Whether the user's policy lets an operation be done. */
export function mayDo(rights: Rights, operation: string, { key, query, headers }: Omit<S3Request, "body">): boolean {
  switch (rights) {
    case "everything":
      return true;
    case "audit":
      return AUDIT.includes(operation);
    case "publish":
      if (operation === "PutObject") {
        const mode = headers.get("x-amz-object-lock-mode");
        return LOCKED.test(key) ? mode === "COMPLIANCE" : key.startsWith("current/") && mode === null;
      }
      return AUDIT.includes(operation) || (operation === "PutObjectRetention" && LOCKED.test(key));
    case "read":
      if (operation === "HeadBucket") return true;
      if (operation === "ListObjectsV2") return APPLIED.test(query.get("prefix") ?? "");
      if (query.has("versionId")) return false;
      return ["GetObject", "HeadObject"].includes(operation) && (APPLIED.test(key) || key === ".sourceignore");
  }
}
