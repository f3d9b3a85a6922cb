/** What the start-up proof says of good and of bad servers. The same runs on the real one of CLAIMBOT_TEST_S3_URL. */
import { mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { atMostDaily } from "../../../src/adapters/s3/proof-memory.ts";
import { proveS3, requireProof } from "../../../src/adapters/s3/proof.ts";
import type { ProofCheck } from "../../../src/core/ports.ts";
import { Secret } from "../../../src/core/secret.ts";
import type { S3Flaw } from "../../../src/sandbox/s3/faults.ts";
import { startS3, type S3Options as SandboxOptions } from "../../../src/sandbox/s3/s3.ts";
import { REAL_S3, startDouble, startReal } from "../../contract/s3-servers.ts";

const CHECKS = [
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
];

async function proved(options: SandboxOptions): Promise<readonly ProofCheck[]> {
  await using server = await startS3(options);
  const { accessKeyId, secretAccessKey } = server.credentials;
  return await proveS3({
    endpoint: server.url,
    bucket: server.bucket,
    region: "us-east-1",
    credentials: { accessKeyId, secretAccessKey: new Secret(secretAccessKey) },
    backoffMs: 2,
  });
}

const failing = (checks: readonly ProofCheck[]): readonly string[] =>
  checks.filter(({ verdict }) => verdict === "fails").map(({ check }) => check);

describe.each([
  ["the sandbox's S3", startDouble, true],
  ["a real S3 (CLAIMBOT_TEST_S3_URL)", startReal, REAL_S3 !== undefined],
] as const)("%s", (_, start, runs) => {
  test.skipIf(!runs)("is proved, and what it was proved with is below proof/ and locked", async () => {
    await using under = await start();
    const checks = await proveS3(under.options);
    expect(checks.map(({ check }) => check)).toEqual(CHECKS);
    expect(failing(checks)).toEqual([]);
    expect(() => requireProof(checks, "here")).not.toThrow();
    const versions = await under.store.versions("");
    expect(versions.length).toBeGreaterThan(5);
    const folders = new Set(versions.map(({ key }) => key.split("/").slice(0, 2).join("/")));
    expect([...folders]).toEqual([expect.stringMatching(/^proof\/[0-9a-f-]{36}$/)]);
    const facts = await Promise.all(versions.map(async ({ key, versionId }) => under.store.facts(key, versionId)));
    expect(facts.map((of) => of?.lock?.mode)).toEqual(versions.map(() => "COMPLIANCE"));
  });
});

const FLAWS: readonly (readonly [S3Flaw, readonly string[]])[] = [
  ["ignores-if-none-match", ["put-if-absent", "one-of-ten"]],
  ["checks-then-acts", ["one-of-ten"]],
  ["ignores-if-match", ["replace-if-match", "no-etag-of-nothing"]],
  ["creates-on-if-match", ["no-etag-of-nothing"]],
  ["takes-wrong-checksums", ["checksum"]],
  ["forgets-locks", ["lock", "lock-holds"]],
  ["breaks-locks", ["lock-holds"]],
];

test.each(FLAWS)("a server that %s is refused for it", async (flaw, expected) => {
  const checks = await proved({ flaws: [flaw] });
  expect(failing(checks)).toEqual(expected);
  for (const check of expected) {
    expect(() => requireProof(checks, "https://s3.example.org/claims")).toThrow(check);
  }
});

test.each([
  ["without object lock", { locks: false }, ["lock", "lock-holds", "object-lock"]],
  ["without versions", { versioned: false, locks: false }, ["lock", "lock-holds", "versioning", "object-lock"]],
] as const)("a bucket %s is refused for that alone", async (_, bucket, expected) => {
  expect(failing(await proved({ buckets: [{ name: "claims", ...bucket }] }))).toEqual(expected);
});

test.each([-14, 2, 14])(
  "a clock that differs by %i minutes, which S3's signatures allow, says nothing against a server",
  async (minutes) => {
    const now = (): Date => new Date(Date.now() + minutes * 60_000);
    expect(failing(await proved({ now }))).toEqual([]);
    expect(failing(await proved({ now, flaws: ["breaks-locks"] }))).toEqual(["lock-holds"]);
  },
);

test("the publisher's rights are enough, and the reader's say nothing about the server", async () => {
  const key = { accessKeyId: "claimbot", secretAccessKey: "claimbot-secret" };
  expect(failing(await proved({ keys: [{ ...key, rights: "publish" }] }))).toEqual([]);
  await expect(proved({ keys: [{ ...key, rights: "read" }] })).rejects.toMatchObject({
    name: "Stalled",
    wayOut: expect.stringContaining("s3:"),
  });
});

test("a server that cannot be reached, or whose answers are lost, is not called bad", async () => {
  await using under = await startDouble();
  await expect(proveS3({ ...under.options, endpoint: "http://127.0.0.1:1" })).rejects.toMatchObject({ name: "Waiting" });
  under.faults.add({ method: "PUT", path: /raced/, fault: { kind: "cut-after" } });
  await expect(proveS3(under.options)).rejects.toMatchObject({ name: "Waiting" });
});

describe("a proof is remembered", () => {
  const NOW = new Date("2026-11-24T12:00:00Z");
  const later = (hours: number): Date => new Date(NOW.getTime() + hours * 3_600_000);

  test("for a day, for one server, after it succeeded", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "claimbot-proof-"));
    const file = join(folder.path, "s3-proof.json");
    const proofs: string[] = [];
    const prove = async (where: string, now: Date): Promise<void> =>
      atMostDaily(file, where, now, async () => void proofs.push(where));
    await expect(atMostDaily(file, "a", NOW, async () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    await prove("a", NOW);
    await prove("a", later(23.9));
    await prove("b", later(1));
    await prove("a", later(24.1));
    expect(proofs).toEqual(["a", "b", "a"]);
    await prove("a", later(-1));
    expect(proofs).toEqual(["a", "b", "a", "a"]);
    await writeFile(file, '{"a": "2026-');
    await prove("a", later(1));
    expect(proofs).toHaveLength(5);
    expect(JSON.parse(await readFile(file, "utf8"))).toEqual({ a: later(1).toISOString() });
  });
});
