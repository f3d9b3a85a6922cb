/** The claim store in a bucket, on the command line: published, verified, spoilt, backed up and restored, with its locks. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startS3, type SandboxS3 } from "../../src/sandbox/s3/s3.ts";
import { claimbot, ClaimRepository, type Result } from "./claimbot.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const BUCKETS = ["claims", "restored", "spare"] as const;
const NARROW = { accessKeyId: "narrow", secretAccessKey: "narrow-secret", rights: "audit" } as const;
const DAY_MS = 86_400_000;
const FIRST = "claims/ledger-dev/00000001.json";

let s3: SandboxS3;
let repository: ClaimRepository;
let backups: string;

function run(bucket: string, ...words: readonly string[]): Promise<Result> {
  return runWith({}, bucket, ...words);
}

function runWith(settings: Readonly<Record<string, string>>, bucket: string, ...words: readonly string[]): Promise<Result> {
  const env = {
    ...settings,
    CLAIMBOT_S3_ENDPOINT: s3.url,
    CLAIMBOT_S3_BUCKET: bucket,
    CLAIMBOT_S3_ACCESS_KEY_ID: s3.credentials.accessKeyId,
    CLAIMBOT_S3_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
  };
  return claimbot(words, { cwd: repository.path, env });
}

beforeAll(async () => {
  // What is not allowed everything is allowed its part of the first bucket alone.
  const keys = [{ accessKeyId: "sandbox", secretAccessKey: "sandbox-secret" }, NARROW];
  s3 = await startS3({ buckets: BUCKETS.map((name) => ({ name })), keys });
  repository = await ClaimRepository.make({ only: ["ledger-dev", "ledger-stage"] });
  backups = await mkdtemp(join(tmpdir(), "claimbot-backups-"));
});
afterAll(async () => {
  await rm(backups, { recursive: true, force: true });
  await repository[Symbol.asyncDispose]();
  await s3[Symbol.asyncDispose]();
});

test("without GitLab nothing is published into a bucket, and it says what is missing; broken glass is written down", async () => {
  const refused = await run("claims", "apply", "--yes");
  expect({ status: refused.status, stdout: refused.stdout }).toEqual({ status: 2, stdout: "" });
  expect(refused.stderr).toContain("CLAIMBOT_GITLAB_URL");
  const broken = await run("claims", "apply", "--yes", "--break-glass", "GitLab is down, and the shop too");
  expect({ status: broken.status, stderr: broken.stderr }).toEqual({ status: 0, stderr: "" });
  const history = await run("claims", "history", "ledger-stage");
  expect(history.stdout).toContain("BREAK GLASS: GitLab is down, and the shop too");
});

test("what was published is good, with its locks: dev for 30 days, stage for a year", async () => {
  const { status, stdout } = await run("claims", "verify", "--all");
  expect({ status, end: stdout.trimEnd().split("\n").at(-1) }).toEqual({
    status: 0,
    end: expect.stringContaining("nothing deviates"),
  });
  expect(stdout).not.toContain("not checked");
  const days = (key: string): number => {
    const found = s3.newest(key);
    const until = found?.kind === "object" ? found.lock?.retainUntil : undefined;
    return Math.round(((until?.getTime() ?? 0) - Date.now()) / DAY_MS);
  };
  expect(days(FIRST)).toBe(30);
  expect(days("claims/ledger-stage/00000001.json")).toBe(365);
  expect(days("claims/platform/00000001.json")).toBe(2555);
});

test("a name that was never published, or a store without a record, is no proof", async () => {
  const typo = await run("claims", "verify", "ledger-dve", "ledger-dev");
  expect({ status: typo.status, stderr: typo.stderr }).toEqual({
    status: 1,
    stderr: "claimbot: ledger-dve has no record: it was never published\n",
  });
  const empty = await run("spare", "verify", "--all", "--format", "json");
  expect({ status: empty.status, good: (JSON.parse(empty.stdout) as { good: boolean }).good }).toEqual({
    status: 1,
    good: false,
  });
  expect(empty.stderr).toContain("nothing was ever published there");
});

test("a backup is copied once, restored into an empty bucket, and is the same store then", async () => {
  const first = await run("claims", "backup", "--to", backups, "--format", "json");
  const { objects, copied } = JSON.parse(first.stdout) as { objects: number; copied: number };
  expect(copied).toBeGreaterThan(10);
  const again = JSON.parse((await run("claims", "backup", "--to", backups, "--format", "json")).stdout) as { copied: number };
  expect(again.copied).toBe(0);

  const restored = await run("restored", "restore", "--from", backups, "--verify");
  expect({ status: restored.status, stderr: restored.stderr }).toEqual({ status: 0, stderr: "" });
  expect(restored.stdout).toMatch(new RegExp(`^${objects} objects of .*, ${objects} of them written`));
  expect(restored.stdout).toContain("nothing deviates");
  // Again it finds its own.
  expect((await run("restored", "restore", "--from", backups)).stdout).toContain(", 0 of them written");
  // What was published is not published anew.
  expect((await run("restored", "plan")).stdout).toContain("Nothing changes.");
});

test("a backup goes to a bucket too, but not into the claim store itself, and a place without one is none", async () => {
  const there = await run("claims", "backup", "--to", "s3://spare");
  expect({ status: there.status, stderr: there.stderr }).toEqual({ status: 0, stderr: "" });
  expect((await run("claims", "backup", "--to", "s3://claims")).stderr).toContain("is the claim store itself");
  expect((await run("claims", "backup", "--to", "ftp://x/y")).stderr).toContain("neither a directory nor s3://BUCKET");
  expect((await run("restored", "restore", "--from", join(backups, "nowhere"))).stderr).toContain("holds no backup");
});

test("a backup's bucket that is missing or closed is told in the words in which it was named", async () => {
  const missing = await run("claims", "backup", "--to", "s3://nowhere");
  expect(missing.stderr).toContain("has no bucket nowhere");
  expect(missing.stderr).toContain("correct --to s3://nowhere");
  const settings = {
    CLAIMBOT_BACKUP_S3_ENDPOINT: s3.url,
    CLAIMBOT_BACKUP_S3_ACCESS_KEY_ID: NARROW.accessKeyId,
    CLAIMBOT_BACKUP_S3_SECRET_ACCESS_KEY: NARROW.secretAccessKey,
  };
  const closed = await runWith(settings, "claims", "restore", "--from", "s3://spare");
  expect(closed.stderr).toContain("Give the static key of CLAIMBOT_BACKUP_S3_…");
  expect(closed.stderr).toContain("correct --from s3://spare");
  for (const { status, stderr } of [missing, closed]) {
    expect(status).toBe(3);
    expect(stderr).not.toMatch(/CLAIMBOT_S3_BUCKET|publisher/);
  }
});

test("a torn manifest keeps nothing from being backed up, and is named; restored it is not, but for an older one", async () => {
  const place = join(backups, "torn");
  await run("claims", "backup", "--to", place);
  await writeFile(join(place, "backups/20991231t120000000z.json"), "torn");
  const { status, stderr } = await run("claims", "backup", "--to", place);
  expect({ status, stderr }).toEqual({
    status: 0,
    stderr: expect.stringMatching(/^backups\/20991231t120000000z.json: torn or changed/) as string,
  });
  const refused = await run("restored", "restore", "--from", place);
  expect(refused.status).toBe(3);
  const older = /restore (--at) (\S+Z)/.exec(refused.stderr) ?? [];
  expect((await run("restored", "restore", "--from", place, ...older.slice(1))).stdout).toContain(", 0 of them written");
});

test("an older backup is asked for by its time; a backup is not written into another claim store", async () => {
  expect((await run("restored", "restore", "--from", backups, "--at", "2026-01-01")).stderr).toContain(
    "holds no backup of 2026-01-01T23:59:59.999Z or before",
  );
  expect((await run("restored", "restore", "--from", backups, "--at", "yesterday")).stderr).toContain("is no moment");
  const { stdout } = await run("restored", "restore", "--from", backups, "--at", new Date().toISOString());
  expect(stdout).toContain(", 0 of them written");
  const into = await run("claims", "backup", "--to", "s3://restored");
  expect({ status: into.status, says: into.stderr.includes("is itself a claim store: it holds receipts/") }).toEqual({
    status: 3,
    says: true,
  });
});

test("restore replaces nothing: over other content it stops", async () => {
  await run("claims", "backup", "--to", backups);
  s3.plant("plans/other.json", "x");
  const { status, stderr } = await run("claims", "restore", "--from", "s3://spare");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  await repository.edit("environments/dev/ledger-dev.yaml", "max: 2", "max: 3");
  await repository.commit("More nodes");
  await run("claims", "apply", "--yes", "--break-glass", "GitLab is still down today");
  const over = await run("claims", "restore", "--from", "s3://spare");
  expect({
    status: over.status,
    says: over.stderr.includes("current/ledger-dev.yaml is there already, and is not what the backup has"),
  }).toEqual({ status: 3, says: true });
  s3.erase("plans/other.json");
});

test.each<[string, () => void, string]>([
  ["a record that was written a second time", () => s3.plant(FIRST, "{}"), "object/overwritten"],
  ["a record behind a delete marker", () => s3.plantDeleteMarker("claims/ledger-stage/00000001.json"), "object/deleted"],
  ["an object that nobody locked", () => s3.alter("receipts/ledger-stage/00000001.json", { unlock: true }), "object/unlocked"],
  [
    "a lock that somebody may take off",
    () =>
      s3.alter("receipts/ledger-stage/00000001.json", {
        lock: { mode: "GOVERNANCE", retainUntil: new Date(Date.now() + 400 * DAY_MS) },
      }),
    "object/governance",
  ],
  [
    "a lock that ends too soon",
    () => s3.alter("claims/platform/00000001.json", { lock: { mode: "COMPLIANCE", retainUntil: new Date(Date.now() + DAY_MS) } }),
    "object/lock-short",
  ],
  [
    "content that is not that of its checksum",
    () => s3.alter("claims/platform/00000001.json", { body: Buffer.from("{}") }),
    "rules/chain",
  ],
])("verify names %s", async (_, spoil, name) => {
  spoil();
  const { status, stdout } = await run("claims", "verify", "--all");
  expect({ status, names: stdout.includes(name) ? name : stdout }).toEqual({ status: 1, names: name });
});
