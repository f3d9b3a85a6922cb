/**
 * An S3 server as strict as MinIO (master of 2026-02-12, measured 2026-11-24): conditional writes, versions, Object Lock, signatures.
 * What it does not know it refuses, also where MinIO would be kinder: 501 NotImplemented.
 */
import { startServer, type SandboxServer } from "../server.ts";
import { s3Api } from "./api.ts";
import type { Bucket } from "./bucket.ts";
import { S3Faults, type S3Fault, type S3Flaw } from "./faults.ts";
import { handOf, type Hand } from "./hand.ts";
import type { Lock } from "./lock.ts";
import type { Rights } from "./rights.ts";
import type { RoleOptions } from "./sts.ts";
import type { JournalEntry, User, World } from "./world.ts";

export interface BucketOptions {
  readonly name: string;
  /** Object Lock, and with it versioning; there without. */
  readonly locks?: boolean;
  /** Kept without locks, too; there without. False: one version of each key is kept. */
  readonly versioned?: boolean;
  readonly defaultRetention?: { readonly mode: Lock["mode"]; readonly days: number };
}

export interface KeyOptions {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Everything without; all others are about the first bucket. */
  readonly rights?: Rights;
}

export interface S3Options {
  /** One with locks, named `static-environments`, without. */
  readonly buckets?: readonly BucketOptions[];
  /** One that may do everything, without. */
  readonly keys?: readonly KeyOptions[];
  /** The role of the first bucket that a web identity can assume, by POST to the server's address; none without. */
  readonly role?: RoleOptions;
  readonly flaws?: readonly S3Flaw[];
  readonly port?: number;
  readonly now?: () => Date;
}

/** The server, with the hands of whoever does not go through it. */
export interface SandboxS3 extends SandboxServer, Hand {
  /** Name of the first bucket. */
  readonly bucket: string;
  /** The first of the keys. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** What it does wrongly always; may be changed at any time. */
  readonly flaws: Set<S3Flaw>;
  /** Every request that reached S3, in order of its answer. */
  readonly journal: readonly JournalEntry[];
  /** How many requests of one operation (S3's name, such as `PutObject`) were answered, refusals included; of any without. */
  count(operation?: string): number;
  /** A fault of S3's; those of the network are in `faults`. */
  fail(fault: S3Fault): void;
  clearFaults(): void;
}

export async function startS3(options: S3Options = {}): Promise<SandboxS3> {
  const buckets = (options.buckets ?? [{ name: "static-environments" }]).map(newBucket);
  const keys = options.keys ?? [{ accessKeyId: "sandbox", secretAccessKey: "sandbox-secret" }];
  const [firstBucket, firstKey] = [buckets[0], keys[0]];
  if (firstBucket === undefined || firstKey === undefined) throw new Error("a sandbox S3 has a bucket and a key");
  const world: World = {
    buckets: new Map(buckets.map((bucket) => [bucket.name, bucket])),
    users: new Map(
      keys.map((key): [string, User] => [
        key.accessKeyId,
        { ...key, rights: key.rights ?? "everything", bucket: firstBucket.name },
      ]),
    ),
    role: options.role && { ...options.role, bucket: firstBucket.name },
    faults: new S3Faults(),
    flaws: new Set(options.flaws),
    journal: [],
    now: options.now ?? (() => new Date()),
  };
  const server = await startServer(s3Api(world), options.port === undefined ? {} : { port: options.port });
  return {
    ...server,
    ...handOf(world, firstBucket.name),
    bucket: firstBucket.name,
    credentials: { accessKeyId: firstKey.accessKeyId, secretAccessKey: firstKey.secretAccessKey },
    flaws: world.flaws,
    journal: world.journal,
    count: (operation) => world.journal.filter((entry) => operation === undefined || entry.operation === operation).length,
    fail: (fault) => world.faults.add(fault),
    clearFaults() {
      world.faults.clear();
      server.faults.clear();
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function newBucket({ name, locks, versioned = true, defaultRetention }: BucketOptions): Bucket {
  const bucket = { name, versioned, locks: locks ?? versioned, keys: new Map() };
  if (bucket.locks && !versioned) throw new Error("a bucket with locks keeps versions");
  return defaultRetention === undefined ? bucket : { ...bucket, defaultRetention };
}
