/** Who is let in: the same of the sandbox and of a real MinIO. */
import { CreateBucketCommand, GetBucketLocationCommand, HeadBucketCommand } from "@aws-sdk/client-s3";
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { signedFetch, type RawRequest } from "./signed-fetch.ts";
import { clientOf, said, servers } from "./under-test.ts";

const MINUTE_MS = 60_000;

const REQUESTS: readonly (readonly [string, Partial<RawRequest>, number, string])[] = [
  ["of now", {}, 200, ""],
  ["of 14 minutes ago", { at: new Date(Date.now() - 14 * MINUTE_MS) }, 200, ""],
  ["of 16 minutes ago", { at: new Date(Date.now() - 16 * MINUTE_MS) }, 403, "RequestTimeTooSkewed"],
  ["of 16 minutes ahead", { at: new Date(Date.now() + 16 * MINUTE_MS) }, 403, "RequestTimeTooSkewed"],
  ["for another service", { service: "sts" }, 400, "AuthorizationParametersError"],
  ["with a foreign session token", { headers: { "x-amz-security-token": "x" } }, 403, "InvalidTokenId"],
  ["without any signature", { afterSigning: (headers) => delete headers["authorization"] }, 403, "AccessDenied"],
  [
    "with another kind of credential",
    { afterSigning: (headers) => (headers["authorization"] = "Bearer x") },
    403,
    "AccessDenied",
  ],
  [
    "with half a signature",
    { afterSigning: (headers) => (headers["authorization"] = "AWS4-HMAC-SHA256 x") },
    400,
    "MissingFields",
  ],
  ["without its time", { afterSigning: (headers) => delete headers["x-amz-date"] }, 400, "AccessDenied"],
  [
    "whose signed header was changed",
    { headers: { "x-amz-meta-a": "1" }, afterSigning: (headers) => (headers["x-amz-meta-a"] = "2") },
    403,
    "SignatureDoesNotMatch",
  ],
  [
    "whose signed header was lost",
    { headers: { "x-amz-meta-a": "1" }, afterSigning: (headers) => delete headers["x-amz-meta-a"] },
    400,
    "AccessDenied",
  ],
  ["whose body is another than it was signed for", { bodyDigest: "0".repeat(64) }, 400, "XAmzContentSHA256Mismatch"],
  ["that was signed without its body", { bodyDigest: "UNSIGNED-PAYLOAD" }, 200, ""],
];

describe.each(servers)("a request to $name", ({ start }) => {
  test.each(REQUESTS)("%s", async (_, raw, status, code) => {
    await using server = await start();
    const answer = await server.fetch({ method: "PUT", path: `/${server.bucket}/a b/ü(1)~*'!`, body: "one", ...raw });
    expect(answer).toMatchObject({ status, code });
  });

  test("by nobody that it knows, or with another secret, is refused", async () => {
    await using server = await start();
    const as = async (accessKeyId: string, secretAccessKey: string): Promise<string> => {
      const { status, code } = await signedFetch(server.url, { accessKeyId, secretAccessKey }, { path: `/${server.bucket}/k` });
      return `${status} ${code}`;
    };
    expect(await as("nobody-here", server.keys.secretAccessKey)).toBe("403 InvalidAccessKeyId");
    expect(await as(server.keys.accessKeyId, "another-secret")).toBe("403 SignatureDoesNotMatch");
  });

  test("is refused before it is known whether there is such a bucket", async () => {
    await using server = await start();
    const keys = { ...server.keys, secretAccessKey: "another-secret" };
    expect(await signedFetch(server.url, keys, { path: "/no-such-bucket/k" })).toMatchObject({ code: "SignatureDoesNotMatch" });
  });

  test("has an id, and its refusal says of what it is", async () => {
    await using server = await start();
    const { body, headers } = await server.fetch({ path: `/${server.bucket}/a&b` });
    expect(headers["x-amz-request-id"]).toMatch(/^[0-9A-F]{16}$/);
    expect(body).toContain(
      `<Key>a&amp;b</Key><BucketName>${server.bucket}</BucketName><Resource>/${server.bucket}/a&amp;b</Resource>`,
    );
    expect(body).toContain(`<RequestId>${String(headers["x-amz-request-id"])}</RequestId>`);
  });

  test("of the SDK makes a bucket, once, and finds it", async () => {
    await using server = await start();
    const { client } = server;
    const Bucket = `new-${randomUUID()}`;
    expect(await said(client.send(new HeadBucketCommand({ Bucket })))).toBe("404 NotFound");
    expect(await said(client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true })))).toBe("200");
    expect(await said(client.send(new CreateBucketCommand({ Bucket })))).toBe("409 BucketAlreadyOwnedByYou");
    expect(await said(client.send(new HeadBucketCommand({ Bucket })))).toBe("200");
    expect((await client.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBeUndefined();
    expect(await said(client.send(new CreateBucketCommand({ Bucket: "ab" })))).toBe("400 InvalidBucketName");
  });

  test("of the SDK with another secret is refused", async () => {
    await using server = await start();
    const client = clientOf(server.url, { ...server.keys, secretAccessKey: "another-secret" });
    expect(await said(client.send(new HeadBucketCommand({ Bucket: server.bucket })))).toMatch(/^403 /);
    client.destroy();
  });
});
