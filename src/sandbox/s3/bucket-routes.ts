/** Buckets and their settings. */
import type { Bucket } from "./bucket.ts";
import { S3Error } from "./refusal.ts";
import type { Handler, World } from "./world.ts";
import { document, readElements, type Element } from "./xml.ts";

export function bucketOf(world: World, name: string): Bucket {
  const bucket = world.buckets.get(name);
  if (bucket === undefined) throw new S3Error("NoSuchBucket");
  return bucket;
}

/** A region is asked for in the body, and any will do. */
export const createBucket: Handler = (world, { bucketName, headers, body }) => {
  const configuration = Buffer.from(body).toString();
  const understood = configuration === "" || readElements(configuration, "CreateBucketConfiguration") !== undefined;
  if (!understood) throw new S3Error("MalformedXML");
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucketName)) throw new S3Error("InvalidBucketName");
  if (world.buckets.has(bucketName)) throw new S3Error("BucketAlreadyOwnedByYou");
  const locks = headers.get("x-amz-bucket-object-lock-enabled") === "true";
  world.buckets.set(bucketName, { name: bucketName, versioned: locks, locks, keys: new Map() });
  return { status: 200, headers: { location: `/${bucketName}` } };
};

export const headBucket: Handler = (world, { bucketName }) => {
  bucketOf(world, bucketName);
  return { status: 200, headers: { "content-type": "application/xml" } };
};

/** Empty: the region us-east-1. */
export const getBucketLocation: Handler = (world, { bucketName }) => {
  bucketOf(world, bucketName);
  return { status: 200, body: document("LocationConstraint", []) };
};

export const getBucketVersioning: Handler = (world, { bucketName }) => {
  const { versioned } = bucketOf(world, bucketName);
  return { status: 200, body: document("VersioningConfiguration", versioned ? [["Status", "Enabled"]] : []) };
};

export const getObjectLockConfiguration: Handler = (world, { bucketName }) => {
  const bucket = world.buckets.get(bucketName);
  if (bucket?.locks !== true) throw new S3Error("ObjectLockConfigurationNotFoundError");
  const { defaultRetention } = bucket;
  const rule: readonly Element[] = defaultRetention
    ? [
        [
          "Rule",
          [
            [
              "DefaultRetention",
              [
                ["Mode", defaultRetention.mode],
                ["Days", defaultRetention.days],
              ],
            ],
          ],
        ],
      ]
    : [];
  return { status: 200, body: document("ObjectLockConfiguration", [["ObjectLockEnabled", "Enabled"], ...rule]) };
};
