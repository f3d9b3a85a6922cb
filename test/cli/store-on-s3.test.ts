/** The command line with its claims on S3: what it proves, writes and leaves alone. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startS3, type SandboxS3 } from "../../src/sandbox/s3/s3.ts";
import { claimbot, ClaimRepository, type Result } from "./claimbot.ts";

const SECRET = "c4nary-of-the-secret-key";
const GLASS = ["apply", "--yes", "--break-glass", "GitLab is down and the shop must go on"];

async function aServer(options: Parameters<typeof startS3>[0] = {}): Promise<SandboxS3> {
  return startS3({ keys: [{ accessKeyId: "claimbot", secretAccessKey: SECRET, rights: "publish" }], ...options });
}

function settings(server: SandboxS3): Readonly<Record<string, string>> {
  return {
    CLAIMBOT_S3_ENDPOINT: server.url,
    CLAIMBOT_S3_BUCKET: server.bucket,
    CLAIMBOT_S3_ACCESS_KEY_ID: "claimbot",
    CLAIMBOT_S3_SECRET_ACCESS_KEY: SECRET,
  };
}

async function run(repository: ClaimRepository, server: SandboxS3, ...words: readonly string[]): Promise<Result> {
  const result = await claimbot(words, { cwd: repository.path, env: settings(server) });
  expect(result.stdout + result.stderr).not.toContain(SECRET);
  return result;
}

/** Keys that were put, without what the proof tried. */
const putInto = ({ journal }: SandboxS3): readonly string[] =>
  journal.filter(({ operation, status }) => operation === "PutObject" && status === 200).map(({ key }) => key);
const claims = (server: SandboxS3): readonly string[] => putInto(server).filter((key) => !key.startsWith("proof/"));

describe("apply", () => {
  test("proves the server once a day, and publishes with nothing but the publisher's rights", async () => {
    await using server = await aServer();
    await using repository = await ClaimRepository.make({ only: ["ledger-dev"] });
    const planned = await run(repository, server, "plan");
    expect([planned.status, putInto(server)]).toEqual([0, []]);

    const first = await run(repository, server, ...GLASS);
    expect(first).toMatchObject({ status: 0, stdout: expect.stringContaining("✓ ledger-dev  claims/ledger-dev/00000001.json") });
    const proofs = putInto(server).length - claims(server).length;
    expect(proofs).toBeGreaterThan(5);
    expect(claims(server)).toContain("current/ledger-dev.yaml");
    expect(existsSync(join(repository.path, ".claimbot/store"))).toBe(false);
    const record = server.newest("claims/ledger-dev/00000001.json");
    expect(record).toMatchObject({ lock: { mode: "COMPLIANCE" } });
    const pointer = server.newest("current/ledger-dev.yaml");
    const text = pointer?.kind === "object" ? Buffer.from(pointer.body).toString() : "";
    expect(text).toContain(`bucketName: ${server.bucket}\n`);
    expect(text).toContain(`endpoint: "${new URL(server.url).host}"\n`);

    const before = putInto(server);
    for (const words of [["status"], ["history", "ledger-dev"], ["show", "ledger-dev"]])
      expect(await run(repository, server, ...words)).toMatchObject({ status: 0 });
    expect(putInto(server)).toEqual(before);

    await repository.edit("environments/dev/ledger-dev.yaml", "max: 2", "max: 3");
    await repository.commit("More nodes");
    expect(await run(repository, server, ...GLASS)).toMatchObject({ status: 0 });
    expect(claims(server)).toContain("claims/ledger-dev/00000002.json");
    expect(putInto(server).length - claims(server).length).toBe(proofs);
  });

  test("writes nothing to a server that it cannot trust, and says why", async () => {
    await using server = await aServer({ flaws: ["checks-then-acts"] });
    await using repository = await ClaimRepository.make({ only: ["ledger-dev"] });
    const { status, stderr } = await run(repository, server, ...GLASS);
    expect(status).toBe(3);
    expect(stderr).toContain("one-of-ten");
    expect(claims(server)).toEqual([]);
    expect(existsSync(join(repository.path, ".claimbot/s3-proof.json"))).toBe(false);
  });
});

describe("doctor", () => {
  test("prints what the server does, a line for each thing", async () => {
    await using server = await aServer();
    await using repository = await ClaimRepository.make({ only: ["ledger-dev"] });
    const { stdout } = await run(repository, server, "doctor");
    const lines = stdout.match(/^. claim-store-\S+/gm) ?? [];
    expect(lines.toSorted()).toEqual(
      [
        "put-if-absent",
        "one-of-ten",
        "replace-if-match",
        "no-etag-of-nothing",
        "checksum",
        "checksum-kept",
        "lock",
        "lock-holds",
        "versioning",
        "object-lock",
      ]
        .map((check) => `✓ claim-store-${check}`)
        .toSorted(),
    );
  });

  test("names what a server lacks, a right that is missing, and a bucket that is not there", async () => {
    await using flawed = await aServer({ flaws: ["ignores-if-match"] });
    await using repository = await ClaimRepository.make({ only: ["ledger-dev"] });
    expect((await run(repository, flawed, "doctor")).stdout).toMatch(/^✗ claim-store-replace-if-match +replaced with an ETag/m);
    await using reader = await aServer({ keys: [{ accessKeyId: "claimbot", secretAccessKey: SECRET, rights: "read" }] });
    expect((await run(repository, reader, "doctor")).stdout).toMatch(/^✗ claim-store +.*does not let us/m);
    const env = { ...settings(flawed), CLAIMBOT_S3_BUCKET: "nobodys" };
    const { stdout } = await claimbot(["doctor"], { cwd: repository.path, env });
    expect(stdout).toMatch(/^✗ claim-store +.*nobodys does not let us.*\n +→ .*CLAIMBOT_S3_BUCKET/m);
  });
});
