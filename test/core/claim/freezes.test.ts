import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { validateTree } from "../../../src/core/claim/validate.ts";
import { PLATFORM, fileOf } from "./example.ts";

/** Code, message and hint of all that is said of a platform with these freezes. */
function said(freezes: string): readonly string[] {
  const { diagnostics } = validateTree({
    files: [fileOf("platform.yaml", `${PLATFORM}  freezes:\n${freezes}`)],
    rules: undefined,
  });
  return diagnostics.map(({ code, message, hint }) => `${code} ${message} ${hint}`);
}

const HEAD = "key: weekend, types: [prod], reason: Nobody is on call";
const RULE = "rrule: FREQ=WEEKLY;BYDAY=FR;BYHOUR=16";
const DATES = 'from: "2026-12-18T15:00:00Z", until: "2027-01-04T06:00:00Z"';

test("the library of recurrence rules is loaded by the first freeze that repeats, so that nobody else waits for it", () => {
  const isLoaded = (): boolean =>
    Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes("rrule-temporal"));
  said(`    - {${HEAD}, ${DATES}}\n`);
  expect(isLoaded()).toBe(false);
  said(`    - {${HEAD}, ${RULE}, timeZone: Europe/Berlin, duration: 63h}\n`);
  expect(isLoaded()).toBe(true);
});

describe("the fields of a freeze", () => {
  test.each<[string, string, readonly RegExp[]]>([
    ["that comes once", `${HEAD}, ${DATES}`, []],
    ["that repeats", `${HEAD}, ${RULE}, timeZone: Europe/Berlin, duration: 63h`, []],
    ["that repeats within bounds", `${HEAD}, ${RULE}, timeZone: Europe/Berlin, duration: 63h, ${DATES}`, []],
    [
      "that repeats without a duration",
      `${HEAD}, ${RULE}, timeZone: Europe/Berlin`,
      [/^schema\/missing .*needs duration\. Add `duration: 63h`/],
    ],
    [
      "that repeats without a time zone",
      `${HEAD}, ${RULE}, duration: 63h`,
      [/^schema\/missing .*needs timeZone\. Add `timeZone: Europe\/Berlin`/],
    ],
    ["with nothing but a rule", `${HEAD}, ${RULE}`, [/needs duration/, /needs timeZone/]],
    [
      "with a mistyped rrule",
      `${HEAD}, rule: FREQ=DAILY, timeZone: UTC, duration: 1h`,
      [/needs rrule/, /rule is not a field.*Did you mean rrule\?/],
    ],
    ["without any time", HEAD, [/needs from/, /needs until/]],
    ["that comes once, without an end", `${HEAD}, from: "2026-12-18T15:00:00Z"`, [/needs until/]],
    ["that comes once and has a duration", `${HEAD}, ${DATES}, duration: 63h`, [/duration is not a field/]],
    [
      "with a local time",
      `${HEAD}, from: "2026-12-18T15:00:00", until: "2027-01-04T06:00:00Z"`,
      [/is not a valid value of spec\.freezes\[0\]\.from/],
    ],
    [
      "with a duration in words",
      `${HEAD}, ${RULE}, timeZone: UTC, duration: a weekend`,
      [/a weekend is not a valid value of .*days \(up to 99d\)\. Example: 63h/],
    ],
    [
      "with an offset for a time zone",
      `${HEAD}, ${RULE}, timeZone: "+02:00", duration: 63h`,
      [/\+02:00 is not a valid value.*IANA/],
    ],
    [
      "with a calendar for a rule",
      `${HEAD}, rrule: "DTSTART:20260101T000000Z", timeZone: UTC, duration: 63h`,
      [/is not a valid value of spec\.freezes\[0\]\.rrule/],
    ],
    ["that is a text", "FREQ=DAILY", [/^schema\/type spec\.freezes\[0\] must be a block of fields/]],
  ])("%s", (_, freeze, expected) => {
    const found = said(`    - ${freeze === "FREQ=DAILY" ? freeze : `{${freeze}}`}\n`);
    expect(found).toEqual(expected.map((pattern) => expect.stringMatching(pattern) as string));
  });
});

const repeating = (key: string, of: string): string => `    - {key: ${key}, reason: Closed, timeZone: UTC, ${of}}\n`;

describe("freezes that together leave no open slot", () => {
  const days = repeating("days", "types: [prod, stage], rrule: FREQ=DAILY;BYHOUR=8, duration: 10h");
  const nights = (of = ""): string => repeating("nights", `types: [prod], rrule: FREQ=DAILY;BYHOUR=18, duration: 14h${of}`);
  test.each<[string, string, readonly RegExp[]]>([
    [
      "are refused for the type that they freeze for ever",
      days + nights(),
      [/^platform\/freeze-always days, nights together leave prod no open slot\./],
    ],
    ["are good where one of them comes to an end", days + nights(', until: "2027-01-01T00:00:00Z"'), []],
    [
      "are good where they leave an hour",
      days + repeating("nights", "types: [prod], rrule: FREQ=DAILY;BYHOUR=18, duration: 13h"),
      [],
    ],
    [
      "are named alone where one is enough",
      days + repeating("all", "types: [prod], rrule: FREQ=DAILY, duration: 30h"),
      [/freeze-always all never ends/],
    ],
    [
      "are looked for only among those that can be read",
      days + repeating("all", "types: [prod], rrule: FREQ=DAILY;BYDAY=1FR, duration: 30h"),
      [/^platform\/freeze-rule/],
    ],
    [
      "are refused although one has an end, where it never ends before",
      repeating("all", 'types: [prod], rrule: FREQ=DAILY, duration: 1d, until: "2099-01-01T00:00:00Z"'),
      [/freeze-always all never ends/],
    ],
  ])("%s", (_, freezes, expected) => {
    expect(said(freezes)).toEqual(expected.map((pattern) => expect.stringMatching(pattern) as string));
  });
});

describe("very many freezes", () => {
  test("that are long to unroll are judged in a moment, and those too many are refused", () => {
    const month = "BYMONTH=1,2,3,4,5,6,7,8,9,10,11";
    const many = Array.from({ length: 100 }, (_, at) =>
      repeating(`f${at}`, `types: [prod], rrule: "FREQ=DAILY;${month};BYMINUTE=${at % 60}", duration: 24h`),
    );
    const start = performance.now();
    const found = said(many.join(""));
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(found).toHaveLength(80);
    expect(new Set(found)).toEqual(
      new Set(["platform/freeze-rule There are more than 20 freezes that repeat. Join some: one rule may name many days."]),
    );
  });
});
