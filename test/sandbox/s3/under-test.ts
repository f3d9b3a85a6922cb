/** The servers that answer alike: the sandbox's, and a real MinIO where CLAIMBOT_TEST_S3_URL names one (with the keys of an administrator). */
import { randomUUID } from "node:crypto";
import { S3Client } from "@aws-sdk/client-s3";
import { startS3 } from "../../../src/sandbox/s3/s3.ts";
import { signedFetch, type Keys, type RawAnswer, type RawRequest } from "./signed-fetch.ts";

export interface ServerUnderTest extends AsyncDisposable {
  readonly url: string;
  readonly keys: Keys;
  readonly client: S3Client;
  /** With locks and versions, and nothing in it. */
  readonly bucket: string;
  /** With neither. */
  readonly plain: string;
  fetch(raw: RawRequest): Promise<RawAnswer>;
}

const REAL = process.env["CLAIMBOT_TEST_S3_URL"];

export const servers: readonly { readonly name: string; readonly start: () => Promise<ServerUnderTest> }[] = [
  { name: "the sandbox", start: startDouble },
  ...(REAL === undefined ? [] : [{ name: "a real MinIO", start: async () => reachMinio(REAL) }]),
];

export function clientOf(url: string, keys: Keys & { readonly sessionToken?: string }, maxAttempts = 1): S3Client {
  return new S3Client({
    endpoint: url,
    region: "us-east-1",
    forcePathStyle: true,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    maxAttempts,
    credentials: keys,
  });
}

/** `200`, or `412 PreconditionFailed`: what S3 said of a command, whether it was done or not. */
export async function said(answer: Promise<{ $metadata: { httpStatusCode?: number } }>): Promise<string> {
  try {
    return String((await answer).$metadata.httpStatusCode);
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
    return `${$metadata?.httpStatusCode ?? "no answer"} ${name}`;
  }
}

async function startDouble(): Promise<ServerUnderTest> {
  const server = await startS3({ buckets: [{ name: "locked" }, { name: "plain", versioned: false }] });
  const keys = server.credentials;
  return underTest(server.url, keys, "locked", "plain", async () => server[Symbol.asyncDispose]());
}

async function reachMinio(url: string): Promise<ServerUnderTest> {
  const keys = {
    accessKeyId: process.env["CLAIMBOT_TEST_S3_ACCESS_KEY_ID"] ?? "",
    secretAccessKey: process.env["CLAIMBOT_TEST_S3_SECRET_ACCESS_KEY"] ?? "",
  };
  const [locked, plain] = [`locked-${randomUUID()}`, `plain-${randomUUID()}`];
  const server = underTest(url, keys, locked, plain, async () => undefined);
  await server.fetch({ method: "PUT", path: `/${locked}`, headers: { "x-amz-bucket-object-lock-enabled": "true" } });
  await server.fetch({ method: "PUT", path: `/${plain}` });
  return server;
}

function underTest(url: string, keys: Keys, bucket: string, plain: string, stop: () => Promise<void>): ServerUnderTest {
  const client = clientOf(url, keys);
  return {
    url,
    keys,
    client,
    bucket,
    plain,
    fetch: async (raw) => signedFetch(url, keys, raw),
    async [Symbol.asyncDispose]() {
      client.destroy();
      await stop();
    },
  };
}
