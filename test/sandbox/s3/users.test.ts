/** What the users of deploy/minio may do, and the role that a GitLab job assumes: the same of the sandbox and of a real MinIO with those policies. */
import { STSClient, AssumeRoleWithWebIdentityCommand } from "@aws-sdk/client-sts";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { startS3 } from "../../../src/sandbox/s3/s3.ts";
import { MC, MINIO, startMinio } from "../../deploy/minio-server.ts";
import { signedFetch, type Keys, type RawRequest } from "./signed-fetch.ts";

const SUBJECT = "project_path:platform/static-environments:ref_type:branch:ref:main";
const AUDIENCE = "claimbot-of-the-test";

interface Users extends AsyncDisposable {
  readonly url: string;
  readonly bucket: string;
  readonly roleArn: string;
  token(subject: string, options?: { readonly audience?: string; readonly lifetimeSeconds?: number }): Promise<string>;
  user(policy: "publisher" | "reader" | "auditor"): Promise<Keys>;
}

async function startDouble(now?: () => Date): Promise<Users> {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const trust = { keys: [{ ...(await exportJWK(publicKey)), kid: "of-the-test" }] };
  const key = (accessKeyId: string): Keys => ({ accessKeyId, secretAccessKey: `secret-of-${accessKeyId}` });
  const roleArn = "arn:minio:iam:::role/of-the-test";
  const server = await startS3({
    keys: [
      { ...key("publisher"), rights: "publish" },
      { ...key("reader"), rights: "read" },
      { ...key("auditor"), rights: "audit" },
    ],
    role: { roleArn, audience: AUDIENCE, subject: SUBJECT, trust },
    ...(now !== undefined && { now }),
  });
  return {
    url: server.url,
    bucket: server.bucket,
    roleArn,
    user: async (policy) => key(policy),
    token: async (subject, { audience = AUDIENCE, lifetimeSeconds = 300 } = {}) =>
      new SignJWT({})
        .setProtectedHeader({ alg: "RS256", kid: "of-the-test" })
        .setSubject(subject)
        .setAudience(audience)
        .setExpirationTime(Math.floor(Date.now() / 1000) + lifetimeSeconds)
        .sign(privateKey),
    [Symbol.asyncDispose]: async () => server[Symbol.asyncDispose](),
  };
}

const servers = [
  { name: "the sandbox", start: async (): Promise<Users> => startDouble() },
  ...(MINIO === undefined || MC === undefined
    ? []
    : [{ name: "a real MinIO", start: async (): Promise<Users> => startMinio(SUBJECT) }]),
];

const LATER = new Date(Date.now() + 7_200_000).toISOString();
const RETENTION = `<Retention><Mode>COMPLIANCE</Mode><RetainUntilDate>${LATER}</RetainUntilDate></Retention>`;
const sealed = { "content-md5": createHash("md5").update(RETENTION).digest("base64") };
const lock = (mode: string): Record<string, string> => ({
  "x-amz-object-lock-mode": mode,
  "x-amz-object-lock-retain-until-date": new Date(Date.now() + 3_600_000).toISOString(),
});

