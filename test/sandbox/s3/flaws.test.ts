/** What other servers do, for the start-up proof to find: each row is a question of the proof, and the answer under one flaw and without. */
import { createHash } from "node:crypto";
import {
  DeleteObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import type { S3Flaw } from "../../../src/sandbox/s3/faults.ts";
import { startS3 } from "../../../src/sandbox/s3/s3.ts";
import { clientOf, said } from "./under-test.ts";

const Bucket = "static-environments";
const inMinutes = (minutes: number): Date => new Date(Date.now() + minutes * 60_000);

const put = async (client: S3Client, input: object): Promise<string> =>
  said(client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "one", ...input })));

const lock = { ObjectLockMode: "COMPLIANCE", ObjectLockRetainUntilDate: inMinutes(60) };

const FLAWS: readonly (readonly [S3Flaw, string, (client: S3Client) => Promise<unknown>, wrong: unknown, right: unknown])[] = [
  [
    "ignores-if-none-match",
    "a second put-if-absent",
    async (client) => [await put(client, { IfNoneMatch: "*" }), await put(client, { IfNoneMatch: "*" })],
    ["200", "200"],
    ["200", "412 PreconditionFailed"],
  ],
  [
    "ignores-if-match",
    "a put with another ETag",
    async (client) => [await put(client, {}), await put(client, { IfMatch: '"0"' })],
    ["200", "200"],
    ["200", "412 PreconditionFailed"],
  ],
  ["ignores-if-match", "If-Match for a missing key", async (client) => put(client, { IfMatch: '"0"' }), "200", "404 NoSuchKey"],
  [
    "creates-on-if-match",
    "If-Match for a missing key",
    async (client) => put(client, { IfMatch: '"0"' }),
    "200",
    "404 NoSuchKey",
  ],
  [
    "checks-then-acts",
    "ten writers at once",
    async (client) => {
      const answers = await Promise.all(Array.from({ length: 10 }, async () => put(client, { IfNoneMatch: "*" })));
      return answers.filter((answer) => answer === "200").length > 1;
    },
    true,
    false,
  ],
  [
    "checks-then-acts",
    "a second put-if-absent, by itself",
    async (client) => [await put(client, { IfNoneMatch: "*" }), await put(client, { IfNoneMatch: "*" })],
    ["200", "412 PreconditionFailed"],
    ["200", "412 PreconditionFailed"],
  ],
  [
    "takes-wrong-checksums",
    "a wrong SHA-256",
    async (client) => put(client, { ChecksumSHA256: createHash("sha256").update("two").digest("base64") }),
    "200",
    "400 XAmzContentChecksumMismatch",
  ],
  [
    "forgets-checksums",
    "the SHA-256 of what was put with one",
    async (client) => {
      await put(client, { ChecksumAlgorithm: "SHA256" });
      return (await client.send(new HeadObjectCommand({ Bucket, Key: "k", ChecksumMode: "ENABLED" }))).ChecksumType;
    },
    undefined,
    "FULL_OBJECT",
  ],
  [
    "forgets-locks",
    "the lock of what was put with one",
    async (client) => {
      await put(client, lock);
      return (await client.send(new HeadObjectCommand({ Bucket, Key: "k" }))).ObjectLockMode;
    },
    undefined,
    "COMPLIANCE",
  ],
  [
    "breaks-locks",
    "a shorter lock",
    async (client) => {
      await put(client, lock);
      const Retention = { Mode: "COMPLIANCE", RetainUntilDate: inMinutes(1) } as const;
      return said(client.send(new PutObjectRetentionCommand({ Bucket, Key: "k", Retention })));
    },
    "200",
    "400 InvalidRequest",
  ],
  [
    "breaks-locks",
    "the deletion of a locked version",
    async (client) => {
      await put(client, lock);
      const { VersionId } = await client.send(new HeadObjectCommand({ Bucket, Key: "k" }));
      return said(client.send(new DeleteObjectCommand({ Bucket, Key: "k", VersionId: VersionId ?? "" })));
    },
    "204",
    "400 InvalidRequest",
  ],
];

test.each(FLAWS)("a server that %s shows it by %s", async (flaw, _, ask, wrong, right) => {
  for (const [flaws, expected] of [
    [[flaw], wrong],
    [[], right],
  ] as const) {
    await using server = await startS3({ flaws });
    const client = clientOf(server.url, server.credentials);
    expect(await ask(client)).toEqual(expected);
    client.destroy();
  }
});

test("a flaw may come and go", async () => {
  await using server = await startS3();
  const client = clientOf(server.url, server.credentials);
  await put(client, {});
  server.flaws.add("ignores-if-none-match");
  expect(await put(client, { IfNoneMatch: "*" })).toBe("200");
  server.flaws.clear();
  expect(await put(client, { IfNoneMatch: "*" })).toBe("412 PreconditionFailed");
  client.destroy();
});
