/** Objects, conditions, checksums and versions: the same of the sandbox and of a real MinIO. */
import { createHash } from "node:crypto";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
} from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";
import { said, servers, type ServerUnderTest } from "./under-test.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("base64");
const md5 = (text: string): string => createHash("md5").update(text).digest("base64");
const etag = (text: string): string => `"${createHash("md5").update(text).digest("hex")}"`;

const put = async ({ client, bucket }: ServerUnderTest, key: string, input: Partial<PutObjectCommandInput>): Promise<string> =>
  said(client.send(new PutObjectCommand({ Bucket: bucket, Key: key, ...input })));

describe.each(servers)("an object in $name", ({ start }) => {
  test("comes back as it was put, with the MD5 as its ETag and a version", async () => {
    await using server = await start();
    const { client, bucket: Bucket } = server;
    const Body = Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte));
    const answer = await client.send(
      new PutObjectCommand({ Bucket, Key: "a b/ü+&.json", Body, ContentType: "application/json", Metadata: { author: "me" } }),
    );
    expect(answer.ETag).toBe(`"${createHash("md5").update(Body).digest("hex")}"`);
    const got = await client.send(new GetObjectCommand({ Bucket, Key: "a b/ü+&.json" }));
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(Body)).toBe(true);
    expect(got).toMatchObject({
      ETag: answer.ETag,
      VersionId: answer.VersionId,
      ContentType: "application/json",
      ContentLength: 256,
      Metadata: { author: "me" },
    });
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: "a b/ü+&.json" }));
    expect(head).toMatchObject({ ETag: answer.ETag, VersionId: answer.VersionId, ContentLength: 256 });
  });

  test("has no version where the bucket keeps none", async () => {
    await using server = await start();
    const { client, plain: Bucket } = server;
    await client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "one" }));
    const second = await client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "two" }));
    expect(second.VersionId).toBeUndefined();
    const versioned = await client.send(new GetObjectCommand({ Bucket, Key: "k", VersionId: "null" }));
    expect(await versioned.Body?.transformToString()).toBe("two");
    await client.send(new DeleteObjectCommand({ Bucket, Key: "k" }));
    expect(await server.fetch({ path: `/${Bucket}/k` })).toMatchObject({ status: 404, code: "NoSuchKey" });
  });

  // What is there: nothing, "one", or "one" under a delete marker.
  test.each<[string, "nothing" | "one" | "a marker", Partial<PutObjectCommandInput>, string]>([
    ["If-None-Match: *", "nothing", { IfNoneMatch: "*" }, "200"],
    ["If-None-Match: *", "one", { IfNoneMatch: "*" }, "412 PreconditionFailed"],
    ["If-None-Match: *", "a marker", { IfNoneMatch: "*" }, "200"],
    ["If-None-Match of what is there", "one", { IfNoneMatch: etag("one") }, "412 PreconditionFailed"],
    ["If-None-Match of something else", "one", { IfNoneMatch: etag("two") }, "200"],
    ["If-Match of what is there", "one", { IfMatch: etag("one") }, "200"],
    ["If-Match of it without quotes", "one", { IfMatch: etag("one").replaceAll('"', "") }, "200"],
    ["If-Match of something else", "one", { IfMatch: etag("two") }, "412 PreconditionFailed"],
    ["If-Match", "nothing", { IfMatch: etag("one") }, "404 NoSuchKey"],
    ["If-Match", "a marker", { IfMatch: etag("one") }, "404 NoSuchKey"],
    ["both", "nothing", { IfMatch: etag("one"), IfNoneMatch: "*" }, "404 NoSuchKey"],
    ["both", "one", { IfMatch: etag("one"), IfNoneMatch: "*" }, "412 PreconditionFailed"],
    // The condition is told before a wrong body, a malformed header before the condition.
    ["If-None-Match: * and a wrong checksum", "one", { IfNoneMatch: "*", ChecksumSHA256: sha256("x") }, "412 PreconditionFailed"],
    ["If-None-Match: * and a malformed one", "one", { IfNoneMatch: "*", ChecksumSHA256: "x" }, "400 InvalidArgument"],
  ])("is judged by %s where there is %s", async (_, there, condition, expected) => {
    await using server = await start();
    if (there !== "nothing") await put(server, "k", { Body: "one" });
    if (there === "a marker") await server.client.send(new DeleteObjectCommand({ Bucket: server.bucket, Key: "k" }));
    expect(await put(server, "k", { Body: "new", ...condition })).toBe(expected);
    const now = await server.fetch({ path: `/${server.bucket}/k` });
    const before = { nothing: 404, one: "one", "a marker": 404 }[there];
    expect(now.status === 200 ? now.body : now.status).toBe(expected === "200" ? "new" : before);
  });

  test("tells with a failed condition what is there", async () => {
    await using server = await start();
    await put(server, "k", { Body: "one" });
    const refused = await server.fetch({
      method: "PUT",
      path: `/${server.bucket}/k`,
      headers: { "if-none-match": "*" },
      body: "x",
    });
    expect(refused).toMatchObject({ status: 412, headers: { etag: etag("one") } });
  });

  test.each([
    ["If-None-Match: *", { IfNoneMatch: "*" }],
    ["If-Match of what all have seen", { IfMatch: etag("first") }],
  ])("goes to exactly one of ten writers at once with %s", async (_, condition) => {
    await using server = await start();
    if ("IfMatch" in condition) await put(server, "k", { Body: "first" });
    const writers = Array.from({ length: 10 }, async (_, index) => put(server, "k", { Body: `writer ${index}`, ...condition }));
    const answers = await Promise.all(writers);
    expect(answers.toSorted()).toEqual(["200", ...Array.from({ length: 9 }, () => "412 PreconditionFailed")]);
  });

  test.each<[string, Partial<PutObjectCommandInput>, string]>([
    ["right SHA-256", { ChecksumSHA256: sha256("body") }, "200"],
    ["wrong SHA-256", { ChecksumSHA256: sha256("other") }, "400 XAmzContentChecksumMismatch"],
    ["malformed SHA-256", { ChecksumSHA256: "abc" }, "400 InvalidArgument"],
    ["SHA-256 and CRC-32 at once", { ChecksumSHA256: sha256("body"), ChecksumCRC32: "AAAAAA==" }, "400 InvalidArgument"],
    ["wrong CRC-32", { ChecksumCRC32: "AAAAAA==" }, "400 XAmzContentChecksumMismatch"],
    ["right MD5", { ContentMD5: md5("body") }, "200"],
    ["wrong MD5", { ContentMD5: md5("other") }, "400 BadDigest"],
    ["malformed MD5", { ContentMD5: "abc" }, "400 InvalidDigest"],
    ["wrong MD5 and wrong SHA-256", { ContentMD5: md5("other"), ChecksumSHA256: sha256("other") }, "400 BadDigest"],
  ])("with a %s", async (_, input, expected) => {
    await using server = await start();
    expect(await put(server, "k", { Body: "body", ...input })).toBe(expected);
    expect((await server.fetch({ method: "HEAD", path: `/${server.bucket}/k` })).status).toBe(expected === "200" ? 200 : 404);
  });

  test("keeps its checksum, and tells it to whoever asks", async () => {
    await using server = await start();
    const { client, bucket: Bucket } = server;
    const answer = await client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "body", ChecksumAlgorithm: "SHA256" }));
    expect(answer).toMatchObject({ ChecksumSHA256: sha256("body"), ChecksumType: "FULL_OBJECT" });
    const asked = await client.send(new HeadObjectCommand({ Bucket, Key: "k", ChecksumMode: "ENABLED" }));
    expect(asked.ChecksumSHA256).toBe(sha256("body"));
    expect((await client.send(new HeadObjectCommand({ Bucket, Key: "k" }))).ChecksumSHA256).toBeUndefined();
    const got = await client.send(new GetObjectCommand({ Bucket, Key: "k", ChecksumMode: "ENABLED" }));
    expect(await got.Body?.transformToString()).toBe("body");
    await put(server, "without", { Body: "body" });
    const without = await client.send(new HeadObjectCommand({ Bucket, Key: "without", ChecksumMode: "ENABLED" }));
    expect(without.ChecksumSHA256).toBeUndefined();
  });

  test("is hidden by a delete marker, of which there is one at most, and shown again when the marker is deleted", async () => {
    await using server = await start();
    const { client, bucket: Bucket } = server;
    const { VersionId } = await client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "one" }));
    const deleted = await client.send(new DeleteObjectCommand({ Bucket, Key: "k" }));
    expect(deleted).toMatchObject({ DeleteMarker: true });
    expect((await client.send(new DeleteObjectCommand({ Bucket, Key: "k" }))).VersionId).toBe(deleted.VersionId);
    const path = `/${Bucket}/k`;
    for (const method of ["GET", "HEAD"]) {
      const gone = await server.fetch({ method, path });
      expect(gone).toMatchObject({ status: 404, code: "NoSuchKey", headers: { "x-amz-delete-marker": "true" } });
      const marker = await server.fetch({ method, path, query: { versionId: deleted.VersionId ?? "" } });
      expect(marker).toMatchObject({ status: 405, code: "MethodNotAllowed", headers: { "x-amz-delete-marker": "true" } });
    }
    const old = await client.send(new GetObjectCommand({ Bucket, Key: "k", ...(VersionId !== undefined && { VersionId }) }));
    expect(await old.Body?.transformToString()).toBe("one");
    await server.fetch({ method: "DELETE", path, query: { versionId: deleted.VersionId ?? "" } });
    expect((await server.fetch({ path })).body).toBe("one");
  });

  test.each<[string, string, string, Record<string, string>, number, string]>([
    ["GET", "a missing key", "/BUCKET/none", {}, 404, "NoSuchKey"],
    ["HEAD", "a missing key", "/BUCKET/none", {}, 404, "NoSuchKey"],
    ["DELETE", "a missing key", "/BUCKET/none", {}, 204, ""],
    ["GET", "a missing version", "/BUCKET/k", { versionId: "00000000-0000-4000-8000-000000000000" }, 404, "NoSuchVersion"],
    ["DELETE", "a missing version", "/BUCKET/k", { versionId: "00000000-0000-4000-8000-000000000000" }, 204, ""],
    ["GET", "no version at all", "/BUCKET/k", { versionId: "one" }, 400, "InvalidArgument"],
    ["GET", "a missing bucket", "/no-such-bucket/k", {}, 404, "NoSuchBucket"],
    ["PUT", "a missing bucket", "/no-such-bucket/k", {}, 404, "NoSuchBucket"],
    ["PUT", "a key that climbs", "/BUCKET/a/../b", {}, 400, "XMinioInvalidResourceName"],
    ["PUT", "a key that stands still", "/BUCKET/a/./b", {}, 400, "XMinioInvalidResourceName"],
    ["PUT", "a key with an empty part", "/BUCKET/a//b", {}, 400, "XMinioInvalidObjectName"],
    ["PUT", "a key with a long part", `/BUCKET/${"k".repeat(256)}`, {}, 400, "XMinioInvalidObjectName"],
    ["PUT", "a long key", `/BUCKET/${"k/".repeat(512)}k`, {}, 400, "KeyTooLongError"],
    ["GET", "a torrent", "/BUCKET/k", { torrent: "" }, 501, "NotImplemented"],
  ])("answers %s of %s", async (method, _, path, query, status, code) => {
    await using server = await start();
    await put(server, "k", { Body: "one" });
    expect(await server.fetch({ method, path: path.replace("BUCKET", server.bucket), query })).toMatchObject({ status, code });
  });

  test("is read only if it is still the one", async () => {
    await using server = await start();
    await put(server, "k", { Body: "one" });
    const path = `/${server.bucket}/k`;
    expect((await server.fetch({ path, headers: { "if-match": etag("one") } })).status).toBe(200);
    expect((await server.fetch({ path, headers: { "if-match": etag("two") } })).status).toBe(412);
    expect((await server.fetch({ method: "HEAD", path, headers: { "if-match": etag("two") } })).status).toBe(412);
  });
});
