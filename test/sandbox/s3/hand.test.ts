/** The hands that reach past the API, and what the sandbox tells of its requests. */
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { startS3 } from "../../../src/sandbox/s3/s3.ts";
import { signedFetch } from "./signed-fetch.ts";
import { clientOf, said } from "./under-test.ts";

const Bucket = "static-environments";

test("plants versions, locks and delete markers that the API then tells of", async () => {
  await using server = await startS3();
  const client = clientOf(server.url, server.credentials);
  const retainUntil = new Date("2090-01-01T00:00:00Z");
  const at = new Date("2026-11-24T10:00:00Z");
  const first = server.plant("k", "one", { at, lock: { mode: "COMPLIANCE", retainUntil } });
  server.plant("k", "two");
  const head = await client.send(new HeadObjectCommand({ Bucket, Key: "k", VersionId: first.versionId }));
  expect(head).toMatchObject({ LastModified: at, ObjectLockMode: "COMPLIANCE", ObjectLockRetainUntilDate: retainUntil });
  expect(head.ETag).toBe('"f97c5d29941bfb1b2fdab0874906ab82"');
  server.plantDeleteMarker("k");
  expect(await said(client.send(new GetObjectCommand({ Bucket, Key: "k" })))).toBe("404 NoSuchKey");
  const versions = await client.send(new ListObjectVersionsCommand({ Bucket }));
  expect([versions.Versions?.length, versions.DeleteMarkers?.length]).toEqual([2, 1]);
  expect(server.versions("k").map(({ kind }) => kind)).toEqual(["delete-marker", "object", "object"]);
  client.destroy();
});

test("alters a version in place, against its ETag and checksum, and takes its lock off", async () => {
  await using server = await startS3();
  const client = clientOf(server.url, server.credentials);
  const lock = { ObjectLockMode: "COMPLIANCE", ObjectLockRetainUntilDate: new Date("2090-01-01T00:00:00Z") } as const;
  const put = await client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "one", ChecksumAlgorithm: "SHA256", ...lock }));
  server.alter("k", { body: Buffer.from("two") });
  const got = await client.send(new GetObjectCommand({ Bucket, Key: "k" }));
  expect(await got.Body?.transformToString()).toBe("two");
  const head = await client.send(new HeadObjectCommand({ Bucket, Key: "k", ChecksumMode: "ENABLED" }));
  expect(head).toMatchObject({
    ETag: put.ETag,
    VersionId: put.VersionId,
    ChecksumSHA256: put.ChecksumSHA256,
    ObjectLockMode: "COMPLIANCE",
  });
  server.alter("k", { unlock: true });
  expect((await client.send(new HeadObjectCommand({ Bucket, Key: "k" }))).ObjectLockMode).toBeUndefined();
  client.destroy();
});

test("erases one version or a whole key, locked or not", async () => {
  await using server = await startS3();
  const lock = { mode: "COMPLIANCE", retainUntil: new Date("2090-01-01T00:00:00Z") } as const;
  const first = server.plant("k", "one", { lock });
  server.plant("k", "two", { lock });
  server.erase("k", first.versionId);
  expect(server.versions("k")).toHaveLength(1);
  server.erase("k");
  expect(server.newest("k")).toBeUndefined();
  expect(() => server.erase("k")).toThrow("the sandbox has no k");
  expect(() => server.alter("k", {})).toThrow("the sandbox has no object k");
});

test("counts requests by operation, and keeps a journal of them", async () => {
  await using server = await startS3();
  const client = clientOf(server.url, server.credentials);
  await client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "one" }));
  await said(client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "one", IfNoneMatch: "*" })));
  await client.send(new ListObjectsV2Command({ Bucket }));
  expect([server.count("PutObject"), server.count("ListObjectsV2"), server.count("GetObject"), server.count()]).toEqual([
    2, 1, 0, 3,
  ]);
  expect(server.journal[1]).toEqual({
    operation: "PutObject",
    bucket: Bucket,
    key: "k",
    versionId: undefined,
    accessKeyId: "sandbox",
    status: 412,
    code: "PreconditionFailed",
  });
  client.destroy();
});

// MinIO knows all of these; here nothing is done that is not understood.
test.each([
  ["a listing of the first version", { path: `/${Bucket}` }],
  ["an unknown parameter", { path: `/${Bucket}/k`, query: { part: "1" } }],
  ["a copy", { method: "PUT", path: `/${Bucket}/k`, headers: { "x-amz-copy-source": `/${Bucket}/a` } }],
  ["a legal hold", { method: "PUT", path: `/${Bucket}/k`, headers: { "x-amz-object-lock-legal-hold": "ON" } }],
  ["a part of an object", { path: `/${Bucket}/k`, headers: { range: "bytes=0-1" } }],
  ["a deletion with a condition", { method: "DELETE", path: `/${Bucket}/k`, headers: { "if-match": '"x"' } }],
  ["many deletions at once", { method: "POST", path: `/${Bucket}`, query: { delete: "" } }],
  ["a key below a key", { method: "PUT", path: `/${Bucket}/k/l` }],
  ["a directory", { method: "PUT", path: `/${Bucket}/k/` }],
  ["another checksum", { method: "PUT", path: `/${Bucket}/k`, headers: { "x-amz-checksum-crc64nvme": "AAAAAAAAAAA=" } }],
  ["a body in signed chunks", { method: "PUT", path: `/${Bucket}/k`, bodyDigest: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" }],
])("does not do %s", async (_, raw) => {
  await using server = await startS3();
  server.plant("k", "one");
  expect(await signedFetch(server.url, server.credentials, raw)).toMatchObject({ status: 501, code: "NotImplemented" });
  expect(server.versions("k")).toHaveLength(1);
});

test("locks what is put without a lock where the bucket has a default", async () => {
  await using server = await startS3({ buckets: [{ name: Bucket, defaultRetention: { mode: "GOVERNANCE", days: 2 } }] });
  const client = clientOf(server.url, server.credentials);
  await client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "one" }));
  expect(server.newest("k")).toMatchObject({ lock: { mode: "GOVERNANCE" } });
  client.destroy();
});
