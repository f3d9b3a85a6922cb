import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RepeatingFreeze } from "../../src/core/claim/platform.generated.ts";
import { DAY_MS, rruleMistake, stretchesOf, type Stretch } from "../../src/core/recurrence.ts";

/** Friday 16:00 until Monday 07:00 in Berlin. */
function freezeOf(of: Partial<RepeatingFreeze> = {}): RepeatingFreeze {
  return {
    key: "weekend",
    types: ["prod"],
    rrule: "FREQ=WEEKLY;BYDAY=FR;BYHOUR=16",
    timeZone: "Europe/Berlin",
    duration: "63h",
    reason: "nobody is on call",
    ...of,
  };
}

/** `2026-11-27T15:00Z..2026-11-30T06:00Z` for each stretch between two days. */
function windows(of: Partial<RepeatingFreeze>, begin: string, end: string): readonly string[] {
  const text = (ms: number): string => new Date(ms).toISOString().replace(":00.000Z", "Z");
  return stretchesOf(freezeOf(of), { beginMs: Date.parse(begin), endMs: Date.parse(end) }).map(
    ({ beginMs, endMs }) => `${text(beginMs)}..${text(endMs)}`,
  );
}

describe("windows", () => {
  test.each<[string, Partial<RepeatingFreeze>, string, string, readonly string[]]>([
    ["of a weekend in winter", {}, "2026-11-27", "2026-11-28", ["2026-11-27T15:00Z..2026-11-30T06:00Z"]],
    ["of a weekend in summer", {}, "2026-07-03", "2026-07-04", ["2026-07-03T14:00Z..2026-07-06T05:00Z"]],
    ["keep the time on the wall when summer begins", {}, "2026-03-28", "2026-03-29", ["2026-03-27T15:00Z..2026-03-30T05:00Z"]],
    ["keep the time on the wall when summer ends", {}, "2026-10-24", "2026-10-25", ["2026-10-23T14:00Z..2026-10-26T06:00Z"]],
    [
      "that began before are found at their last moment",
      {},
      "2026-11-30T05:59:59Z",
      "2026-11-30T06:00Z",
      ["2026-11-27T15:00Z..2026-11-30T06:00Z"],
    ],
    ["are over at their end", {}, "2026-11-30T06:00Z", "2026-12-04T15:00Z", []],
    [
      "begin at the same moment where the clock change skips their time",
      { rrule: "FREQ=DAILY;BYHOUR=2;BYMINUTE=30", duration: "90m" },
      "2026-03-28T12:00Z",
      "2026-03-30T12:00Z",
      ["2026-03-29T01:30Z..2026-03-29T02:00Z", "2026-03-30T00:30Z..2026-03-30T02:00Z"],
    ],
    [
      "begin at the first of two times that the clock shows twice",
      { rrule: "FREQ=DAILY;BYHOUR=2;BYMINUTE=30", duration: "90m" },
      "2026-10-25T00:00Z",
      "2026-10-26T00:00Z",
      ["2026-10-25T00:30Z..2026-10-25T03:00Z"],
    ],
    [
      "begin at midnight where no hour is said",
      { rrule: "FREQ=MONTHLY;BYMONTHDAY=-1", duration: "1d" },
      "2026-11-01",
      "2027-01-01",
      ["2026-11-29T23:00Z..2026-11-30T23:00Z", "2026-12-30T23:00Z..2026-12-31T23:00Z"],
    ],
    [
      "of the last working day of each month",
      { rrule: "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;BYHOUR=12", timeZone: "UTC", duration: "12h" },
      "2026-10-01",
      "2026-12-01",
      ["2026-10-30T12:00Z..2026-10-31T00:00Z", "2026-11-30T12:00Z..2026-12-01T00:00Z"],
    ],
    [
      "of the Friday after Thanksgiving",
      { rrule: "FREQ=YEARLY;BYMONTH=11;BYDAY=4FR", timeZone: "America/New_York", duration: "4d" },
      "2026-01-01",
      "2028-01-01",
      ["2026-11-27T05:00Z..2026-12-01T05:00Z", "2027-11-26T05:00Z..2027-11-30T05:00Z"],
    ],
    [
      "of 29 February",
      { rrule: "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29", timeZone: "UTC", duration: "1d" },
      "2096-02-01",
      "2104-04-01",
      ["2096-02-29T00:00Z..2096-03-01T00:00Z", "2104-02-29T00:00Z..2104-03-01T00:00Z"],
    ],
    [
      "that begin once in 28 years",
      { rrule: "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=FR", timeZone: "UTC", duration: "1d" },
      "2035-12-01",
      "2036-12-01",
      ["2036-02-29T00:00Z..2036-03-01T00:00Z"],
    ],
    [
      "far from Greenwich",
      { timeZone: "Pacific/Kiritimati", rrule: "FREQ=WEEKLY;BYDAY=MO", duration: "1h" },
      "2026-11-22T00:00Z",
      "2026-11-23T00:00Z",
      ["2026-11-22T10:00Z..2026-11-22T11:00Z"],
    ],
  ])("%s", (_, of, begin, end, expected) => {
    expect(windows(of, begin, end)).toEqual(expected);
  });

  test.each<[string, Partial<RepeatingFreeze>, string, string, readonly string[]]>([
    [
      "does not hold before from, also within a window",
      { from: "2026-11-28T00:00:00Z" },
      "2026-11-01",
      "2026-12-01",
      ["2026-11-28T00:00Z..2026-11-30T06:00Z"],
    ],
    [
      "does not hold from until on, also within a window",
      { until: "2026-11-28T00:00:00Z" },
      "2026-11-25",
      "2026-12-31",
      ["2026-11-27T15:00Z..2026-11-28T00:00Z"],
    ],
    [
      "holds in a window of the day before that lasts into it",
      { rrule: "FREQ=DAILY;BYHOUR=20", timeZone: "UTC", from: "2026-11-25T02:00:00Z", duration: "12h" },
      "2026-11-20",
      "2026-11-25T12:00Z",
      ["2026-11-25T02:00Z..2026-11-25T08:00Z"],
    ],
    [
      "holds in a window of the week before that lasts into it",
      { from: "2026-11-30T00:00:00Z" },
      "2026-11-20",
      "2026-12-01",
      ["2026-11-30T00:00Z..2026-11-30T06:00Z"],
    ],
    [
      "holds in a window of the month before that lasts into it",
      { rrule: "FREQ=MONTHLY;BYMONTHDAY=28", timeZone: "UTC", from: "2026-12-10T00:00:00Z", duration: "20d" },
      "2026-11-01",
      "2026-12-20",
      ["2026-12-10T00:00Z..2026-12-18T00:00Z"],
    ],
    [
      "holds in a window of the year before that lasts into it",
      { rrule: "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=20", timeZone: "UTC", from: "2027-01-05T00:00:00Z", duration: "30d" },
      "2026-11-01",
      "2027-06-01",
      ["2027-01-05T00:00Z..2027-01-19T00:00Z"],
    ],
    ["has no windows before", { from: "2027-01-01T00:00:00Z" }, "2026-11-01", "2026-12-15", []],
    ["has no windows after", { until: "2026-01-01T00:00:00Z" }, "2026-11-01", "2026-12-15", []],
    [
      "counts every second week from it",
      { rrule: "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", from: "2026-11-25T00:00:00Z", duration: "1d" },
      "2026-11-01",
      "2026-12-20",
      ["2026-11-26T23:00Z..2026-11-27T23:00Z", "2026-12-10T23:00Z..2026-12-11T23:00Z"],
    ],
    [
      "counts every second year by the clock on the wall, where it is New Year already",
      { rrule: "FREQ=YEARLY;INTERVAL=2;BYMONTH=1;BYMONTHDAY=1", from: "2026-12-31T23:00:00Z", duration: "1d" },
      "2026-06-01",
      "2030-06-01",
      ["2026-12-31T23:00Z..2027-01-01T23:00Z", "2028-12-31T23:00Z..2029-01-01T23:00Z"],
    ],
    [
      "cuts the window of an interval before it that lasts into it",
      { rrule: "FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=1", timeZone: "UTC", from: "2026-12-15T00:00:00Z", duration: "50d" },
      "2026-12-01",
      "2027-02-10",
      ["2026-12-15T00:00Z..2027-01-20T00:00Z", "2027-02-01T00:00Z..2027-03-23T00:00Z"],
    ],
  ])("a freeze with bounds %s", (_, of, begin, end, expected) => {
    expect(windows(of, begin, end)).toEqual(expected);
  });
});

