/** What the sandbox's S3 can be asked to do wrongly, now and then. */
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { startS3, type SandboxS3 } from "../../../src/sandbox/s3/s3.ts";
import { signedFetch } from "./signed-fetch.ts";
import { clientOf, said } from "./under-test.ts";

const Bucket = "static-environments";

async function started(): Promise<{ server: SandboxS3; client: S3Client } & AsyncDisposable> {
  const server = await startS3();
  const client = clientOf(server.url, server.credentials);
  return {
    server,
    client,
    async [Symbol.asyncDispose]() {
      client.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

test("slows a client down, with the minute that MinIO asks for, and does nothing", async () => {
  await using at = await started();
  at.server.fail({ operation: "PutObject", key: /^claims\//, fault: { kind: "refuse", code: "SlowDownWrite" }, times: 2 });
  const raw = { method: "PUT", path: `/${Bucket}/claims/a`, body: "x" };
  const refused = await signedFetch(at.server.url, at.server.credentials, raw);
  expect(refused).toMatchObject({ status: 503, code: "SlowDownWrite", headers: { "retry-after": "60" } });
  const put = async (Key: string): Promise<string> => said(at.client.send(new PutObjectCommand({ Bucket, Key, Body: "x" })));
  expect(await put("other")).toBe("200");
  expect(await put("claims/a")).toBe("503 SlowDownWrite");
  expect(at.server.newest("claims/a")).toBeUndefined();
  expect(await put("claims/a")).toBe("200");
});

test("refuses with any code of S3", async () => {
  await using at = await started();
  at.server.fail({ fault: { kind: "refuse", code: "InternalError" } });
  expect(await said(at.client.send(new ListObjectsV2Command({ Bucket })))).toBe("500 InternalError");
});

test("loses the answer of a write that it did, and answers one that it refused", async () => {
  await using at = await started();
  const put = async (): Promise<string> =>
    said(at.client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "x", IfNoneMatch: "*" })));
  at.server.fail({ operation: "PutObject", fault: { kind: "lost-response" }, times: 2 });
  expect(await put()).toMatch(/^no answer /);
  expect(at.server.newest("k")).toMatchObject({ kind: "object" });
  expect(await put()).toBe("412 PreconditionFailed");
  expect(at.server.versions("k")).toHaveLength(1);
});

test("takes the SDK's own retry of a write whose answer was lost for somebody else's", async () => {
  await using at = await started();
  const client = clientOf(at.server.url, at.server.credentials, 2);
  at.server.fail({ operation: "PutObject", fault: { kind: "lost-response" } });
  const answer = said(client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "x", IfNoneMatch: "*" })));
  expect(await answer).toBe("412 PreconditionFailed");
  expect(at.server.count("PutObject")).toBe(2);
  client.destroy();
});

test("says too early that a listing is complete", async () => {
  await using at = await started();
  for (const key of ["a", "b", "c"]) at.server.plant(key, key);
  at.server.fail({ operation: "ListObjectsV2", fault: { kind: "short-listing", entries: 2 } });
  const short = await at.client.send(new ListObjectsV2Command({ Bucket }));
  expect([short.Contents?.length, short.IsTruncated, short.NextContinuationToken]).toEqual([2, false, undefined]);
  expect((await at.client.send(new ListObjectsV2Command({ Bucket }))).Contents).toHaveLength(3);
  at.server.fail({ operation: "ListObjectVersions", fault: { kind: "short-listing", entries: 1 } });
  const versions = await at.client.send(new ListObjectVersionsCommand({ Bucket }));
  expect([versions.Versions?.length, versions.IsTruncated, versions.NextKeyMarker]).toEqual([1, false, undefined]);
});

test("damages what is read, which its checksum tells", async () => {
  await using at = await started();
  await at.client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "body", ChecksumAlgorithm: "SHA256" }));
  at.server.fail({ operation: "GetObject", fault: { kind: "damaged-body" }, times: 2 });
  const unchecked = await at.client.send(new GetObjectCommand({ Bucket, Key: "k" }));
  expect(await unchecked.Body?.transformToString()).toBe("cody");
  const checked = await at.client.send(new GetObjectCommand({ Bucket, Key: "k", ChecksumMode: "ENABLED" }));
  await expect(checked.Body?.transformToString()).rejects.toThrow("Checksum mismatch");
});

test("cuts the connection in the middle of what is read", async () => {
  await using at = await started();
  at.server.plant("k", "x".repeat(10_000));
  at.server.fail({ operation: "GetObject", fault: { kind: "cut-body" } });
  const got = await at.client.send(new GetObjectCommand({ Bucket, Key: "k" }));
  await expect(got.Body?.transformToString()).rejects.toThrow(/aborted|ECONNRESET|socket hang up/);
});

test("has the faults of networks and proxies, too", async () => {
  await using at = await started();
  at.server.faults.add({ method: "PUT", path: /claims/, fault: { kind: "status", status: 502, html: true } });
  expect(await said(at.client.send(new PutObjectCommand({ Bucket, Key: "claims/a", Body: "x" })))).toMatch(/^502 /);
  at.server.faults.add({ path: /claims/, fault: { kind: "cut-before" } });
  expect(await said(at.client.send(new HeadObjectCommand({ Bucket, Key: "claims/a" })))).toMatch(/^no answer /);
  at.server.faults.add({ path: /claims/, fault: { kind: "meanwhile", act: () => void at.server.plant("claims/a", "theirs") } });
  const put = said(at.client.send(new PutObjectCommand({ Bucket, Key: "claims/a", Body: "x", IfNoneMatch: "*" })));
  expect(await put).toBe("412 PreconditionFailed");
});

test("forgets its faults", async () => {
  await using at = await started();
  at.server.fail({ fault: { kind: "refuse", code: "SlowDown" } });
  at.server.faults.add({ path: /./, fault: { kind: "cut-before" } });
  at.server.clearFaults();
  expect(await said(at.client.send(new ListObjectsV2Command({ Bucket })))).toBe("200");
});
