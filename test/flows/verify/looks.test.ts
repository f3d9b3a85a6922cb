import { describe, expect, test } from "vitest";
import type { Look } from "../../../src/core/ports.ts";
import { isVerifyDue, longAgo, lookedAt, partsDue, REST } from "../../../src/flows/verify/looks.ts";

const NOW = new Date("2026-11-24T12:00:00.000Z");
const hoursAgo = (hours: number): string => new Date(NOW.getTime() - hours * 3_600_000).toISOString();

/** One that came to its end a minute after it began. */
function ended(part: string, hours: number, deviations = 0): Look {
  return { part, begunAt: hoursAgo(hours), endedAt: hoursAgo(hours - 1 / 60), deviations };
}

/** One that did not; the one before it did, where `before` is given. */
function cutOff(part: string, hours: number, before?: number): Look {
  return { part, begunAt: hoursAgo(hours), endedAt: before === undefined ? undefined : hoursAgo(before), deviations: 0 };
}

describe("verify is due", () => {
  test.each<[string, readonly Look[], boolean]>([
    ["when nobody remembers a look", [], true],
    ["when what is of no environment was never looked at", [ended("a", 1)], true],
    ["not within a day after a look that ended", [ended(REST, 23.9), ended("a", 1)], false],
    ["a day after it", [ended(REST, 1), ended("a", 24)], true],
    ["not within three hours after one that was cut off", [ended(REST, 1), cutOff("a", 2.9)], false],
    ["three hours after that", [ended(REST, 1), cutOff("a", 3, 30)], true],
  ])("%s", (_, looks, due) => expect(isVerifyDue(looks, NOW)).toBe(due));
});

describe("the parts that are due", () => {
  test.each<[string, readonly Look[], readonly string[]]>([
    ["are all at first, and what is of no environment last", [], ["a", "b", "c", REST]],
    [
      "are those of the last half a day too, when one is due",
      [ended("a", 24), ended("b", 12), ended("c", 11), ended(REST, 13)],
      ["a", REST, "b"],
    ],
    [
      "begin with what was never looked at, then with what was longest ago",
      [ended("a", 20), ended("b", 30), ended(REST, 25)],
      ["c", "b", REST, "a"],
    ],
    [
      "have one that was cut off by its last beginning, not by its last end",
      [cutOff("a", 3, 90), ended("b", 20), ended("c", 1), ended(REST, 1)],
      ["b", "a"],
    ],
    ["are without one that was cut off a moment ago", [cutOff("a", 1, 90), ended("b", 1), ended("c", 1), ended(REST, 1)], []],
  ])("%s", (_, looks, due) => expect(partsDue(["a", "b", "c"], looks, NOW)).toEqual(due));
});

describe("what all looks say together", () => {
  test.each<[string, readonly Look[], ReturnType<typeof lookedAt>]>([
    ["is nothing before the first", [], { deviations: undefined, since: undefined }],
    [
      "is no time while a part was never looked at to its end",
      [ended(REST, 1, 2), cutOff("a", 1)],
      { deviations: 2, since: undefined },
    ],
    ["is no time without what is of no environment", [ended("a", 1, 2)], { deviations: 2, since: undefined }],
    ["is the oldest end, and the sum", [ended(REST, 1, 2), ended("a", 30, 3)], { deviations: 5, since: hoursAgo(30 - 1 / 60) }],
    [
      "is the end before, where the last one was cut off",
      [ended(REST, 1), cutOff("a", 1, 50)],
      { deviations: 0, since: hoursAgo(50) },
    ],
  ])("%s", (_, looks, found) => expect(lookedAt(looks)).toEqual(found));
});

test("long ago is three days without an end, the longest ago first", () => {
  const looks = [ended("a", 70), cutOff("b", 1, 73), cutOff("c", 1, 90), cutOff("d", 1)];
  expect(longAgo(looks, NOW).map(({ part }) => part)).toEqual(["c", "b"]);
});
