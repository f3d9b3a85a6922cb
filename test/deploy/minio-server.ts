/** A real MinIO of the test's own, set up by deploy/minio, with a small OpenID provider on loopback as GitLab would be. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { exportJWK, generateKeyPair, SignJWT } from "jose";

const DEPLOY = fileURLToPath(new URL("../../deploy/minio/", import.meta.url));
const ROOT = { accessKeyId: "root-of-the-test", secretAccessKey: "secret-of-the-test" } as const;

export interface MinioUnderTest extends AsyncDisposable {
  readonly url: string;
  readonly bucket: string;
  /** Of the administrator, whom no policy binds. */
  readonly root: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** The role that the provider's tokens assume. */
  readonly roleArn: string;
  /** A token as GitLab gives it to a job with this `sub`; `lifetimeSeconds` may be negative. */
  token(subject: string, options?: { readonly audience?: string; readonly lifetimeSeconds?: number }): Promise<string>;
  /** A new user with one of the policies of deploy/minio. */
  user(policy: "publisher" | "reader" | "auditor"): Promise<{ readonly accessKeyId: string; readonly secretAccessKey: string }>;
}

export const MINIO = process.env["CLAIMBOT_TEST_MINIO"];
export const MC = process.env["CLAIMBOT_TEST_MC"];

const AUDIENCE = "claimbot-of-the-test";

export async function startMinio(subject: string): Promise<MinioUnderTest> {
  if (MINIO === undefined || MC === undefined)
    throw new Error("the test is skipped without CLAIMBOT_TEST_MINIO and CLAIMBOT_TEST_MC");
  const directory = await mkdtemp(join(tmpdir(), "claimbot-minio-"));
  const provider = await startProvider();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const environment = { PATH: process.env["PATH"], HOME: directory, MC_CONFIG_DIR: join(directory, "mc"), MC };
  const mc = async (...words: readonly string[]): Promise<string> =>
    (await promisify(execFile)(MC, words, { env: environment })).stdout;
  // The role's policy must be there when the provider is configured, so the server starts twice.
  const first = await startServer(directory, port, environment, {});
  await mc("alias", "set", "under-test", url, ROOT.accessKeyId, ROOT.secretAccessKey);
  const bucket = "claims-of-the-test";
  await promisify(execFile)("sh", [join(DEPLOY, "set-up.sh"), "under-test", bucket, subject], { env: environment });
  await stop(first.child);
  const { child, output } = await startServer(directory, port, environment, {
    MINIO_IDENTITY_OPENID_CONFIG_URL: `${provider.issuer}/.well-known/openid-configuration`,
    MINIO_IDENTITY_OPENID_CLIENT_ID: AUDIENCE,
    MINIO_IDENTITY_OPENID_ROLE_POLICY: `${bucket}-publisher-gitlab`,
  });
  let users = 0;
  return {
    url,
    bucket,
    root: ROOT,
    roleArn: await roleIn(output),
    token: async (sub, { audience = AUDIENCE, lifetimeSeconds = 300 } = {}) => provider.token(sub, audience, lifetimeSeconds),
    async user(policy) {
      users += 1;
      const keys = { accessKeyId: `${policy}-${users}`, secretAccessKey: `secret-of-${policy}-${users}` };
      await mc("admin", "user", "add", "under-test", keys.accessKeyId, keys.secretAccessKey);
      await mc("admin", "policy", "attach", "under-test", `${bucket}-${policy}`, "--user", keys.accessKeyId);
      return keys;
    },
    async [Symbol.asyncDispose]() {
      await stop(child);
      provider.server.close();
      provider.server.closeAllConnections();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function startServer(
  directory: string,
  port: number,
  environment: Readonly<Record<string, string | undefined>>,
  settings: Readonly<Record<string, string>>,
): Promise<{ readonly child: ChildProcess; readonly output: () => string }> {
  const child = spawn(MINIO ?? "", ["server", "--address", `127.0.0.1:${port}`, join(directory, "data")], {
    env: {
      ...environment,
      ...settings,
      MINIO_ROOT_USER: ROOT.accessKeyId,
      MINIO_ROOT_PASSWORD: ROOT.secretAccessKey,
      MINIO_BROWSER: "off",
    },
  });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  for (const until = Date.now() + 30_000; ;) {
    const answer = await fetch(`http://127.0.0.1:${port}/minio/health/ready`).catch(() => undefined);
    if (answer?.ok) return { child, output: () => said };
    if (child.exitCode !== null || Date.now() > until) throw new Error(`MinIO did not start: ${said.slice(-2_000)}`);
    await pause(50);
  }
}

/** The role that it made of the provider; it says so a moment after it is ready. */
async function roleIn(output: () => string): Promise<string> {
  for (const until = Date.now() + 10_000; ;) {
    const role = /arn:minio:iam:::role\/\S+/.exec(output())?.[0];
    if (role !== undefined) return role;
    if (Date.now() > until) throw new Error(`MinIO told no role: ${output().slice(-2_000)}`);
    await pause(20);
  }
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill("SIGTERM");
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

interface Provider {
  readonly server: Server;
  readonly issuer: string;
  token(subject: string, audience: string, lifetimeSeconds: number): Promise<string>;
}

/** Says who it is and which key it signs with, and signs. */
async function startProvider(): Promise<Provider> {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const keys = [{ ...(await exportJWK(publicKey)), kid: "of-the-test", alg: "RS256", use: "sig" }];
  const server = createServer((request, response) => {
    const body =
      request.url === "/jwks" ? { keys } : { issuer, jwks_uri: `${issuer}/jwks`, response_types_supported: ["id_token"] };
    response.setHeader("content-type", "application/json").end(JSON.stringify(body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    server,
    issuer,
    token: async (subject, audience, lifetimeSeconds) => {
      const now = Math.floor(Date.now() / 1000);
      return new SignJWT({})
        .setProtectedHeader({ alg: "RS256", kid: "of-the-test" })
        .setIssuer(issuer)
        .setSubject(subject)
        .setAudience(audience)
        .setIssuedAt(now - 3_600)
        .setExpirationTime(now + lifetimeSeconds)
        .sign(privateKey);
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
