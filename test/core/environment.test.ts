import { describe, expect, test } from "vitest";
import type { Claim } from "../../src/core/claim/claim.generated.ts";
import {
  durationMs,
  expiresAt,
  isDedicated,
  isExpired,
  namesEverAsked,
  type EnvironmentType,
} from "../../src/core/environment.ts";
import type { Log, LogRecord } from "../../src/core/record.ts";
import { anEnvironment, platform } from "../targets/an-environment.ts";

const expiring = {
  ...platform,
  spec: {
    ...platform.spec,
    types: { ...platform.spec.types, sue: { ...platform.spec.types.sue, expiry: { ttl: "24h", maximum: "72h" } } },
  },
};

function claimOf(type: EnvironmentType, ttl?: string): Claim {
  const { claim } = anEnvironment(type).wish!;
  return ttl === undefined ? claim : { ...claim, spec: { ...claim.spec, expiry: { ttl } } };
}

const BLOB = "b".repeat(40);
const OTHER_BLOB = "c".repeat(40);

/** `P 08:00` is a publication at that time, T a tombstone, R a removal. */
function logOf(...lines: readonly string[]): Log {
  return lines.map((line, index): LogRecord => {
    const [kind, time = "00:00"] = line.split(" ");
    const base = {
      environment: "shop-sue",
      sequence: index + 1,
      at: `2026-11-24T${time}:00.000Z`,
      source: { project: "local", commit: "1".repeat(40), path: "", blob: BLOB, approvers: [] },
      planDigest: "0".repeat(64),
    };
    if (kind !== "P") return { ...base, kind: kind === "T" ? "Tombstone" : "Removed" };
    const claim = claimOf("sue");
    return { ...base, kind: "Publication", claim, claimDigest: "", versions: {}, releaseDigest: "" };
  });
}

const TWO_LIVES = logOf("P 01:00", "T 02:00", "R 03:00", "P 08:00");

describe("an environment goes by itself", () => {
  test.each([
    ["24 hours after its first publication", claimOf("sue"), logOf("P 08:00"), "2026-11-25T08:00:00.000Z"],
    ["no later because it was published again", claimOf("sue"), logOf("P 08:00", "P 20:00"), "2026-11-25T08:00:00.000Z"],
    ["when its own claim says", claimOf("sue", "48h"), logOf("P 08:00"), "2026-11-26T08:00:00.000Z"],
    ["counted in days", claimOf("sue", "2d"), logOf("P 08:00"), "2026-11-26T08:00:00.000Z"],
    ["counted from its present life", claimOf("sue"), TWO_LIVES, "2026-11-25T08:00:00.000Z"],
    ["at the old time while it is going", claimOf("sue"), logOf("P 08:00", "T 09:00"), "2026-11-25T08:00:00.000Z"],
    ["never before it was published", claimOf("sue"), logOf(), undefined],
    ["never once it is gone", claimOf("sue"), logOf("P 01:00", "T 02:00", "R 03:00"), undefined],
    ["never as dev", claimOf("dev"), logOf("P 08:00"), undefined],
    ["never as prod, whatever its claim says", claimOf("prod", "24h"), logOf("P 08:00"), undefined],
  ])("%s", (_, claim, log, at) => {
    expect(expiresAt(claim, expiring, log)?.toISOString()).toBe(at);
  });
});

describe("a claim", () => {
  test.each([
    ["is not expired a moment before", "2026-11-25T07:59:59.999Z", BLOB, logOf("P 08:00"), false],
    ["is expired at the very moment", "2026-11-25T08:00:00.000Z", BLOB, logOf("P 08:00"), true],
    ["stays expired while it is torn down", "2026-11-25T09:00:00.000Z", BLOB, logOf("P 08:00", "T 08:30"), true],
    ["stays expired when all is gone", "2026-12-25T09:00:00.000Z", BLOB, logOf("P 08:00", "T 08:30", "R 09:00"), true],
    [
      "wants to live again with another blob",
      "2026-12-25T09:00:00.000Z",
      OTHER_BLOB,
      logOf("P 08:00", "T 08:30", "R 09:00"),
      false,
    ],
    ["is not expired before it was published", "2026-12-25T09:00:00.000Z", BLOB, logOf(), false],
    ["lives its second life to the end", "2026-11-24T23:00:00.000Z", BLOB, TWO_LIVES, false],
  ])("%s", (_, now, blob, log, expired) => {
    expect(isExpired(claimOf("sue"), blob, expiring, log, new Date(now))).toBe(expired);
  });

  test.each(["dev", "stage", "prod"] as const)(
    "of the type %s is never expired, also when it was removed and came back",
    (type) => {
      const log = logOf("P 08:00", "T 08:30", "R 09:00");
      expect(isExpired(claimOf(type), BLOB, expiring, log, new Date("2027-01-01T00:00:00Z"))).toBe(false);
    },
  );
});

test.each([
  ["1h", 3_600_000],
  ["24h", 86_400_000],
  ["3d", 259_200_000],
])("%s are %i ms", (text, ms) => {
  expect(durationMs(text)).toBe(ms);
});

test("stage and prod have everything to themselves", () => {
  expect((["dev", "sue", "stage", "prod"] as const).map(isDedicated)).toEqual([false, false, true, true]);
});

test("remembers every name that was ever asked for, and those asked for now", () => {
  const past = anEnvironment("dev", { hostnames: ["old.dev.example.org", "kept.dev.example.org"] });
  const [publication] = logOf("P 08:00");
  const log = [{ ...publication!, claim: past.wish!.claim } as LogRecord, ...logOf("T 09:00")];
  const now = anEnvironment("dev", { hostnames: ["kept.dev.example.org", "new.dev.example.org"], log });
  expect([...namesEverAsked(now)]).toEqual(["old.dev.example.org", "kept.dev.example.org", "new.dev.example.org"]);
  expect([...namesEverAsked({ ...now, wish: undefined })]).toEqual(["old.dev.example.org", "kept.dev.example.org"]);
});
