/** Which operation a request is. What is not in the table is refused, and so is any parameter or header that its row does not name. */
import { createBucket, getBucketLocation, getBucketVersioning, getObjectLockConfiguration, headBucket } from "./bucket-routes.ts";
import { listObjects, listObjectVersions } from "./list-routes.ts";
import { deleteObject, getObject, headObject, putObject } from "./object-routes.ts";
import { getObjectRetention, putObjectRetention } from "./retention-routes.ts";
import type { Handler } from "./world.ts";

export interface Operation {
  /** S3's name. */
  readonly name: string;
  readonly method: string;
  readonly on: "bucket" | "object";
  /** Parameters that must be there; `list-type=2` with its value. */
  readonly needs?: string;
  readonly parameters?: readonly string[];
  /** Headers beginning with `if-`, `x-amz-` or `range` that are understood, beside those of signing. */
  readonly headers?: RegExp;
  readonly handle: Handler;
}

const PAGE = ["prefix", "max-keys", "encoding-type"];
const READ = /^(if-match|x-amz-checksum-mode)$/;
const WRITE =
  /^(if-match|if-none-match|x-amz-(checksum-.*|meta-.*|object-lock-mode|object-lock-retain-until-date|sdk-checksum-algorithm))$/;
const LOCK = /^x-amz-(checksum-.*|sdk-checksum-algorithm|bypass-governance-retention)$/;

const OPERATIONS: readonly Operation[] = [
  { name: "CreateBucket", method: "PUT", on: "bucket", headers: /^x-amz-bucket-object-lock-enabled$/, handle: createBucket },
  { name: "HeadBucket", method: "HEAD", on: "bucket", handle: headBucket },
  { name: "GetBucketLocation", method: "GET", on: "bucket", needs: "location", handle: getBucketLocation },
  { name: "GetBucketVersioning", method: "GET", on: "bucket", needs: "versioning", handle: getBucketVersioning },
  { name: "GetObjectLockConfiguration", method: "GET", on: "bucket", needs: "object-lock", handle: getObjectLockConfiguration },
  {
    name: "ListObjectsV2",
    method: "GET",
    on: "bucket",
    needs: "list-type=2",
    parameters: [...PAGE, "delimiter", "continuation-token", "start-after"],
    handle: listObjects,
  },
  {
    name: "ListObjectVersions",
    method: "GET",
    on: "bucket",
    needs: "versions",
    parameters: [...PAGE, "key-marker", "version-id-marker"],
    handle: listObjectVersions,
  },
  { name: "PutObject", method: "PUT", on: "object", headers: WRITE, handle: putObject },
  { name: "GetObject", method: "GET", on: "object", parameters: ["versionId"], headers: READ, handle: getObject },
  { name: "HeadObject", method: "HEAD", on: "object", parameters: ["versionId"], headers: READ, handle: headObject },
  {
    name: "DeleteObject",
    method: "DELETE",
    on: "object",
    parameters: ["versionId"],
    headers: /^x-amz-bypass-governance-retention$/,
    handle: deleteObject,
  },
  {
    name: "GetObjectRetention",
    method: "GET",
    on: "object",
    needs: "retention",
    parameters: ["versionId"],
    handle: getObjectRetention,
  },
  {
    name: "PutObjectRetention",
    method: "PUT",
    on: "object",
    needs: "retention",
    parameters: ["versionId"],
    headers: LOCK,
    handle: putObjectRetention,
  },
];

const SIGNING = /^x-amz-(date|content-sha256|security-token|user-agent)$/;
const TELLING = /^(if-|x-amz-|range$)/;

/** Undefined: no operation that is known here. The SDK's `x-id` says nothing. */
export function operationOf(method: string, key: string, query: URLSearchParams, headers: Headers): Operation | undefined {
  return OPERATIONS.find((operation) => {
    if (operation.method !== method || (operation.on === "object") !== (key !== "")) return false;
    const [needed, value] = operation.needs?.split("=") ?? [];
    if (needed !== undefined && query.get(needed) !== (value ?? "")) return false;
    const known = [needed, "x-id", ...(operation.parameters ?? [])];
    return (
      [...query.keys()].every((name) => known.includes(name)) &&
      [...headers.keys()].every((name) => !TELLING.test(name) || SIGNING.test(name) || operation.headers?.test(name) === true)
    );
  });
}
