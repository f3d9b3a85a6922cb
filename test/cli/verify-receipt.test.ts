/** claimbot verify --receipt: one release, checked wherever its receipt is opened. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canonicalJson, digestOfBytes } from "../../src/core/json.ts";
import type { Receipt, ReceiptCheck } from "../../src/core/receipt.ts";
import { claimbot, ClaimRepository, type Result } from "./claimbot.ts";

let repository: ClaimRepository;
let elsewhere: ClaimRepository;
let text: string;
const AT = "2026-01-01T00:00:00.000Z";
const KEY = "receipts/ledger-stage/00000001.json";

beforeAll(async () => {
  repository = await ClaimRepository.make({ only: ["ledger-stage"] });
  await repository.claimbot("apply", "--yes");
  text = Buffer.from((await (await repository.store()).read(KEY))?.body ?? "").toString();
  elsewhere = await ClaimRepository.make({ only: ["ledger-dev"] });
});
afterAll(async () => {
  await repository[Symbol.asyncDispose]();
  await elsewhere[Symbol.asyncDispose]();
});

/** As somebody has it who was sent the file. */
async function check(receipt: string, where: ClaimRepository = repository, data = "claimbot-none"): Promise<Result> {
  const file = join(where.path, ".git", "receipt.json");
  await writeFile(file, receipt);
  const env = data === "" ? {} : { CLAIMBOT_DATA_DIR: join(where.path, ".git", data) };
  return claimbot(["verify", "--receipt", file, "--dir", where.path, "--format", "json"], { env });
}

async function verdicts(receipt: string, where?: ClaimRepository, data?: string): Promise<Record<string, string>> {
  const { checks } = JSON.parse((await check(receipt, where, data)).stdout) as { checks: readonly ReceiptCheck[] };
  return Object.fromEntries(checks.map(({ check: name, verdict }) => [name, verdict]));
}

function changed(change: (receipt: Receipt) => object): string {
  return `${canonicalJson(change(JSON.parse(text) as Receipt))}\n`;
}

test("with the repository alone, claim and release are derived again; what needs the store is unknown", async () => {
  expect((await check(text)).status).toBe(0);
  expect(await verdicts(text)).toEqual({
    bytes: "holds",
    record: "holds",
    claim: "holds",
    plan: "unknown",
    stored: "unknown",
    audit: "unknown",
    source: "holds",
    release: "holds",
  });
});

test("with the claim store beside it, all of it holds", async () => {
  const all = Object.values(await verdicts(text, repository, ""));
  expect(all).toEqual(all.map(() => "holds"));
  const { stdout } = await claimbot(["verify", "--receipt", join(repository.path, ".git", "receipt.json")], {
    cwd: repository.path,
  });
  expect(stdout).toMatch(/^claims\/ledger-stage\/00000001\.json, settled .*\n( {2}✓ .*\n)+It is true\.\n$/);
});

test("in another repository its commit is unknown, and nothing speaks against it", async () => {
  expect(await verdicts(text, elsewhere)).toMatchObject({ source: "unknown", record: "holds" });
  expect((await check(text, elsewhere)).status).toBe(0);
});

