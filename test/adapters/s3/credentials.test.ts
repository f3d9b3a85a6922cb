/** A role that a web identity token opens, at the sandbox's S3 and, where its programs are given, at a real MinIO with a login of its own. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { credentialSource } from "../../../src/adapters/s3/credentials.ts";
import { proveS3 } from "../../../src/adapters/s3/proof.ts";
import { openS3Store } from "../../../src/adapters/s3/store.ts";
import { Secret } from "../../../src/core/secret.ts";
import { startS3, type SandboxS3 } from "../../../src/sandbox/s3/s3.ts";
import { MC, MINIO, startMinio } from "../../deploy/minio-server.ts";

const ROLE = "arn:minio:iam:::role/of-the-test";
const SUBJECT = "project_path:platform/environments:ref_type:branch:ref:main";
const HOUR_MS = 3_600_000;

/** Tokens are their subjects here: who signs them is the business of the suite of deploy/minio. */
async function aServer(port = 0): Promise<SandboxS3> {
  const trust = (token: string) => {
    if (token.startsWith("bad")) throw new Error(`token ${token} is expired`);
    return { aud: "claimbot", sub: token.replace(/#.*/, ""), exp: Date.now() / 1000 + 300 };
  };
  return startS3({ port, role: { roleArn: ROLE, audience: "claimbot", subject: SUBJECT, trust } });
}

const assumed = ({ faults }: SandboxS3): number => faults.requests.filter(({ method }) => method === "POST").length;

function withTokens(...tokens: readonly string[]): {
  readonly roleArn: string;
  readonly webIdentityToken: () => Promise<Secret>;
} {
  let read = 0;
  return { roleArn: ROLE, webIdentityToken: async () => new Secret(tokens[Math.min(read++, tokens.length - 1)] ?? "") };
}

/** An STS that gives no more than the token's own life allows, as MinIO does. */
async function shortSessions(seconds: number): Promise<AsyncDisposable & { readonly url: string; sessions(): number }> {
  let sessions = 0;
  const server = createServer((request, response) => {
    request.resume().once("end", () => {
      sessions += 1;
      const until = new Date(Date.now() + seconds * 1000).toISOString();
      const keys = `<AccessKeyId>key-${sessions}</AccessKeyId><SecretAccessKey>x</SecretAccessKey><SessionToken>x</SessionToken>`;
      const result = `<Credentials>${keys}<Expiration>${until}</Expiration></Credentials>`;
      response
        .writeHead(200, { "content-type": "text/xml" })
        .end(
          `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult>${result}</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
        );
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sessions: () => sessions,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const optionsOf = (server: { readonly url: string; readonly bucket: string }, credentials: ReturnType<typeof withTokens>) => ({
  endpoint: server.url,
  bucket: server.bucket,
  region: "us-east-1",
  backoffMs: 2,
  credentials,
});

const until = new Date(Date.now() + 60_000);

test("fifty callers at once assume the role once, and publish with it", async () => {
  await using server = await aServer();
  const store = await openS3Store(optionsOf(server, withTokens(SUBJECT)));
  const puts = Array.from({ length: 50 }, async (_, index) =>
    store.putNew(`plans/${index}.json`, Buffer.from("x"), { retainUntil: until }),
  );
  expect(await Promise.all(puts)).not.toContain("exists");
  expect(assumed(server)).toBe(1);
  expect(await store.list("plans/")).toHaveLength(50);
});

test("credentials are renewed before they end, with the token that is there by then", async () => {
  await using server = await aServer();
  let now = Date.now();
  const read: string[] = [];
  const webIdentityToken = async (): Promise<Secret> => {
    const token = `${SUBJECT}#${read.length}`;
    read.push(token);
    return new Secret(token);
  };
  const source = credentialSource({ roleArn: ROLE, webIdentityToken }, server.url, "us-east-1", () => now);
  const first = await source.provide();
  now += 0.7 * HOUR_MS;
  expect((await source.provide()).accessKeyId).toBe(first.accessKeyId);
  now += 0.1 * HOUR_MS;
  const second = await Promise.all([source.provide(), source.provide()]);
  expect(new Set(second.map(({ accessKeyId }) => accessKeyId)).size).toBe(1);
  expect(second[0]?.accessKeyId).not.toBe(first.accessKeyId);
  expect(read).toHaveLength(2);
});

test("a session that is shorter than what was asked for is used for three quarters of its life too", async () => {
  await using sts = await shortSessions(600);
  let now = Date.now();
  const source = credentialSource(withTokens(SUBJECT), sts.url, "us-east-1", () => now);
  for (let call = 0; call < 10; call += 1) await source.provide();
  expect(sts.sessions()).toBe(1);
  now += 0.8 * 600_000;
  await source.provide();
  expect(sts.sessions()).toBe(2);
});

test("while the old ones hold, a renewal that fails is tried again later; then it is said", async () => {
  await using server = await aServer();
  let now = Date.now();
  const credentials = withTokens(SUBJECT, "bad-1", "bad-2");
  const source = credentialSource(credentials, server.url, "us-east-1", () => now);
  const first = await source.provide();
  now += 0.9 * HOUR_MS;
  expect((await source.provide()).accessKeyId).toBe(first.accessKeyId);
  now += 0.2 * HOUR_MS;
  const error: unknown = await source.provide().catch((error: unknown) => error);
  expect(error).toMatchObject({ name: "Stalled", wayOut: expect.stringContaining("CLAIMBOT_S3_WEB_IDENTITY_TOKEN") });
  // The server quotes the token in its refusal.
  expect(String(error) + JSON.stringify(error)).not.toMatch(/bad-[12]/);
});

test("a session that the server has forgotten is replaced, and nobody notices", async () => {
  let server = await aServer();
  try {
    const store = await openS3Store(optionsOf(server, withTokens(SUBJECT)));
    await store.putNew("plans/a.json", Buffer.from("x"), { retainUntil: until });
    const port = Number(new URL(server.url).port);
    await server[Symbol.asyncDispose]();
    server = await aServer(port);
    expect(await store.putNew("plans/a.json", Buffer.from("x"), { retainUntil: until })).not.toBe("exists");
    expect(assumed(server)).toBe(1);
  } finally {
    await server[Symbol.asyncDispose]();
  }
});

test("a token of another project opens a session that may do nothing: the way out names the condition", async () => {
  await using server = await aServer();
  const store = await openS3Store(optionsOf(server, withTokens("project_path:somebody/else:ref_type:branch:ref:main")));
  await expect(store.list("claims/")).rejects.toMatchObject({ name: "Stalled", wayOut: expect.stringContaining("jwt:sub") });
});

test.each([
  ["a token that is refused", withTokens("bad"), "Stalled"],
  ["another role", { ...withTokens(SUBJECT), roleArn: "arn:minio:iam:::role/nobody" }, "Stalled"],
  [
    "a token's file that is not there",
    {
      roleArn: ROLE,
      webIdentityToken: async () => Promise.reject(Object.assign(new Error("no such file"), { code: "ENOENT" })),
    },
    "Waiting",
  ],
] as const)("%s is said by the first call", async (_, credentials, name) => {
  await using server = await aServer();
  const store = await openS3Store(optionsOf(server, credentials));
  await expect(store.read("claims/a")).rejects.toMatchObject({ name, message: expect.not.stringContaining("bad") });
});

test("an STS that cannot be reached is waited for", async () => {
  const store = await openS3Store(optionsOf({ url: "http://127.0.0.1:1", bucket: "claims" }, withTokens(SUBJECT)));
  await expect(store.read("claims/a")).rejects.toMatchObject({
    name: "Waiting",
    message: expect.stringContaining("ECONNREFUSED"),
  });
});

test.skipIf(MINIO === undefined || MC === undefined)(
  "at a real MinIO (CLAIMBOT_TEST_MINIO), a job's token proves the server and publishes; another branch's is refused",
  { timeout: 120_000 },
  async () => {
    await using server = await startMinio(SUBJECT);
    const connection = (token: string) => ({
      ...optionsOf(server, { roleArn: server.roleArn, webIdentityToken: async () => new Secret(token) }),
    });
    const ours = connection(await server.token(SUBJECT));
    const checks = await proveS3(ours);
    expect(checks.filter(({ verdict }) => verdict === "fails")).toEqual([]);
    const store = await openS3Store(ours);
    expect(await store.putNew("claims/a/00000001.json", Buffer.from("{}"), { retainUntil: until })).not.toBe("exists");
    expect(await store.facts("claims/a/00000001.json")).toMatchObject({ lock: { mode: "COMPLIANCE" } });
    const others = await openS3Store(connection(await server.token(SUBJECT.replace("main", "other"))));
    await expect(others.read("claims/a/00000001.json")).rejects.toMatchObject({ name: "Stalled" });
    const late = await openS3Store(connection(await server.token(SUBJECT, { lifetimeSeconds: -60 })));
    await expect(late.read("claims/a/00000001.json")).rejects.toMatchObject({
      name: "Stalled",
      message: expect.stringContaining("web identity token"),
    });
  },
);
