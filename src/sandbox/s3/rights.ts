/** What a user may do: everything, or what a policy of deploy/minio says of one bucket. Tried on a real MinIO by test/sandbox/s3 (2026-11-24). */
import type { S3Request } from "./world.ts";

/** `nothing` is what a role's condition leaves of a stranger: a session, and 403 for whatever it asks. */
export type Rights = "everything" | "publish" | "read" | "audit" | "nothing";

/** Whose rights they are: all but `everything` are about one bucket. */
export interface Holder {
  readonly rights: Rights;
  readonly bucket: string;
}

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
/** A policy's star stands for slashes too. */
const LOCKED = /^((claims|receipts|audit)\/.*\/.*\.json|releases\/.*\/.*\/bundle\.yaml|plans\/.*\.json|proof\/.*)$/s;
const POINTER = /^current\/.*\.yaml$/s;
const APPLIED = /^(current|releases)\//;

/** Whether the holder may do an operation. */
export function mayDo({ rights, bucket }: Holder, operation: string, request: Omit<S3Request, "body">): boolean {
  if (rights === "everything") return true;
  if (request.bucketName !== bucket) return false;
  const { key, query, headers } = request;
  switch (rights) {
    case "nothing":
      return false;
    case "audit":
      return AUDIT.includes(operation);
    case "publish":
      if (operation === "PutObject") {
        const mode = headers.get("x-amz-object-lock-mode");
        return LOCKED.test(key) ? mode === "COMPLIANCE" : POINTER.test(key) && mode === null;
      }
      return AUDIT.includes(operation) || (operation === "PutObjectRetention" && LOCKED.test(key));
    case "read":
      if (operation === "HeadBucket") return true;
      // MinIO takes s3:ListBucket for versions, too.
      if (operation.startsWith("List")) return APPLIED.test(query.get("prefix") ?? "");
      return ["GetObject", "HeadObject"].includes(operation) && (APPLIED.test(key) || key === ".sourceignore");
  }
}