describe("what was changed in it is found", () => {
  const restamped = (receipt: Receipt, record: Receipt["record"]): object => ({
    ...receipt,
    record,
    recordDigest: digestOfBytes(`${canonicalJson(record)}\n`),
  });
  test.each<[string, () => string, string]>([
    ["a space", () => text.replace(",", ", "), "bytes"],
    [
      "an approver who was none",
      () => changed((one) => ({ ...one, record: { ...one.record, source: { ...one.record.source, approvers: ["mara"] } } })),
      "record",
    ],
    ["the environment", () => changed((one) => ({ ...one, environment: "ledger-prod" })), "record"],
    ["the release", () => changed((one) => ({ ...one, releaseDigest: "0".repeat(64) })), "claim"],
    [
      "the claim, with its record's digest made anew",
      () =>
        changed((one) => {
          if (one.record.kind !== "Publication") throw new Error("it is one");
          const metadata = { ...one.record.claim.metadata, owner: "evil/corp" };
          return restamped(one, { ...one.record, claim: { ...one.record.claim, metadata } });
        }),
      "claim",
    ],
    [
      "the blob, likewise",
      () => changed((one) => restamped(one, { ...one.record, source: { ...one.record.source, blob: "0".repeat(40) } })),
      "source",
    ],
    [
      "a locked version, likewise",
      () =>
        changed((one) => {
          if (one.record.kind !== "Publication") throw new Error("it is one");
          const versions = Object.fromEntries(Object.keys(one.record.versions).map((name) => [name, { constraint: "^9.0.0" }]));
          return restamped(one, { ...one.record, versions });
        }),
      "release",
    ],
  ])("%s", async (_, receipt, name) => {
    const { status } = await check(receipt());
    expect({ status, [name]: (await verdicts(receipt()))[name] }).toEqual({ status: 1, [name]: "fails" });
  });

  test("what the store has by now, where it differs", async () => {
    const other = changed((one) => ({ ...one, audit: { ...one.audit, digest: "0".repeat(64) } }));
    expect(await verdicts(other, repository, "")).toMatchObject({ audit: "fails" });
    const approved = changed((one) => restamped(one, { ...one.record, source: { ...one.record.source, approvers: ["mara"] } }));
    expect(await verdicts(approved, repository, "")).toMatchObject({ stored: "fails", record: "holds" });
  });

  describe("with the claim store beside it, which says otherwise", () => {
    const OPENING = "audit/0000-00/00000001.json";
    const openingHead = async (): Promise<Receipt["audit"]> => {
      const entry = Buffer.from((await (await repository.store()).read(OPENING))?.body ?? "").toString();
      const { at } = JSON.parse(entry) as { at: string };
      return { key: OPENING, digest: digestOfBytes(entry), sequence: 1, at };
    };
    test.each<[string, () => string | Promise<string>, string]>([
      ["what was observed", () => changed((one) => ({ ...one, observed: [] })), "stored"],
      ["when it was settled", () => changed((one) => ({ ...one, at: "2026-01-01T00:00:00.000Z" })), "audit"],
      ["the time, in both places", () => changed((one) => ({ ...one, at: AT, audit: { ...one.audit, at: AT } })), "audit"],
      [
        "the entry, for one that says something else",
        async () => {
          const audit = await openingHead();
          return changed((one) => ({ ...one, audit, at: audit.at }));
        },
        "audit",
      ],
      [
        "the entry, for one that is not there",
        () => changed((one) => ({ ...one, audit: { ...one.audit, key: "audit/2026-01/00000099.json" } })),
        "audit",
      ],
      [
        "the entry's key, for one that is none",
        () => changed((one) => ({ ...one, audit: { ...one.audit, key: "../x" } })),
        "audit",
      ],
      [
        "the record, for one that is not there",
        () =>
          changed((one) => ({
            ...restamped(one, { ...one.record, sequence: 2, previous: one.recordDigest }),
            sequence: 2,
            recordKey: "claims/ledger-stage/00000002.json",
          })),
        "stored",
      ],
      ["its plan, for another that nobody made", () => changed((one) => ({ ...one, planDigest: "0".repeat(64) })), "audit"],
    ])("%s", async (_, forged, name) => {
      const receipt = await forged();
      const { status } = await check(receipt, repository, "");
      expect({ status, [name]: (await verdicts(receipt, repository, ""))[name] }).toEqual({ status: 1, [name]: "fails" });
    });
  });
});

test.each([
  ["a file that is none", "{}"],
  ["no JSON", "hello"],
  ["one of the first, which held no record", '{"environment":"x","sequence":1,"planDigest":"","observed":[],"at":""}'],
])("refuses %s", async (_, receipt) => {
  const { status, stderr } = await check(receipt);
  expect({ status, isSaid: stderr.includes("is no receipt that could be checked") }).toEqual({ status: 2, isSaid: true });
});
