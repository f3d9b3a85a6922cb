/** The policies of deploy/minio on a real MinIO: what publisher, reader and auditor may, and above all what they may not. */
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectRetentionCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
  S3Client,
  type S3ClientConfig,
} from "@aws-sdk/client-s3";
import { AssumeRoleWithWebIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { createHash, createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MC, MINIO, startMinio, type MinioUnderTest } from "./minio-server.ts";

const MAIN = "project_path:acme/claims:ref_type:branch:ref:main";
const HOUR_MS = 3_600_000;

describe.skipIf(MINIO === undefined || MC === undefined)("the policies of deploy/minio", () => {
  let minio: MinioUnderTest;
  let root: S3Client;
  let publisher: S3Client;
  let reader: S3Client;
  let auditor: S3Client;

  beforeAll(async () => {
    minio = await startMinio(MAIN);
    const client = (credentials: NonNullable<S3ClientConfig["credentials"]>): S3Client => clientOf(minio.url, credentials);
    root = client(minio.root);
    publisher = client(await minio.user("publisher"));
    reader = client(await minio.user("reader"));
    auditor = client(await minio.user("auditor"));
  }, 60_000);
  afterAll(async () => minio[Symbol.asyncDispose]());

  /** A record that the administrator wrote, so that what is refused is refused for the right alone. */
  async function planted(key: string, lock = true): Promise<string | undefined> {
    return (await root.send(put(key, { lock }))).VersionId;
  }

  function put(
    key: string,
    options: { readonly lock?: boolean; readonly mode?: "COMPLIANCE" | "GOVERNANCE" } = {},
  ): PutObjectCommand {
    const { lock = true, mode = "COMPLIANCE" } = options;
    const body = Buffer.from(`of ${key}`);
    return new PutObjectCommand({
      Bucket: minio.bucket,
      Key: key,
      Body: body,
      ChecksumSHA256: createHash("sha256").update(body).digest("base64"),
      ...(lock && { ObjectLockMode: mode, ObjectLockRetainUntilDate: new Date(Date.now() + HOUR_MS) }),
    });
  }

  test.each([
    "claims/shop-dev/00000001.json",
    `releases/shop-dev/${"0".repeat(64)}/bundle.yaml`,
    `plans/${"0".repeat(64)}.json`,
    "receipts/shop-dev/00000001.json",
    "audit/2026-11/00000001.json",
    "proof/1/once",
  ])("the publisher writes %s, locked, and reads it again", async (Key) => {
    await publisher.send(put(Key));
    const read = await publisher.send(new GetObjectCommand({ Bucket: minio.bucket, Key }));
    expect(await read.Body?.transformToString()).toBe(`of ${Key}`);
    const { Retention } = await publisher.send(new GetObjectRetentionCommand({ Bucket: minio.bucket, Key }));
    expect(Retention?.Mode).toBe("COMPLIANCE");
  });

  test("the publisher moves pointers, which are not locked", async () => {
    await publisher.send(put("current/shop-dev.yaml", { lock: false }));
    await publisher.send(put("current/shop-dev.yaml", { lock: false }));
  });

  test("the publisher writes nothing unlocked, nothing that somebody could unlock, and nothing elsewhere", async () => {
    expect(await codeOf(publisher.send(put("claims/a/1.json", { lock: false })))).toBe("AccessDenied");
    expect(await codeOf(publisher.send(put("claims/a/1.json", { mode: "GOVERNANCE" })))).toBe("AccessDenied");
    expect(await codeOf(publisher.send(put("elsewhere/1.json")))).toBe("AccessDenied");
    expect(await codeOf(publisher.send(put(".sourceignore", { lock: false })))).toBe("AccessDenied");
  });

  test("the publisher writes nothing in the place of a folder: on MinIO that would hide from every listing what is below it", async () => {
    for (const key of ["claims/shop-dev", "receipts/shop-dev", "audit/2026-11", "releases/shop-dev", "releases/shop-dev/0123"])
      expect(await codeOf(publisher.send(put(key)))).toBe("AccessDenied");
    const Bucket = minio.bucket;
    await planted("claims/hidden/00000001.json");
    await planted("claims/hidden");
    const { Contents } = await root.send(new ListObjectsV2Command({ Bucket, Prefix: "claims/hidden/" }));
    expect(Contents).toBeUndefined();
    await root.send(new GetObjectCommand({ Bucket, Key: "claims/hidden/00000001.json" }));
  });

  test("the publisher uploads no form: its lock would be said to the policy, and not be set", async () => {
    const at = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
    const { accessKeyId, secretAccessKey } = await minio.user("publisher");
    const scope = [at.slice(0, 8), "us-east-1", "s3", "aws4_request"];
    const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
    const signingKey = scope.reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`);
    const fields = {
      key: "claims/by-form/1.json",
      bucket: minio.bucket,
      "x-amz-credential": [accessKeyId, ...scope].join("/"),
      "x-amz-algorithm": "AWS4-HMAC-SHA256",
      "x-amz-date": at,
    };
    const expiration = new Date(Date.now() + HOUR_MS).toISOString();
    const conditions = Object.entries(fields).map(([name, value]) => ({ [name]: value }));
    const policy = Buffer.from(JSON.stringify({ expiration, conditions })).toString("base64");
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    form.set("policy", policy);
    form.set("x-amz-signature", hmac(signingKey, policy).toString("hex"));
    form.set("file", new Blob(["x"]));
    const headers = { "x-amz-object-lock-mode": "COMPLIANCE" };
    const answer = await fetch(`${minio.url}/${minio.bucket}`, { method: "POST", body: form, headers });
    expect({ status: answer.status, text: await answer.text() }).toEqual({
      status: 403,
      text: expect.stringContaining("AccessDenied"),
    });
  });

  test("the publisher deletes nothing: no version, no key, no list of keys, not even a pointer", async () => {
    const VersionId = await planted("claims/deleted/1.json");
    const Bucket = minio.bucket;
    expect(await codeOf(publisher.send(new DeleteObjectCommand({ Bucket, Key: "claims/deleted/1.json", VersionId })))).toBe(
      "AccessDenied",
    );
    expect(await codeOf(publisher.send(new DeleteObjectCommand({ Bucket, Key: "claims/deleted/1.json" })))).toBe("AccessDenied");
    await planted("current/deleted.yaml", false);
    expect(await codeOf(publisher.send(new DeleteObjectCommand({ Bucket, Key: "current/deleted.yaml" })))).toBe("AccessDenied");
    const Delete = { Objects: [{ Key: "claims/deleted/1.json" }] };
    const many = await publisher.send(new DeleteObjectsCommand({ Bucket, Delete, ChecksumAlgorithm: "SHA256" }));
    expect(many.Errors?.map(({ Code }) => Code)).toEqual(["AccessDenied"]);
    expect((await root.send(new ListObjectVersionsCommand({ Bucket, Prefix: "claims/deleted/" }))).DeleteMarkers).toBeUndefined();
  });

  test("the publisher neither shortens nor removes a lock; longer it may be made", async () => {
    const Key = "claims/locked/1.json";
    const VersionId = await planted(Key);
    const retain = (Retention: { Mode?: "COMPLIANCE" | "GOVERNANCE"; RetainUntilDate?: Date }): PutObjectRetentionCommand =>
      new PutObjectRetentionCommand({
        Bucket: minio.bucket,
        Key,
        VersionId,
        Retention,
        BypassGovernanceRetention: true,
        ChecksumAlgorithm: "SHA256",
      });
    const soon = { Mode: "COMPLIANCE" as const, RetainUntilDate: new Date(Date.now() + 60_000) };
    expect(await isRefused(publisher.send(retain(soon)))).toBe(true);
    expect(await isRefused(publisher.send(retain({ ...soon, Mode: "GOVERNANCE" })))).toBe(true);
    expect(await isRefused(publisher.send(retain({})))).toBe(true);
    const before = await root.send(new GetObjectRetentionCommand({ Bucket: minio.bucket, Key, VersionId }));
    expect(before.Retention?.RetainUntilDate?.getTime()).toBeGreaterThan(Date.now() + HOUR_MS / 2);
    await publisher.send(retain({ Mode: "COMPLIANCE", RetainUntilDate: new Date(Date.now() + 2 * HOUR_MS) }));
    const after = await root.send(new GetObjectRetentionCommand({ Bucket: minio.bucket, Key, VersionId }));
    expect(after.Retention?.RetainUntilDate?.getTime()).toBeGreaterThan(Date.now() + HOUR_MS);
  });

  test("the publisher changes nothing of the bucket itself", async () => {
    const Bucket = minio.bucket;
    const off = { Status: "Suspended" } as const;
    expect(await codeOf(publisher.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: off })))).toBe(
      "AccessDenied",
    );
    const Rules = [{ ID: "all", Status: "Enabled" as const, Filter: { Prefix: "" }, Expiration: { Days: 1 } }];
    expect(
      await codeOf(
        publisher.send(
          new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules }, ChecksumAlgorithm: "SHA256" }),
        ),
      ),
    ).toBe("AccessDenied");
  });

  // That is why verify looks for it.
  test("a second version of a key cannot be forbidden by a policy", async () => {
    await publisher.send(put("claims/twice/1.json"));
    await publisher.send(put("claims/twice/1.json"));
    const { Versions } = await publisher.send(new ListObjectVersionsCommand({ Bucket: minio.bucket, Prefix: "claims/twice/" }));
    expect(Versions).toHaveLength(2);
  });

  test("the reader reads what Flux needs, and nothing else", async () => {
    const Bucket = minio.bucket;
    await planted("releases/shop-dev/x/bundle.yaml");
    await planted("current/read.yaml", false);
    await planted("claims/read/1.json");
    await reader.send(new HeadBucketCommand({ Bucket }));
    for (const Prefix of ["current/", "releases/shop-dev/x/"]) await reader.send(new ListObjectsV2Command({ Bucket, Prefix }));
    for (const Key of ["current/read.yaml", "releases/shop-dev/x/bundle.yaml"])
      await reader.send(new GetObjectCommand({ Bucket, Key }));
    // Flux looks for this key first, and takes only "there is none" for an answer.
    expect(await codeOf(reader.send(new GetObjectCommand({ Bucket, Key: ".sourceignore" })))).toBe("NoSuchKey");
    for (const Prefix of ["", "claims/", "audit/", "plans/"])
      expect(await codeOf(reader.send(new ListObjectsV2Command({ Bucket, Prefix })))).toBe("AccessDenied");
    expect(await codeOf(reader.send(new GetObjectCommand({ Bucket, Key: "claims/read/1.json" })))).toBe("AccessDenied");
    expect(await codeOf(reader.send(put("current/read.yaml", { lock: false })))).toBe("AccessDenied");
    expect(await codeOf(reader.send(new DeleteObjectCommand({ Bucket, Key: "current/read.yaml" })))).toBe("AccessDenied");
  });

  test("the auditor reads everything with its versions and locks, and writes nothing", async () => {
    const Bucket = minio.bucket;
    const Key = "claims/audited/1.json";
    const VersionId = await planted(Key);
    await auditor.send(new GetObjectCommand({ Bucket, Key, VersionId }));
    await auditor.send(new GetObjectRetentionCommand({ Bucket, Key, VersionId }));
    await auditor.send(new ListObjectVersionsCommand({ Bucket }));
    expect(await codeOf(auditor.send(put("claims/audited/2.json")))).toBe("AccessDenied");
    expect(await codeOf(auditor.send(put("current/audited.yaml", { lock: false })))).toBe("AccessDenied");
    expect(await codeOf(auditor.send(new DeleteObjectCommand({ Bucket, Key })))).toBe("AccessDenied");
  });

  describe("by GitLab's own word", () => {
    async function session(token: string): Promise<S3Client> {
      const sts = new STSClient({ endpoint: minio.url, region: "us-east-1" });
      const request = { RoleArn: minio.roleArn, RoleSessionName: "job", WebIdentityToken: token, DurationSeconds: 900 };
      const { Credentials } = await sts.send(new AssumeRoleWithWebIdentityCommand(request));
      return clientOf(minio.url, {
        accessKeyId: Credentials?.AccessKeyId ?? "",
        secretAccessKey: Credentials?.SecretAccessKey ?? "",
        sessionToken: Credentials?.SessionToken ?? "",
      });
    }

    test("a job of the branch that may publish does, and may no more than the publisher", async () => {
      const job = await session(await minio.token(MAIN));
      await job.send(put("claims/by-job/1.json"));
      await job.send(put("current/by-job.yaml", { lock: false }));
      expect(await codeOf(job.send(put("claims/by-job/2.json", { lock: false })))).toBe("AccessDenied");
      expect(await codeOf(job.send(put("elsewhere/1.json")))).toBe("AccessDenied");
      expect(await codeOf(job.send(new DeleteObjectCommand({ Bucket: minio.bucket, Key: "claims/by-job/1.json" })))).toBe(
        "AccessDenied",
      );
    });

    test.each([
      "project_path:acme/claims:ref_type:branch:ref:feature",
      "project_path:acme/other:ref_type:branch:ref:main",
      "project_path:acme/claims:ref_type:tag:ref:main",
      "project_path:acme/claims:ref_type:branch:ref:main:environment:prod",
      "project_path:mallory/claims:ref_type:branch:ref:main",
    ])("a job of %s gets a session that may nothing", async (subject) => {
      const job = await session(await minio.token(subject));
      const Bucket = minio.bucket;
      expect(await codeOf(job.send(put("claims/by-stranger/1.json")))).toBe("AccessDenied");
      expect(await codeOf(job.send(put("current/by-stranger.yaml", { lock: false })))).toBe("AccessDenied");
      expect(await codeOf(job.send(new ListObjectsV2Command({ Bucket, Prefix: "claims/" })))).toBe("AccessDenied");
    });

    test("a token for another audience, or of yesterday, is no word at all", async () => {
      await expect(session(await minio.token(MAIN, { audience: "somebody-else" }))).rejects.toThrow(
        "must match configured OpenID Client ID",
      );
      await expect(session(await minio.token(MAIN, { lifetimeSeconds: -60 }))).rejects.toThrow("expired");
    });
  });
});

function clientOf(endpoint: string, credentials: NonNullable<S3ClientConfig["credentials"]>): S3Client {
  return new S3Client({
    endpoint,
    credentials,
    region: "us-east-1",
    forcePathStyle: true,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
}

/** The server's word for no; `granted` where it said yes. */
async function codeOf(answer: Promise<unknown>): Promise<string> {
  return answer.then(
    () => "granted",
    (error: unknown) => (error instanceof Error ? error.name : "unknown"),
  );
}

async function isRefused(answer: Promise<unknown>): Promise<boolean> {
  return ["AccessDenied", "InvalidRequest", "ObjectLocked"].includes(await codeOf(answer));
}
