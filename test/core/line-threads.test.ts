import { describe, expect, test } from "vitest";
import { lineSteps, MOST_OPEN, type LineStep, type LineWish } from "../../src/core/line-threads.ts";
import type { LinePosition, LineThread } from "../../src/core/ports.ts";

const HEAD = "b".repeat(40);
const BEFORE = "a".repeat(40);
const line = (newLine: number): LinePosition => ({ oldPath: "a.yaml", newPath: "a.yaml", oldLine: undefined, newLine });

/** A mistake by name; `at` is its line in the diff. */
const wish = (name: string, at: number | undefined, text = ""): LineWish => ({
  marker: `<!-- claimbot:line:${name} -->`,
  body: `<!-- claimbot:line:${name} -->\n❌ ${name}${text}\n`,
  position: at === undefined ? undefined : line(at),
});

const thread = (name: string, at: number, rest: Partial<LineThread> = {}): LineThread => ({
  discussionId: `${name}@${at}`,
  noteId: at,
  // GitLab takes the last line end away.
  body: wish(name, at).body.trimEnd(),
  resolved: "no",
  position: line(at),
  headSha: HEAD,
  ...rest,
});

const told = (step: LineStep): string =>
  step.kind === "create"
    ? `create ${step.wish.marker.slice(19, -4)}@${step.wish.position.newLine}`
    : `${step.kind} ${step.thread.discussionId}`;

function steps(threads: readonly LineThread[], wishes: readonly LineWish[], complete = true): readonly string[] {
  return lineSteps(threads, wishes, { headSha: HEAD, complete }).map(told);
}

describe("a mistake that stands", () => {
  test.each<[string, readonly LineThread[], readonly LineWish[], readonly string[]]>([
    ["gets a thread", [], [wish("x", 5)], ["create x@5"]],
    ["outside the diff gets none", [], [wish("x", undefined)], []],
    ["keeps its thread", [thread("x", 5)], [wish("x", 5)], []],
    ["keeps it on another line", [thread("x", 5)], [wish("x", 9)], []],
    ["keeps it when its line left the diff", [thread("x", 5)], [wish("x", undefined)], []],
    ["keeps it when its line was changed", [thread("x", 5, { headSha: BEFORE })], [wish("x", 5)], []],
    ["has it edited when its text changed", [thread("x", 5)], [wish("x", 5, " and more")], ["edit x@5"]],
    [
      "is not edited for line ends alone",
      [thread("x", 5, { body: wish("x", 5).body.replaceAll("\n", "\r\n") })],
      [wish("x", 5)],
      [],
    ],
    ["that came back to its line is opened again", [thread("x", 5, { resolved: "by-us" })], [wish("x", 5)], ["reopen x@5"]],
    [
      "that came back with another text is edited too",
      [thread("x", 5, { resolved: "by-us" })],
      [wish("x", 5, "!")],
      ["reopen x@5", "edit x@5"],
    ],
    [
      "that came back to a changed line gets a new one",
      [thread("x", 5, { resolved: "by-us", headSha: BEFORE })],
      [wish("x", 5)],
      ["create x@5"],
    ],
    ["that people resolved stays so", [thread("x", 5, { resolved: "by-others" })], [wish("x", 5, "!")], []],
    [
      "that people resolved on a line that changed gets a new one",
      [thread("x", 5, { resolved: "by-others", headSha: BEFORE })],
      [wish("x", 7)],
      ["create x@7"],
    ],
    [
      "prefers the thread that is open",
      [thread("x", 5, { resolved: "by-us" }), thread("x", 2, { headSha: BEFORE })],
      [wish("x", 5)],
      [],
    ],
    [
      "has one thread left of two",
      [thread("x", 5), thread("x", 5, { discussionId: "second" })],
      [wish("x", 5)],
      ["resolve second"],
    ],
  ])("%s", (_, threads, wishes, expected) => {
    expect(steps(threads, wishes)).toEqual(expected);
  });
});

describe("a mistake that is mended", () => {
  test("has its thread resolved, once", () => {
    expect(steps([thread("x", 5), thread("y", 6, { resolved: "by-us" }), thread("z", 7, { resolved: "by-others" })], [])).toEqual(
      ["resolve x@5"],
    );
  });

  test("may still be there when not everything was judged", () => {
    expect(steps([thread("x", 5)], [wish("y", 6)], false)).toEqual(["create y@6"]);
  });
});

describe("the same mistake on two lines", () => {
  test("has two threads", () => {
    expect(steps([], [wish("x", 5), wish("x", 9)])).toEqual(["create x@5", "create x@9"]);
  });

  test("and where one is mended, its thread is the one that is resolved", () => {
    expect(steps([thread("x", 5), thread("x", 9)], [wish("x", 9)])).toEqual(["resolve x@5"]);
    expect(steps([thread("x", 5, { headSha: BEFORE }), thread("x", 9)], [wish("x", 9)])).toEqual(["resolve x@5"]);
  });

  test("one that people resolved is not taken for the other", () => {
    expect(steps([thread("x", 5, { resolved: "by-others" }), thread("x", 9)], [wish("x", 5), wish("x", 9)])).toEqual([]);
  });
});

describe("many mistakes", () => {
  const many = Array.from({ length: 30 }, (_, index) => wish(`w${index}`, index + 1));

  test("have a limited number of open threads", () => {
    expect(steps([], many)).toEqual(many.slice(0, MOST_OPEN).map((_, index) => `create w${index}@${index + 1}`));
  });

  test("get the place of those that are mended, and never that of those that stand", () => {
    const standing = Array.from({ length: MOST_OPEN }, (_, index) => thread(`w${index + 10}`, index + 11));
    expect(steps(standing, many)).toEqual([]);
    expect(steps(standing, many.slice(0, 28))).toEqual(["resolve w28@29", "resolve w29@30", "create w0@1", "create w1@2"]);
  });
});
