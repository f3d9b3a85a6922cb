/** Object Lock: the same of the sandbox and of a real MinIO. */
import { createHash } from "node:crypto";
import {
  DeleteObjectCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
  type ObjectLockRetention,
} from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";
import { said, servers, type ServerUnderTest } from "./under-test.ts";

const HOUR_MS = 3_600_000;
const inHours = (hours: number): Date => new Date(Math.ceil(Date.now() / 1000) * 1000 + hours * HOUR_MS);

const TWO_HOURS = inHours(2);

const locked = async (
  { client, bucket: Bucket }: ServerUnderTest,
  mode: "COMPLIANCE" | "GOVERNANCE",
  until: Date,
): Promise<string> => {
  const put = { Bucket, Key: "k", Body: "one", ObjectLockMode: mode, ObjectLockRetainUntilDate: until };
  return (await client.send(new PutObjectCommand(put))).VersionId ?? "";
};

describe.each(servers)("a lock in $name", ({ start }) => {
  test("is told by HEAD and by the retention, to the millisecond", async () => {
    await using server = await start();
    const { client, bucket: Bucket } = server;
    const until = new Date(inHours(1).getTime() + 80);
    const headers = { "x-amz-object-lock-mode": "COMPLIANCE", "x-amz-object-lock-retain-until-date": until.toISOString() };
    expect((await server.fetch({ method: "PUT", path: `/${Bucket}/k`, headers, body: "one" })).status).toBe(200);
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: "k" }));
    expect(head).toMatchObject({ ObjectLockMode: "COMPLIANCE", ObjectLockRetainUntilDate: until });
    const { Retention } = await client.send(new GetObjectRetentionCommand({ Bucket, Key: "k" }));
    expect(Retention).toEqual({ Mode: "COMPLIANCE", RetainUntilDate: until });
  });

  test.each<[string, Record<string, string>, string]>([
    ["a date in the past", { mode: "COMPLIANCE", date: "2020-01-01T00:00:00Z" }, "the retain until date must be in the future"],
    ["a mode that is none", { mode: "FOREVER", date: "2090-01-01T00:00:00Z" }, "unknown wormMode directive"],
    ["no mode", { date: "2090-01-01T00:00:00Z" }, "must both be supplied"],
    ["no date", { mode: "COMPLIANCE" }, "must both be supplied"],
    ["a date that is none", { mode: "COMPLIANCE", date: "tomorrow" }, "Date must be provided in ISO 8601 format"],
  ])("is refused with %s", async (_, { mode, date }, message) => {
    await using server = await start();
    const headers = {
      ...(mode !== undefined && { "x-amz-object-lock-mode": mode }),
      ...(date !== undefined && { "x-amz-object-lock-retain-until-date": date }),
    };
    const answer = await server.fetch({ method: "PUT", path: `/${server.bucket}/k`, headers, body: "one" });
    expect(answer).toMatchObject({ status: 400, code: "InvalidRequest", body: expect.stringContaining(message) });
  });

  test("is refused where the bucket has none", async () => {
    await using server = await start();
    const headers = { "x-amz-object-lock-mode": "COMPLIANCE", "x-amz-object-lock-retain-until-date": inHours(1).toISOString() };
    const path = `/${server.plain}/k`;
    const message = expect.stringContaining("Bucket is missing ObjectLockConfiguration");
    expect(await server.fetch({ method: "PUT", path, headers, body: "one" })).toMatchObject({
      code: "InvalidRequest",
      body: message,
    });
    expect(await server.fetch({ path, query: { retention: "" } })).toMatchObject({ code: "InvalidRequest", body: message });
  });

  test.each<["COMPLIANCE" | "GOVERNANCE", string, boolean, ObjectLockRetention, string]>([
    ["COMPLIANCE", "extended", false, { Mode: "COMPLIANCE", RetainUntilDate: inHours(3) }, "200"],
    ["COMPLIANCE", "set again", false, { Mode: "COMPLIANCE", RetainUntilDate: TWO_HOURS }, "200"],
    ["COMPLIANCE", "shortened", false, { Mode: "COMPLIANCE", RetainUntilDate: inHours(1) }, "400 InvalidRequest"],
    ["COMPLIANCE", "shortened", true, { Mode: "COMPLIANCE", RetainUntilDate: inHours(1) }, "400 InvalidRequest"],
    ["COMPLIANCE", "loosened", false, { Mode: "GOVERNANCE", RetainUntilDate: inHours(3) }, "400 InvalidRequest"],
    ["COMPLIANCE", "taken off", false, {}, "400 InvalidRequest"],
    ["COMPLIANCE", "taken off", true, {}, "400 InvalidRequest"],
    ["COMPLIANCE", "set to the past", true, { Mode: "COMPLIANCE", RetainUntilDate: inHours(-1) }, "400 MalformedXML"],
    ["GOVERNANCE", "extended", false, { Mode: "GOVERNANCE", RetainUntilDate: inHours(3) }, "200"],
    ["GOVERNANCE", "tightened", false, { Mode: "COMPLIANCE", RetainUntilDate: inHours(3) }, "400 InvalidRequest"],
    ["GOVERNANCE", "tightened", true, { Mode: "COMPLIANCE", RetainUntilDate: inHours(3) }, "200"],
    ["GOVERNANCE", "shortened", false, { Mode: "GOVERNANCE", RetainUntilDate: inHours(1) }, "400 InvalidRequest"],
    ["GOVERNANCE", "shortened", true, { Mode: "GOVERNANCE", RetainUntilDate: inHours(1) }, "200"],
    ["GOVERNANCE", "taken off", true, {}, "200"],
  ])("of %s is %s (bypass: %s)", async (mode, _, BypassGovernanceRetention, Retention, expected) => {
    await using server = await start();
    const { client, bucket: Bucket } = server;
    const before = TWO_HOURS;
    await locked(server, mode, before);
    const change = { Bucket, Key: "k", Retention, BypassGovernanceRetention };
    expect(await said(client.send(new PutObjectRetentionCommand(change)))).toBe(expected);
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: "k" }));
    const after = expected === "200" ? Retention : { Mode: mode, RetainUntilDate: before };
    expect({ Mode: head.ObjectLockMode, RetainUntilDate: head.ObjectLockRetainUntilDate }).toEqual({
      Mode: after.Mode,
      RetainUntilDate: after.RetainUntilDate,
    });
  });

  test("is changed only by a request that is sealed by a digest", async () => {
    await using server = await start();
    await locked(server, "COMPLIANCE", inHours(1));
    const body = `<Retention><Mode>COMPLIANCE</Mode><RetainUntilDate>${inHours(2).toISOString()}</RetainUntilDate></Retention>`;
    const request = { method: "PUT", path: `/${server.bucket}/k`, query: { retention: "" }, body };
    expect(await server.fetch(request)).toMatchObject({ status: 400, code: "MissingContentMD5" });
    const sha256 = createHash("sha256").update(body).digest("base64");
    expect((await server.fetch({ ...request, headers: { "x-amz-checksum-sha256": sha256 } })).status).toBe(200);
  });

  test("holds its version against deletion, and not the key", async () => {
    await using server = await start();
    const { client, bucket: Bucket } = server;
    const VersionId = await locked(server, "COMPLIANCE", inHours(1));
    for (const BypassGovernanceRetention of [false, true]) {
      const deletion = { Bucket, Key: "k", VersionId, BypassGovernanceRetention };
      expect(await said(client.send(new DeleteObjectCommand(deletion)))).toBe("400 InvalidRequest");
    }
    expect(await said(client.send(new DeleteObjectCommand({ Bucket, Key: "k" })))).toBe("204");
    expect(await said(client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "two", IfNoneMatch: "*" })))).toBe("200");
    expect(await said(client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "three" })))).toBe("200");
    const old = await server.fetch({ path: `/${Bucket}/k`, query: { versionId: VersionId } });
    expect(old.body).toBe("one");
  });

  test("of GOVERNANCE gives way to the bypass", async () => {
    await using server = await start();
    const { client, bucket: Bucket } = server;
    const VersionId = await locked(server, "GOVERNANCE", inHours(1));
    expect(await said(client.send(new DeleteObjectCommand({ Bucket, Key: "k", VersionId })))).toBe("400 InvalidRequest");
    const bypass = { Bucket, Key: "k", VersionId, BypassGovernanceRetention: true };
    expect(await said(client.send(new DeleteObjectCommand(bypass)))).toBe("204");
  });

  test("is not there without being asked for", async () => {
    await using server = await start();
    const { client, bucket: Bucket } = server;
    await client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "one" }));
    expect((await client.send(new HeadObjectCommand({ Bucket, Key: "k" }))).ObjectLockMode).toBeUndefined();
    const retention = async (path: string): Promise<unknown> => server.fetch({ path, query: { retention: "" } });
    expect(await retention(`/${Bucket}/k`)).toMatchObject({ status: 400, code: "NoSuchObjectLockConfiguration" });
    expect(await retention(`/${Bucket}/none`)).toMatchObject({ status: 404, code: "NoSuchKey" });
  });

  test("is a bucket's, with its versions", async () => {
    await using server = await start();
    const { client, bucket, plain } = server;
    const versioning = async (Bucket: string): Promise<string | undefined> =>
      (await client.send(new GetBucketVersioningCommand({ Bucket }))).Status;
    expect([await versioning(bucket), await versioning(plain)]).toEqual(["Enabled", undefined]);
    const configuration = await client.send(new GetObjectLockConfigurationCommand({ Bucket: bucket }));
    expect(configuration.ObjectLockConfiguration).toEqual({ ObjectLockEnabled: "Enabled" });
    const none = said(client.send(new GetObjectLockConfigurationCommand({ Bucket: plain })));
    expect(await none).toBe("404 ObjectLockConfigurationNotFoundError");
  });
});
