import { describe, expect, test } from "vitest";
import { checkExpiry, checkLevel, checkOwner, checkScopes } from "../../../src/core/onboarding/token.ts";
import { BOT } from "./example.ts";

const TOKEN = { name: "claimbot", scopes: ["api"], expiresOn: "2027-06-01" };
const NOW = new Date("2026-11-24T08:00:00Z");

describe("scopes", () => {
  test.each([
    [["api"], "good", "api, and nothing beyond it"],
    [["api", "self_rotate"], "good", "api, and nothing beyond it"],
    [["api", "sudo", "write_repository"], "warning", "more than is needed: sudo, write_repository"],
    [["read_api"], "bad", "the token has read_api, and not api"],
    [[], "bad", "the token has no scope, and not api"],
  ] as const)("%j", (scopes, verdict, detail) => {
    expect(checkScopes({ ...TOKEN, scopes })).toMatchObject({ verdict, detail });
  });
});

describe("expiry", () => {
  test.each([
    ["2026-12-09", "good"],
    ["2026-12-08", "warning"],
    ["2026-11-24", "warning"],
    [undefined, "warning"],
  ] as const)("%s: %s", (expiresOn, verdict) => {
    expect(checkExpiry({ ...TOKEN, expiresOn }, NOW)).toMatchObject({ verdict });
  });

  test("says in how many days", () => {
    expect(checkExpiry({ ...TOKEN, expiresOn: "2026-11-30" }, NOW).detail).toBe("the token dies on 2026-11-30, in 6 days");
  });
});

describe("role", () => {
  test.each([
    [0, "bad"],
    [20, "bad"],
    [30, "warning"],
    [40, "good"],
    [50, "warning"],
  ] as const)("%i: %s", (level, verdict) => {
    expect(checkLevel(level)).toMatchObject({ verdict });
  });
});

describe("owner", () => {
  test.each([
    ["project_301_bot_4f", true, "good"],
    ["group_114_bot2", true, "warning"],
    ["mara", false, "warning"],
  ] as const)("%s: %s", (username, bot, verdict) => {
    expect(checkOwner(TOKEN, { ...BOT, username, bot })).toMatchObject({ verdict });
  });
});
