import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { OneOffFreeze, RepeatingFreeze } from "../../src/core/claim/platform.generated.ts";
import {
  freezesAt,
  freezesOf,
  frozenText,
  nextFreeze,
  nextFreezeText,
  nextOpenSlot,
  type Freeze,
} from "../../src/core/freezes.ts";
import { rruleMistake } from "../../src/core/recurrence.ts";
import { platform } from "../targets/an-environment.ts";

const weekend: RepeatingFreeze = {
  key: "weekend",
  types: ["prod"],
  rrule: "FREQ=WEEKLY;BYDAY=FR;BYHOUR=16",
  timeZone: "Europe/Berlin",
  duration: "63h",
  reason: "nobody is on call",
};
/** Friday 14:00 to Sunday 20:00 in New York, which overlaps Berlin's. */
const newYork: RepeatingFreeze = {
  ...weekend,
  key: "new-york",
  rrule: "FREQ=WEEKLY;BYDAY=FR;BYHOUR=14",
  timeZone: "America/New_York",
  duration: "90h",
};
const mondays: RepeatingFreeze = { ...weekend, key: "mondays", rrule: "FREQ=WEEKLY;BYDAY=MO;BYHOUR=7", duration: "5h" };
const once = (key: string, from: string, until: string): OneOffFreeze => ({
  key,
  types: ["prod"],
  from: `${from}:00Z`,
  until: `${until}:00Z`,
  reason: "closing",
});
const YEAR_END = once("year-end", "2026-12-18T15:00", "2027-01-04T06:00");
const always: RepeatingFreeze = { ...weekend, key: "always", rrule: "FREQ=DAILY", duration: "1d" };

/** A Saturday. */
const SATURDAY = "2026-11-28T12:00:00Z";
const WEDNESDAY = "2026-11-25T12:00:00Z";

describe("what holds", () => {
  test.each<[string, readonly Freeze[], string, readonly string[]]>([
    ["nothing where there are no freezes", [], SATURDAY, []],
    ["nothing between two windows", [weekend, YEAR_END], WEDNESDAY, []],
    ["one that repeats, on its day", [weekend, YEAR_END], SATURDAY, ["weekend"]],
    ["one that comes once, in its time", [weekend, YEAR_END], "2026-12-23T12:00:00Z", ["year-end"]],
    ["several, the one that ends last first", [weekend, YEAR_END], "2026-12-19T12:00:00Z", ["year-end", "weekend"]],
    ["one at its first moment", [weekend], "2026-11-27T15:00:00Z", ["weekend"]],
    ["none at its end", [weekend], "2026-11-30T06:00:00Z", []],
  ])("%s", (_, freezes, now, keys) => {
    expect(freezesAt(freezes, new Date(now)).map(({ freeze }) => freeze.key)).toEqual(keys);
  });

  test("concerns the types that a freeze names", () => {
    const both = { ...platform, spec: { ...platform.spec, freezes: [weekend, { ...YEAR_END, types: ["stage" as const] }] } };
    expect(freezesOf(both, "prod")).toEqual([weekend]);
    expect(freezesOf(both, "dev")).toEqual([]);
    expect(freezesOf(platform, "prod")).toEqual([]);
  });
});