describe("a rule", () => {
  test.each([
    "FREQ=DAILY",
    "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=18;BYMINUTE=30",
    "BYHOUR=16;FREQ=WEEKLY;BYDAY=FR",
    "FREQ=MONTHLY;BYDAY=-1FR",
    "FREQ=MONTHLY;BYMONTHDAY=31",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
    "FREQ=DAILY;BYMONTH=12;BYMONTHDAY=24,25,26",
  ])("%s is a good one", (rrule) => {
    expect(rruleMistake(freezeOf({ rrule }))).toBeUndefined();
  });

  test.each<[string, RegExp]>([
    ["FREQ=SECONDLY", /SECONDLY is not a value of FREQ/],
    ["FREQ=MINUTELY;BYDAY=FR", /MINUTELY is not a value of FREQ/],
    ["FREQ=HOURLY", /HOURLY is not a value of FREQ/],
    ["FREQ=NEVER", /NEVER is not a value of FREQ/],
    ["BYDAY=FR", /does not say how often/],
    ["FREQ=WEEKLY;BYDAY=FR;COUNT=3", /COUNT does not belong/],
    ["FREQ=WEEKLY;BYDAY=FR;UNTIL=20261231T000000Z", /UNTIL does not belong/],
    ["FREQ=WEEKLY;BYDAY=FR;FOO=1", /FOO is not a part/],
    ["FREQ=DAILY;BYSECOND=0,1,2", /BYSECOND is not a part/],
    ["RSCALE=HEBREW;FREQ=YEARLY", /RSCALE is not a part/],
    ["FREQ=WEEKLY;BYDAY=FR;BYDAY=SA", /BYDAY is there twice/],
    ["FREQ=WEEKLY;BYDAY=XX", /XX is not a value of BYDAY/],
    ["FREQ=WEEKLY;BYDAY=FR;BYHOUR=99", /99 is not a value of BYHOUR/],
    ["FREQ=DAILY;BYHOUR=8,20", /8,20 is not a value of BYHOUR/],
    ["FREQ=DAILY;BYHOUR=8;BYMINUTE=60", /60 is not a value of BYMINUTE/],
    ["FREQ=MONTHLY;BYMONTHDAY=0", /0 is not a value of BYMONTHDAY/],
    ["FREQ=WEEKLY;INTERVAL=0;BYDAY=FR", /0 is not a value of INTERVAL/],
    ["FREQ=DAILY;INTERVAL=99999999", /99999999 is not a value of INTERVAL/],
    ["FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", /INTERVAL needs a beginning/],
    ["FREQ=WEEKLY;BYHOUR=16", /on which day of the week/],
    ["FREQ=MONTHLY", /on which day/],
    ["FREQ=YEARLY;BYMONTHDAY=1", /in which month/],
    ["FREQ=WEEKLY;BYDAY=1FR", /counts days of a month/],
    ["FREQ=DAILY;BYSETPOS=1", /BYSETPOS does not go with/],
    ["FREQ=WEEKLY;BYDAY=FR;BYMONTHDAY=31;BYMONTH=2", /BYMONTHDAY does not go with FREQ=WEEKLY/],
    ["FREQ=YEARLY;BYDAY=FR;BYMONTHDAY=31;BYMONTH=2", /never happens/],
    ["FREQ=DAILY;BYDAY=FR;BYMONTHDAY=31;BYMONTH=2", /never happens/],
    ["FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2,4,6,9,11", /never happens/],
    ["FREQ=MONTHLY;BYDAY=MO;BYSETPOS=31", /never happens/],
  ])("%s is refused", (rrule, message) => {
    expect(rruleMistake(freezeOf({ rrule }))?.message).toMatch(message);
  });
});

