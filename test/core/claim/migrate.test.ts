import { describe, expect, test } from "vitest";
import { API_VERSION, migrate, MIGRATIONS, type Migration } from "../../../src/core/claim/migrate.ts";

const OLDER: readonly Migration[] = [
  {
    from: "test/v1",
    to: "test/v2",
    migrate: ({ owner, ...value }) => (owner === undefined ? undefined : { ...value, team: owner }),
  },
  { from: "test/v2", to: "test/v3", migrate: (value) => ({ ...value, kind: "Environment" }) },
];

describe("migration", () => {
  test("goes step by step to the present version, and says where it came from", () => {
    expect(migrate({ apiVersion: "test/v1", owner: "a" }, OLDER, "test/v3")).toEqual({
      ok: true,
      value: { apiVersion: "test/v3", team: "a", kind: "Environment" },
      migratedFrom: "test/v1",
    });
  });

  test("leaves the present version, and what has none, to the schema", () => {
    for (const value of [{ apiVersion: "test/v3" }, {}, { apiVersion: 3 }, [], null, "text"]) {
      expect(migrate(value, OLDER, "test/v3")).toEqual({ ok: true, value });
    }
  });

  test.each([
    [{ apiVersion: "test/v9" }, "Use test/v3, or a newer claimbot."],
    [{ apiVersion: "tset/v3x" }, "Did you mean test/v3?"],
    [{ apiVersion: "test/v1" }, "Use test/v3, or a newer claimbot."],
  ])("refuses %j: %s", (value, hint) => {
    expect(migrate(value, OLDER, "test/v3")).toMatchObject({ ok: false, finding: { code: "claim/api-version", hint } });
  });

  test("ends with a table that goes in a circle", () => {
    const circle: readonly Migration[] = [
      { from: "test/v1", to: "test/v2", migrate: (value) => value },
      { from: "test/v2", to: "test/v1", migrate: (value) => value },
    ];
    expect(migrate({ apiVersion: "test/v1" }, circle, "test/v3").ok).toBe(false);
  });

  test("has a table in which each version is named once and leads to the present one", () => {
    const sources = MIGRATIONS.map(({ from }) => from);
    expect(new Set(sources).size).toBe(sources.length);
    for (const { from } of MIGRATIONS) expect(migrate({ apiVersion: from }).ok || from !== API_VERSION).toBe(true);
  });
});
