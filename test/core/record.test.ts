import { describe, expect, test } from "vitest";
import { isLive, lastPublication, recordKey, type Log, type LogRecord } from "../../src/core/record.ts";
import { anEnvironment } from "../targets/an-environment.ts";

const { wish } = anEnvironment("sue");

/** A log of these records; each says its number in its plan digest. */
function logOf(...kinds: readonly LogRecord["kind"][]): Log {
  return kinds.map((kind, index): LogRecord => {
    const base = {
      environment: "shop-sue",
      sequence: index + 1,
      at: "2026-11-24T08:00:00.000Z",
      source: { project: "local", commit: "1".repeat(40), path: "", blob: "b".repeat(40), approvers: [] },
      planDigest: String(index + 1),
    };
    if (kind !== "Publication") return { ...base, kind };
    return { ...base, kind, claim: wish!.claim, claimDigest: wish!.claimDigest, versions: {}, releaseDigest: "0".repeat(64) };
  });
}

describe("an environment", () => {
  test.each([
    ["was never published", logOf(), false, undefined],
    ["is published", logOf("Publication"), true, "1"],
    ["is published for the second time", logOf("Publication", "Publication"), true, "2"],
    ["is being removed: something of it may still exist", logOf("Publication", "Tombstone"), true, "1"],
    ["is removed", logOf("Publication", "Tombstone", "Removed"), false, "1"],
    ["came back while it was going", logOf("Publication", "Tombstone", "Publication"), true, "3"],
    ["lives for the second time", logOf("Publication", "Tombstone", "Removed", "Publication"), true, "4"],
  ])("that %s", (_, log, live, last) => {
    expect(isLive(log)).toBe(live);
    expect(lastPublication(log)?.planDigest).toBe(last);
  });
});

test("keys of records sort as their numbers do", () => {
  expect(recordKey("shop-prod", 7)).toBe("claims/shop-prod/00000007.json");
  const keys = [1, 9, 10, 99, 100, 12_345_678].map((sequence) => recordKey("shop-prod", sequence));
  expect(keys.toSorted()).toEqual(keys);
});
