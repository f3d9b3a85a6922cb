/** Hands that reach past the API and its locks: what a disk, an administrator or an attacker can do to a bucket. */
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
import type { Checksum } from "./checksum.ts";
import type { Lock } from "./lock.ts";
import type { World } from "./world.ts";

/** How an object is planted; what is not given is as of an unlocked PUT of now, without a checksum. */
export interface Planting {
  readonly at?: Date;
  readonly lock?: Lock;
  readonly checksum?: Checksum;
  readonly contentType?: string;
}

/** All are about the first bucket, unless another is named last. Each throws for what is not there. */
export interface Hand {
  /** The newest version of a key; undefined when there never was one. */
  newest(key: string, bucket?: string): Version | undefined;
  /** Of a key, the newest first. */
  versions(key: string, bucket?: string): readonly Version[];
  /** Puts a version on top of what is there. */
  plant(key: string, body: Uint8Array | string, planting?: Planting, bucket?: string): ObjectContent;
  plantDeleteMarker(key: string, bucket?: string): Version;
  /** Changes the newest version in place, under the same id: `etag` and `checksum` stay as they were unless given. */
  alter(
    key: string,
    change: Partial<Omit<ObjectContent, "kind" | "versionId">> & { readonly unlock?: boolean },
    bucket?: string,
  ): void;
  /** Takes away a version, or the whole key; locks do not hold it. */
  erase(key: string, versionId?: string, bucket?: string): void;
}

export function handOf(world: World, first: string): Hand {
  const bucketOf = (name: string = first): Bucket => {
    const bucket = world.buckets.get(name);
    if (bucket === undefined) throw new Error(`the sandbox has no bucket ${name}`);
    return bucket;
  };
  return {
    newest: (key, bucket) => newestVersion(bucketOf(bucket), key),
    versions: (key, bucket) => bucketOf(bucket).keys.get(key) ?? [],
    plant(key, content, { at = world.now(), contentType = "binary/octet-stream", ...rest } = {}, bucketName) {
      const bucket = bucketOf(bucketName);
      const body = typeof content === "string" ? Buffer.from(content) : content;
      const planted = { versionId: newVersionId(bucket), at, body, etag: md5(body), contentType, headers: {}, ...rest };
      return addVersion<ObjectContent>(bucket, key, { kind: "object", ...planted });
    },
    plantDeleteMarker(key, bucketName) {
      const bucket = bucketOf(bucketName);
      return addVersion(bucket, key, { kind: "delete-marker", versionId: newVersionId(bucket), at: world.now() });
    },
    alter(key, { unlock = false, ...change }, bucketName) {
      const bucket = bucketOf(bucketName);
      const newest = newestVersion(bucket, key);
      if (newest?.kind !== "object") throw new Error(`the sandbox has no object ${key}`);
      const { lock, ...rest } = { ...newest, ...change };
      replaceVersion(bucket, key, unlock || lock === undefined ? rest : { ...rest, lock });
    },
    erase(key, versionId, bucketName) {
      const bucket = bucketOf(bucketName);
      const gone =
        versionId === undefined
          ? bucket.keys.delete(key)
          : versionOf(bucket, key, versionId) && removeVersion(bucket, key, versionId);
      if (gone !== true) throw new Error(`the sandbox has no ${key} ${versionId ?? ""}`);
    },
  };
}