/** In this order; the path is below the bucket, but for one that begins with a slash twice. */
const REQUESTS: readonly (readonly [string, Partial<RawRequest>, publisher: number, reader: number, auditor: number])[] = [
  ["put a locked claim", { method: "PUT", path: "/claims/a/1.json", headers: lock("COMPLIANCE") }, 200, 403, 403],
  ["put an unlocked claim", { method: "PUT", path: "/claims/a/2.json" }, 403, 403, 403],
  ["put a claim under GOVERNANCE", { method: "PUT", path: "/claims/a/2.json", headers: lock("GOVERNANCE") }, 403, 403, 403],
  ["hide a log behind an object", { method: "PUT", path: "/claims/a", headers: lock("COMPLIANCE") }, 403, 403, 403],
  ["put what is no bundle", { method: "PUT", path: "/releases/a/b/other.yaml", headers: lock("COMPLIANCE") }, 403, 403, 403],
  ["move what is no pointer", { method: "PUT", path: "/current/a" }, 403, 403, 403],
  ["move a pointer", { method: "PUT", path: "/current/a.yaml" }, 200, 403, 403],
  ["lock a pointer", { method: "PUT", path: "/current/b.yaml", headers: lock("COMPLIANCE") }, 403, 403, 403],
  ["put elsewhere", { method: "PUT", path: "/elsewhere/a", headers: lock("COMPLIANCE") }, 403, 403, 403],
  ["read a claim", { path: "/claims/a/1.json" }, 200, 403, 200],
  ["read the head of a claim", { method: "HEAD", path: "/claims/a/1.json" }, 200, 403, 200],
  ["read a missing claim", { path: "/claims/none" }, 404, 403, 404],
  ["read a pointer", { path: "/current/a.yaml" }, 200, 200, 200],
  ["read a missing pointer", { path: "/current/none" }, 404, 404, 404],
  ["look for .sourceignore", { method: "HEAD", path: "/.sourceignore" }, 404, 404, 404],
  ["list all", { path: "", query: { "list-type": "2" } }, 200, 403, 200],
  ["list claims", { path: "", query: { "list-type": "2", prefix: "claims/" } }, 200, 403, 200],
  ["list pointers", { path: "", query: { "list-type": "2", prefix: "current/" } }, 200, 200, 200],
  ["list one release", { path: "", query: { "list-type": "2", prefix: "releases/a/b/" } }, 200, 200, 200],
  ["list versions of claims", { path: "", query: { versions: "", prefix: "claims/" } }, 200, 403, 200],
  ["list versions of pointers", { path: "", query: { versions: "", prefix: "current/" } }, 200, 200, 200],
  ["ask for versioning", { path: "", query: { versioning: "" } }, 200, 403, 200],
  ["ask for the lock configuration", { path: "", query: { "object-lock": "" } }, 200, 403, 200],
  ["ask for the location", { path: "", query: { location: "" } }, 200, 403, 200],
  ["ask for the bucket", { method: "HEAD", path: "" }, 200, 200, 200],
  ["ask for another bucket", { method: "HEAD", path: "//another-bucket" }, 403, 403, 403],
  ["read a retention", { path: "/claims/a/1.json", query: { retention: "" } }, 200, 403, 200],
  [
    "extend a lock",
    { method: "PUT", path: "/claims/a/1.json", query: { retention: "" }, headers: sealed, body: RETENTION },
    200,
    403,
    403,
  ],
  [
    "lock a pointer later",
    { method: "PUT", path: "/current/a.yaml", query: { retention: "" }, headers: sealed, body: RETENTION },
    403,
    403,
    403,
  ],
  ["delete a pointer", { method: "DELETE", path: "/current/a.yaml" }, 403, 403, 403],
  ["make a bucket", { method: "PUT", path: "//another-bucket" }, 403, 403, 403],
];

describe.each(servers)("of the users of $name", ({ start }) => {
  test("each may do what its policy says, and nothing else", { timeout: 60_000 }, async () => {
    await using server = await start();
    const users = [await server.user("publisher"), await server.user("reader"), await server.user("auditor")];
    const found: unknown[] = [];
    for (const [what, { path = "", ...raw }] of REQUESTS) {
      const answers: number[] = [];
      for (const keys of users) {
        const whole = path.startsWith("//") ? path.slice(1) : `/${server.bucket}${path}`;
        answers.push(
          (
            await signedFetch(server.url, keys, {
              body: raw.method === "PUT" && !path.startsWith("//") ? "x" : "",
              ...raw,
              path: whole,
            })
          ).status,
        );
      }
      found.push([what, ...answers]);
    }
    expect(found).toEqual(REQUESTS.map(([what, , ...statuses]) => [what, ...statuses]));
  });
});