// ── Laws. ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

const oneOf = (name: string, ...values: readonly string[]): fc.Arbitrary<string> =>
  fc.option(fc.constantFrom(...values)).map((value) => (value === null ? "" : `;${name}=${value}`));
/** Rules of the grammar, sensible and not. */
const anyRule = fc
  .tuple(
    fc.constantFrom("DAILY", "WEEKLY", "MONTHLY", "YEARLY"),
    oneOf("INTERVAL", "1", "2", "7", "52"),
    oneOf("BYDAY", "FR", "MO,WE", "1MO", "-1FR", "5SU", "SA,SU"),
    oneOf("BYMONTHDAY", "1", "29", "31", "-1", "-31", "13,14,15"),
    oneOf("BYMONTH", "2", "2,4", "12", "1,2,3,4,5,6,7,8,9,10,11"),
    oneOf("BYSETPOS", "1", "-1", "31"),
    oneOf("BYHOUR", "0", "2", "23"),
    oneOf("BYMINUTE", "0", "30", "59"),
  )
  .map(([freq, ...parts]) => `FREQ=${freq}${parts.join("")}`);
const anyFreeze = fc
  .record(
    {
      rrule: anyRule,
      timeZone: fc.constantFrom("Europe/Berlin", "UTC", "Pacific/Kiritimati", "America/St_Johns"),
      duration: fc.constantFrom("30m", "10h", "63h", "2d", "40d"),
      from: fc.constantFrom("2024-02-29T12:00:00Z", "2026-11-24T00:00:00Z"),
    },
    { requiredKeys: ["rrule", "timeZone", "duration"] },
  )
  .map(freezeOf);
