import { describe, expect, test } from "vitest";
import { LEVELS, roleWords, STANDINGS, type Roles } from "../../../src/core/verdicts/role-words.ts";

type Standing = (typeof STANDINGS)[number];

function roles(holds: (owner: number, here: number, standing: Standing) => boolean): Roles {
  return STANDINGS.map((standing) => LEVELS.map((owner) => LEVELS.map((here) => holds(owner, here, standing))));
}

const notFork = ({ fork }: Standing): boolean => !fork;

describe("where a group owns it", () => {
  test.each<[string, Roles, readonly string[]]>([
    ["nobody", roles(() => false), []],
    ["everybody", roles((_o, _h, standing) => notFork(standing)), ["everybody"]],
    ["also from a fork", roles(() => true), ["everybody, also from a fork"]],
    ["one level", roles((o, _h, s) => o === 30 && notFork(s)), ["developers of the owner"]],
    ["two levels", roles((o, _h, s) => o >= 20 && o <= 30 && notFork(s)), ["reporters and developers of the owner"]],
    ["from a level on", roles((_o, h, s) => h >= 40 && notFork(s)), ["maintainers and above of this repository"]],
    ["up to a level", roles((o, _h, s) => o <= 30 && notFork(s)), ["at most developers of the owner"]],
    [
      "either",
      roles((o, h, s) => (o >= 30 || h >= 40) && notFork(s)),
      ["developers and above of the owner", "maintainers and above of this repository"],
    ],
    [
      "both",
      roles((o, h, s) => o === 0 && h === 50 && notFork(s)),
      ["non-members of the owner who are owners of this repository"],
    ],
    [
      "its author",
      roles((o, _h, s) => o >= 40 && s.isAuthor && notFork(s)),
      ["maintainers and above of the owner who opened the merge request"],
    ],
    [
      "neither",
      roles((o, _h, s) => o >= 40 && !s.isAuthor && !s.isCommitter && notFork(s)),
      ["maintainers and above of the owner who neither opened the merge request nor committed to it"],
    ],
    ["a fork's", roles((o, _h, s) => o >= 40 && s.fork), ["maintainers and above of the owner, from a fork"]],
    [
      "different people by what they are",
      roles((o, _h, s) => o >= (s.isAuthor ? 40 : 30) && notFork(s)),
      [
        "developers and above of the owner who did not open the merge request",
        "maintainers and above of the owner who opened the merge request",
      ],
    ],
  ])("%s", (_, given, words) => {
    expect(roleWords(given, true)).toEqual(words);
  });
});

test("where only the repository owns it, one level counts", () => {
  const given = roles((o, h, s) => o === h && (h === 20 || h >= 40) && notFork(s));
  expect(roleWords(given, false)).toEqual(["reporters of this repository", "maintainers and above of this repository"]);
});

test("each role is covered, and no other, whatever the square", () => {
  // Patterns of five levels each way, every third and every fifth of them.
  for (let row = 1; row < 32; row += 3) {
    for (let column = 0; column < 32; column += 5) {
      const has = (bits: number, level: number): boolean => (bits & (1 << (LEVELS as readonly number[]).indexOf(level))) !== 0;
      const words = roleWords(
        roles((o, h, s) => (has(row, o) || has(column, h)) && notFork(s)),
        true,
      );
      const covered = (o: number, h: number): boolean =>
        words.some((text) => {
          if (text === "everybody") return true;
          const parts = text.split(" who are ").flatMap((part) => /^(.*) of (the owner|this repository)$/.exec(part) ?? []);
          const spans = new Map([0, 3].flatMap((at) => (parts[at] === undefined ? [] : [[parts[at + 2], parts[at + 1]]])));
          return within(spans.get("the owner"), o) && within(spans.get("this repository"), h);
        });
      for (const o of LEVELS) for (const h of LEVELS) expect(covered(o, h)).toBe(has(row, o) || has(column, h));
    }
  }
});

const NAMES: Readonly<Record<string, number>> = { "non-members": 0, reporters: 20, developers: 30, maintainers: 40, owners: 50 };

/** Reads a span as a person would. */
function within(words: string | undefined, level: number): boolean {
  if (words === undefined) return true;
  const from = / and above$/.exec(words);
  if (from !== null) return level >= (NAMES[words.slice(0, from.index)] ?? Number.NaN);
  if (words.startsWith("at most ")) return level <= (NAMES[words.slice(8)] ?? Number.NaN);
  return words.split(/, | and /).some((name) => NAMES[name] === level);
}