describe.each(servers)("a web identity at $name", ({ start }) => {
  test("gets credentials that do what the role may, with their token alone", { timeout: 60_000 }, async () => {
    await using server = await start();
    const { url, bucket, roleArn: RoleArn } = server;
    const client = new STSClient({ endpoint: url, region: "us-east-1", credentials: { accessKeyId: "", secretAccessKey: "" } });
    const WebIdentityToken = await server.token(SUBJECT);
    const input = { RoleArn, RoleSessionName: "job", WebIdentityToken, DurationSeconds: 900 };
    const before = Date.now();
    const { Credentials, SubjectFromWebIdentityToken } = await client.send(new AssumeRoleWithWebIdentityCommand(input));
    client.destroy();
    expect(SubjectFromWebIdentityToken).toBe(SUBJECT);
    expect(Math.abs((Credentials?.Expiration?.getTime() ?? 0) - before - 900_000)).toBeLessThan(5_000);
    const keys = { accessKeyId: Credentials?.AccessKeyId ?? "", secretAccessKey: Credentials?.SecretAccessKey ?? "" };
    const put = async (path: string, token?: string): Promise<string> => {
      const headers = { ...lock("COMPLIANCE"), ...(token !== undefined && { "x-amz-security-token": token }) };
      const { status, code } = await signedFetch(url, keys, { method: "PUT", path: `/${bucket}${path}`, headers, body: "x" });
      return `${status} ${code}`;
    };
    expect(await put("/claims/a/1.json", Credentials?.SessionToken ?? "")).toBe("200 ");
    expect(await put("/elsewhere/1", Credentials?.SessionToken ?? "")).toBe("403 AccessDenied");
    expect(await put("/claims/a/2.json")).toBe("403 InvalidTokenId");
    expect(await put("/claims/a/2.json", "another")).toBe("403 InvalidTokenId");
  });

  test(
    "is judged by signature, expiry, audience and role; by its subject only when it asks for something",
    { timeout: 60_000 },
    async () => {
      await using server = await start();
      const { url, bucket, roleArn } = server;
      const ask = async (change: Record<string, string>): Promise<Response> =>
        fetch(url, {
          method: "POST",
          body: new URLSearchParams({
            Action: "AssumeRoleWithWebIdentity",
            Version: "2011-06-15",
            RoleArn: roleArn,
            DurationSeconds: "900",
            ...change,
          }),
        });
      const good = await server.token(SUBJECT);
      const rows: readonly (readonly [Record<string, string>, number, string])[] = [
        [{ WebIdentityToken: good }, 200, "<AccessKeyId>"],
        [{ WebIdentityToken: await server.token(SUBJECT, { audience: "another" }) }, 400, "InvalidParameterValue"],
        [{ WebIdentityToken: await server.token(SUBJECT, { lifetimeSeconds: -60 }) }, 400, "Token is expired"],
        [{ WebIdentityToken: `${good.slice(0, -8)}AAAAAAAA` }, 400, "verification error"],
        [{ WebIdentityToken: good.replace(/\.[^.]*$/, ".") }, 400, "InvalidParameterValue"],
        [{ WebIdentityToken: "none" }, 400, "invalid number of segments"],
        [{}, 400, "invalid number of segments"],
        [{ WebIdentityToken: good, RoleArn: "arn:minio:iam:::role/another" }, 400, "is not defined"],
        [{ WebIdentityToken: good, RoleArn: "" }, 400, "does not exist"],
        [{ WebIdentityToken: good, Version: "2010-01-01" }, 400, "MissingParameter"],
        [{ WebIdentityToken: good, Action: "GetCallerIdentity" }, 400, "Unsupported action"],
        [{ WebIdentityToken: good, DurationSeconds: "899" }, 400, "invalid token expiry"],
        [{ WebIdentityToken: good, DurationSeconds: "31536001" }, 400, "invalid token expiry"],
      ];
      for (const [change, status, words] of rows) {
        const answer = await ask(change);
        expect([change, answer.status, await answer.text()]).toEqual([change, status, expect.stringContaining(words)]);
      }
      const stranger = await (await ask({ WebIdentityToken: await server.token(SUBJECT.replace("main", "feature")) })).text();
      const field = (name: string): string => new RegExp(`<${name}>([^<]*)<`).exec(stranger)?.[1] ?? "";
      const keys = { accessKeyId: field("AccessKeyId"), secretAccessKey: field("SecretAccessKey") };
      const headers = { "x-amz-security-token": field("SessionToken") };
      expect(await signedFetch(url, keys, { path: `/${bucket}/current/a`, headers })).toMatchObject({
        status: 403,
        code: "AccessDenied",
      });
    },
  );
});

test("credentials of a web identity are unknown when their time is over", async () => {
  let now = Date.now();
  await using server = await startDouble(() => new Date(now));
  const parameters = {
    Action: "AssumeRoleWithWebIdentity",
    Version: "2011-06-15",
    RoleArn: server.roleArn,
    WebIdentityToken: await server.token(SUBJECT),
  };
  const answer = await (await fetch(server.url, { method: "POST", body: new URLSearchParams(parameters) })).text();
  const field = (name: string): string => new RegExp(`<${name}>([^<]*)<`).exec(answer)?.[1] ?? "";
  const keys = { accessKeyId: field("AccessKeyId"), secretAccessKey: field("SecretAccessKey") };
  const read = async (): Promise<unknown> =>
    signedFetch(server.url, keys, {
      path: `/${server.bucket}/current/a`,
      headers: { "x-amz-security-token": field("SessionToken") },
      at: new Date(now),
    });
  expect(await read()).toMatchObject({ status: 404 });
  now += 301_000;
  expect(await read()).toMatchObject({ status: 403, code: "InvalidAccessKeyId" });
});