const anyMs = fc.integer({ min: Date.parse("2024-01-01"), max: Date.parse("2105-01-01") });

describe("whatever the rule", () => {
  test("one that is not refused can be asked at any time, begins once a day at the most, and lasts", () => {
    fc.assert(
      fc.property(anyFreeze, anyMs, (freeze, beginMs) => {
        fc.pre(rruleMistake(freeze) === undefined);
        const within = { beginMs, endMs: beginMs + 40 * DAY_MS };
        const found = stretchesOf(freeze, within);
        expect(found.length).toBeLessThanOrEqual(44);
        for (const stretch of found) {
          expect(stretch.beginMs).toBeLessThan(stretch.endMs);
          expect(stretch.beginMs).toBeGreaterThanOrEqual(Date.parse(freeze.from ?? "2001-01-01"));
        }
        expect(found.map((stretch) => stretch.beginMs)).toEqual(
          found.map((stretch) => stretch.beginMs).toSorted((a, b) => a - b),
        );
      }),
      { numRuns: 150 },
    );
  });

  test("whether it holds at a moment does not depend on what was asked for", () => {
    fc.assert(
      fc.property(anyFreeze, anyMs, fc.integer({ min: 0, max: 60 * DAY_MS }), (freeze, beginMs, ms) => {
        fc.pre(rruleMistake(freeze) === undefined);
        const holds = (within: Stretch): boolean =>
          stretchesOf(freeze, within).some((stretch) => stretch.beginMs <= beginMs + ms && beginMs + ms < stretch.endMs);
        const moment = { beginMs: beginMs + ms, endMs: beginMs + ms + 1 };
        expect(holds(moment)).toBe(holds({ beginMs, endMs: beginMs + 61 * DAY_MS }));
      }),
      { numRuns: 150 },
    );
  });

  test("the judgement ends soon", () => {
    fc.assert(
      fc.property(anyFreeze, (freeze) => {
        const start = performance.now();
        rruleMistake(freeze);
        expect(performance.now() - start).toBeLessThan(5_000);
      }),
      { numRuns: 150 },
    );
  });
});
