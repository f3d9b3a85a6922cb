/** The S3 servers that the suites run on: the sandbox's double, and the real one of CLAIMBOT_TEST_S3_URL, each with a bucket of its own. */
import { randomUUID } from "node:crypto";
import { CreateBucketCommand, DeleteObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { openS3Store } from "../../src/adapters/s3/store.ts";
import type { S3Options } from "../../src/adapters/s3/connection.ts";
import type { AuditableStore } from "../../src/core/ports.ts";
import { Secret } from "../../src/core/secret.ts";
import type { Faults } from "../../src/sandbox/faults.ts";
import type { S3Fault } from "../../src/sandbox/s3/faults.ts";
import { startS3 } from "../../src/sandbox/s3/s3.ts";
import { startFront } from "./s3-front.ts";

export interface S3UnderTest extends AsyncDisposable {
  /** Of a connection through the faults. */
  readonly options: S3Options;
  readonly store: AuditableStore;
  /** What the network does; and every request, those of `open` too. */
  readonly faults: Faults;
  /** Another process; past the faults where `direct`. */
  open(options?: { readonly direct?: boolean; readonly change?: Partial<S3Options> }): Promise<AuditableStore>;
  /** Somebody who may deletes the newest version of a key: a delete marker. */
  remove(key: string): Promise<void>;
  /** S3's own faults; only the double has them. */
  readonly fail?: (fault: S3Fault) => void;
}

const { CLAIMBOT_TEST_S3_URL, CLAIMBOT_TEST_S3_ACCESS_KEY_ID, CLAIMBOT_TEST_S3_SECRET_ACCESS_KEY } = process.env;

export const REAL_S3 = CLAIMBOT_TEST_S3_URL;

/** Back-off is for servers: in tests it is short. */
const BACKOFF_MS = 2;

export async function startDouble(): Promise<S3UnderTest> {
  const server = await startS3();
  const under = await onServer(server.url, server.url, server.credentials, server.bucket);
  return {
    ...under,
    faults: server.faults,
    fail: (fault) => server.fail(fault),
    [Symbol.asyncDispose]: async () => server[Symbol.asyncDispose](),
  };
}

export async function startReal(): Promise<S3UnderTest> {
  const url = REAL_S3 ?? "";
  const credentials = {
    accessKeyId: CLAIMBOT_TEST_S3_ACCESS_KEY_ID ?? "",
    secretAccessKey: CLAIMBOT_TEST_S3_SECRET_ACCESS_KEY ?? "",
  };
  const bucket = `claimbot-${randomUUID()}`;
  await asAdministrator(url, credentials, async (client) =>
    client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true })),
  );
  const front = await startFront(url);
  const under = await onServer(front.url, url, credentials, bucket);
  return { ...under, faults: front.faults, [Symbol.asyncDispose]: async () => front[Symbol.asyncDispose]() };
}

interface Key {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

async function onServer(
  endpoint: string,
  direct: string,
  key: Key,
  bucket: string,
): Promise<Omit<S3UnderTest, "faults" | "fail" | typeof Symbol.asyncDispose>> {
  const credentials = { accessKeyId: key.accessKeyId, secretAccessKey: new Secret(key.secretAccessKey) };
  const options: S3Options = { endpoint, bucket, region: "us-east-1", credentials, backoffMs: BACKOFF_MS };
  return {
    options,
    store: await openS3Store(options),
    open: async ({ direct: isDirect = false, change = {} } = {}) =>
      openS3Store({ ...options, ...(isDirect && { endpoint: direct }), ...change }),
    remove: async (Key) =>
      asAdministrator(direct, key, async (client) => client.send(new DeleteObjectCommand({ Bucket: bucket, Key }))),
  };
}

async function asAdministrator(endpoint: string, credentials: Key, work: (client: S3Client) => Promise<unknown>): Promise<void> {
  const client = new S3Client({ endpoint, region: "us-east-1", forcePathStyle: true, credentials });
  try {
    await work(client);
  } finally {
    client.destroy();
  }
}