describe("the next open slot", () => {
  test.each<[string, readonly Freeze[], string, string | undefined]>([
    ["is now where nothing is frozen", [weekend], WEDNESDAY, WEDNESDAY],
    ["is the end of the only freeze", [weekend], SATURDAY, "2026-11-30T06:00:00Z"],
    ["keeps the time on the wall when summer begins", [weekend], "2026-03-28T12:00:00Z", "2026-03-30T05:00:00Z"],
    ["keeps the time on the wall when summer ends", [weekend], "2026-10-24T12:00:00Z", "2026-10-26T06:00:00Z"],
    ["is the end of the later one of two that overlap", [weekend, newYork], SATURDAY, "2026-12-01T13:00:00Z"],
    ["is after a freeze that begins when the other ends", [weekend, mondays], SATURDAY, "2026-11-30T11:00:00Z"],
    [
      "is between two that leave a moment",
      [weekend, once("late", "2026-11-30T06:01", "2026-12-24T00:00")],
      SATURDAY,
      "2026-11-30T06:00:00Z",
    ],
    [
      "is after a weekend that reaches into the end of the year",
      [YEAR_END, weekend],
      "2026-12-19T12:00:00Z",
      "2027-01-04T06:00:00Z",
    ],
    [
      "is after a weekend into which the end of the year reaches",
      [weekend, once("q", "2026-11-25T00:00", "2026-11-28T00:00")],
      "2026-11-25T12:00:00Z",
      "2026-11-30T06:00:00Z",
    ],
    [
      "is the end of one that holds in many windows without a gap",
      [{ ...always, until: "2027-03-01T00:00:00Z" }],
      SATURDAY,
      "2027-03-01T00:00:00Z",
    ],
    ["is not there in one that never ends", [always], SATURDAY, undefined],
    ["is not there in one that lasts for years", [once("long", "2026-01-01T00:00", "2030-01-01T00:00")], SATURDAY, undefined],
  ])("%s", (_, freezes, now, expected) => {
    const open = nextOpenSlot(freezes, new Date(now));
    expect(open?.at.toISOString()).toBe(expected && new Date(expected).toISOString());
  });
});

describe("the next freeze", () => {
  test.each<[string, readonly Freeze[], string, string | undefined]>([
    ["is the next window of one that repeats", [weekend], WEDNESDAY, "weekend 2026-11-27T15:00:00.000Z"],
    ["is a later one where one holds now", [weekend], SATURDAY, "weekend 2026-12-04T15:00:00.000Z"],
    ["is a later one where one begins now", [weekend], "2026-11-27T15:00:00Z", "weekend 2026-12-04T15:00:00.000Z"],
    ["is the first of several", [YEAR_END, weekend], "2026-12-18T14:00:00Z", "year-end 2026-12-18T15:00:00.000Z"],
    [
      "is found months ahead",
      [{ ...weekend, rrule: "FREQ=YEARLY;BYMONTH=10;BYMONTHDAY=3" }],
      WEDNESDAY,
      "weekend 2027-10-02T22:00:00.000Z",
    ],
    ["is none where all are over", [YEAR_END], "2027-02-01T00:00:00Z", undefined],
    ["is none where there is none within a year", [once("far", "2030-01-01T00:00", "2030-01-02T00:00")], WEDNESDAY, undefined],
  ])("%s", (_, freezes, now, expected) => {
    const next = nextFreeze(freezes, new Date(now));
    expect(next && `${next.freeze.key} ${new Date(next.beginMs).toISOString()}`).toBe(expected);
  });
});

describe("words", () => {
  test.each<[string, readonly Freeze[], string, string | undefined]>([
    ["are none where nothing is frozen", [weekend], WEDNESDAY, undefined],
    [
      "name the end in the freeze's own time zone",
      [weekend],
      SATURDAY,
      "frozen until Monday 2026-11-30 07:00 Europe/Berlin (weekend: nobody is on call); that is the next open slot, and it goes on by itself then",
    ],
    [
      "name the end in UTC where it comes once",
      [YEAR_END],
      "2026-12-23T12:00:00Z",
      "frozen until Monday 2027-01-04 06:00 UTC (year-end: closing); that is the next open slot, and it goes on by itself then",
    ],
    [
      "name the next open slot where another freeze follows at once",
      [weekend, mondays],
      SATURDAY,
      "frozen until Monday 2026-11-30 07:00 Europe/Berlin (weekend: nobody is on call); the next open slot is Monday 2026-11-30 12:00 Europe/Berlin, and it goes on by itself then",
    ],
    [
      "promise nothing where there is no open slot",
      [{ ...always, timeZone: "UTC" }],
      SATURDAY,
      "frozen until Sunday 2026-11-29 00:00 UTC (always: nobody is on call); there is no open slot within a year, so somebody must change the freezes in platform.yaml",
    ],
  ])("%s", (_, freezes, now, expected) => {
    expect(frozenText(freezes, new Date(now))).toBe(expected);
  });

  test.each<[string, readonly Freeze[], string, string | undefined]>([
    [
      "of a weekend",
      [weekend, YEAR_END],
      WEDNESDAY,
      "Next freeze starts Friday 2026-11-27 16:00 Europe/Berlin (weekend: nobody is on call).",
    ],
    ["of the end of the year", [YEAR_END], WEDNESDAY, "Next freeze starts Friday 2026-12-18 15:00 UTC (year-end: closing)."],
    ["are none without freezes", [], WEDNESDAY, undefined],
  ])("for the next freeze: %s", (_, freezes, now, expected) => {
    expect(nextFreezeText(freezes, new Date(now))).toBe(expected);
  });
});

