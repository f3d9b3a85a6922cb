import { describe, expect, test } from "vitest";
import { assertNoQuickAction } from "../../../src/adapters/gitlab/quick-action-guard.ts";

const lines = (...all: readonly string[]): string => all.join("\n");

describe("a note that starts a line with a quick action is refused", () => {
  test.each([
    ["at its beginning", "/merge"],
    ["on a later line", lines("fine", "/approve")],
    ["after carriage returns", "fine\r\n/merge\r\n"],
    ["in capitals", "/MERGE"],
    ["behind white space", "   /merge"],
    ["with arguments", "/assign @mallory"],
    ["after a fence that was closed", lines("```", "x", "```", "/merge")],
    ["in a fence that a shorter one seems to close", lines("````", "```", "/merge", "````")],
    ["in a fence of tildes, which GitLab's extractor does not know", lines("~~~", "/merge", "~~~")],
    [
      "in a fence within a block that a tag seems to close",
      lines("<details>", "```", "</details>", "/merge", "```", "</details>"),
    ],
    ["in what looks like a fence but has ticks in its info", lines("```a`b", "/merge", "```")],
    ["in a fence that is never closed", lines("```", "/merge")],
    ["in an indented fence", lines("  ```", "/merge", "  ```")],
    ["after a quote that is closed", lines(">>>", "x", ">>>", "/merge")],
    ["in a quote", lines(">>>", "/merge", ">>>")],
  ])("%s", (_, body) => {
    expect(() => assertNoQuickAction(body)).toThrow("bug: a note would start a line with a quick action");
  });
});

describe("a note is let through", () => {
  test.each([
    ["with a command in a code span", "`/claim apply` goes on"],
    ["with a path within a line", "look at /merge"],
    ["with a command in a fence", lines("```", "/claim plan", "```")],
    ["with a command in a fence with a language", lines("```text", "/merge", "```", "after")],
    ["with a path that is no word", "/1/2"],
    ["with a folded part", lines("<!-- claimbot:plan -->", "<details><summary>x</summary>", "", "| a | b |", "</details>")],
    ["with nothing in it", ""],
  ])("%s", (_, body) => {
    expect(() => assertNoQuickAction(body)).not.toThrow();
  });
});
