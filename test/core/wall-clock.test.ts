import { describe, expect, test } from "vitest";
import { timeZoneMistake, wallClock, wallClockText } from "../../src/core/wall-clock.ts";

describe("the clock on the wall", () => {
  test.each([
    ["2026-11-27T15:00:00Z", "Europe/Berlin", "Friday 2026-11-27 16:00 Europe/Berlin"],
    ["2026-07-03T14:00:00Z", "Europe/Berlin", "Friday 2026-07-03 16:00 Europe/Berlin"],
    ["2026-11-27T23:00:00Z", "Europe/Berlin", "Saturday 2026-11-28 00:00 Europe/Berlin"],
    ["2026-11-27T18:15:00Z", "Asia/Kathmandu", "Saturday 2026-11-28 00:00 Asia/Kathmandu"],
    ["2027-01-04T06:00:00Z", "UTC", "Monday 2027-01-04 06:00 UTC"],
  ])("at %s in %s shows %s", (at, timeZone, text) => {
    expect(wallClockText(Date.parse(at), timeZone)).toBe(text);
  });

  test("does not exist where nobody lives", () => {
    expect(() => wallClock(0, "Mars/Base")).toThrow(RangeError);
  });
});

describe("the name of a time zone", () => {
  test.each([
    "Europe/Berlin",
    "UTC",
    "Asia/Kathmandu",
    "Asia/Calcutta",
    "Asia/Kolkata",
    "America/Argentina/Buenos_Aires",
    "Etc/GMT+5",
  ])("may be %s", (name) => {
    expect(timeZoneMistake(name)).toBeUndefined();
  });

  test.each([
    ["Mars/Base", undefined],
    ["Europe/Berln", "Europe/Berlin"],
    ["europe/berlin", "Europe/Berlin"],
    ["Europe", undefined],
  ])("is not %s", (name, meant) => {
    expect(timeZoneMistake(name)).toEqual({ meant });
  });
});