// ── Laws. ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

const HOUR_MS = 3_600_000;
const anyRepeating: fc.Arbitrary<Freeze> = fc
  .record({
    rrule: fc.constantFrom(
      "FREQ=WEEKLY;BYDAY=FR;BYHOUR=16",
      "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=18",
      "FREQ=DAILY;BYHOUR=2;BYMINUTE=30",
      "FREQ=MONTHLY;BYMONTHDAY=-1;BYHOUR=12",
      "FREQ=MONTHLY;BYDAY=1MO",
      "FREQ=WEEKLY;INTERVAL=2;BYDAY=SA",
    ),
    timeZone: fc.constantFrom("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC"),
    duration: fc.constantFrom("45m", "8h", "14h", "24h", "63h", "5d"),
  })
  .map((of) => ({ ...weekend, ...of, from: "2025-06-01T00:00:00Z" }));
const anyOneOff: fc.Arbitrary<Freeze> = fc
  .record({ from: fc.integer({ min: 0, max: 500 * 24 }), hours: fc.integer({ min: 1, max: 30 * 24 }) })
  .map(({ from, hours }) => {
    const begin = Date.parse("2026-01-01") + from * HOUR_MS;
    const text = (ms: number): string => new Date(ms).toISOString().slice(0, 16);
    return once("once", text(begin), text(begin + hours * HOUR_MS));
  });
const anyFreezes = fc.array(fc.oneof(anyRepeating, anyOneOff), { maxLength: 4 });
const anyNow = fc.date({ min: new Date("2026-01-01"), max: new Date("2027-06-01"), noInvalidDate: true });

describe("whatever the freezes", () => {
  test("nothing is frozen in the next open slot, and everything up to it is", () => {
    fc.assert(
      fc.property(
        anyFreezes,
        anyNow,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 }),
        (freezes, now, places) => {
          const open = nextOpenSlot(freezes, now);
          const end = open?.at.getTime() ?? now.getTime() + 366 * 24 * HOUR_MS;
          if (open !== undefined) expect(freezesAt(freezes, open.at)).toEqual([]);
          for (const ms of [
            now.getTime(),
            end - 1,
            ...places.map((place) => now.getTime() + Math.floor(place * (end - now.getTime()))),
          ]) {
            if (now.getTime() <= ms && ms < end) expect(freezesAt(freezes, new Date(ms))).not.toEqual([]);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test("the next freeze holds from its first moment, and did not hold by the same window before", () => {
    fc.assert(
      fc.property(anyFreezes, anyNow, (freezes, now) => {
        const next = nextFreeze(freezes, now);
        if (next === undefined) return;
        expect(next.beginMs).toBeGreaterThan(now.getTime());
        expect(freezesAt(freezes, new Date(next.beginMs))).toContainEqual(next);
        expect(freezesAt(freezes, new Date(next.beginMs - 1))).not.toContainEqual(next);
      }),
      { numRuns: 300 },
    );
  });

  test("what the words need is there for every rule of these laws", () => {
    fc.assert(fc.property(anyRepeating, (freeze) => !("rrule" in freeze) || rruleMistake(freeze) === undefined));
  });
});
