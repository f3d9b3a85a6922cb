import { describe, expect, test } from "vitest";
import { oldLineOf, positionOf, type LineOf } from "../../src/core/diff-position.ts";
import type { FileDiff } from "../../src/core/ports.ts";

const PATH = "environments/dev/shop.yaml";
const fileOf = (lines: readonly string[], oldPath = PATH): FileDiff => ({
  oldPath,
  newPath: PATH,
  hunks: lines.map((line) => `${line}\n`).join(""),
});

/** Lines 1 to 20 of a file: 5 changed, 12 gone, two new ones after 15. */
const CHANGED = fileOf([
  "@@ -2,7 +2,7 @@ apiVersion: claimbot/v1",
  " two",
  " three",
  " four",
  "-five",
  "+FIVE",
  " six",
  " seven",
  " eight",
  "@@ -9,10 +9,11 @@",
  " nine",
  " ten",
  " eleven",
  "-twelve",
  " thirteen",
  " fourteen",
  " fifteen",
  "+fifteen a",
  "+fifteen b",
  " sixteen",
  " seventeen",
  " eighteen",
]);
const CREATED = fileOf(["@@ -0,0 +1,3 @@", "+one", "+-- two", "+@@ -9,9 +9,9 @@"]);
const DELETED = fileOf(["@@ -1,2 +0,0 @@", "-one", "-two"]);
const ONE_LINE = fileOf(["@@ -1 +1 @@", "-one", "\\ No newline at end of file", "+ONE", "\\ No newline at end of file"]);
const NEWLINE_ADDED = fileOf(["@@ -1,2 +1,2 @@", " one", "-two", "\\ No newline at end of file", "+two"]);
const CRLF = fileOf(["@@ -1,2 +1,2 @@\r", " one\r", "-two\r", "+TWO\r"]);
const MOVED = fileOf(["@@ -1,4 +1,4 @@", "-first", " second", " third", " fourth", "+first"]);
const RENAMED = fileOf(["@@ -1,2 +1,2 @@", " one", "-two", "+TWO"], "environments/dev/old.yaml");
const ONLY_RENAMED: FileDiff = { oldPath: "old.yaml", newPath: PATH, hunks: "" };

describe("the position of a line", () => {
  const added = (newLine: number) => ({ oldPath: PATH, newPath: PATH, oldLine: undefined, newLine });
  const removed = (oldLine: number) => ({ oldPath: PATH, newPath: PATH, oldLine, newLine: undefined });
  const both = (oldLine: number, newLine: number) => ({ oldPath: PATH, newPath: PATH, oldLine, newLine });
  const at = (side: LineOf["side"], line: number): LineOf => ({ side, line });

  test.each([
    ["an added line has its new number only", CHANGED, at("new", 5), added(5)],
    ["a removed line has its old number only", CHANGED, at("old", 12), removed(12)],
    ["an unchanged line in a hunk has both", CHANGED, at("new", 6), both(6, 6)],
    ["and both differ after a line that is gone", CHANGED, at("new", 13), both(14, 13)],
    ["asked for by its old number it is the same", CHANGED, at("old", 14), both(14, 13)],
    ["the first of two added lines", CHANGED, at("new", 15), added(15)],
    ["the second of two added lines", CHANGED, at("new", 16), added(16)],
    ["the last line of the last hunk", CHANGED, at("new", 19), both(18, 19)],
    ["a line before the first hunk is outside", CHANGED, at("new", 1), undefined],
    ["a line after the last hunk is outside", CHANGED, at("new", 20), undefined],
    ["a line of a new file", CREATED, at("new", 2), added(2)],
    ["a line of a new file that looks like the head of a hunk", CREATED, at("new", 3), added(3)],
    ["a line that a new file does not have is outside", CREATED, at("new", 4), undefined],
    ["a line of a deleted file", DELETED, at("old", 2), removed(2)],
    ["a deleted file has no new lines", DELETED, at("new", 1), undefined],
    ["the only line of a file without an end", ONE_LINE, at("new", 1), added(1)],
    ["a line that only got its end", NEWLINE_ADDED, at("new", 2), added(2)],
    ["a line that ends with CRLF", CRLF, at("new", 2), added(2)],
    ["an unchanged line that ends with CRLF", CRLF, at("new", 1), both(1, 1)],
    ["a line that was moved down is added there", MOVED, at("new", 4), added(4)],
    ["and removed where it was", MOVED, at("old", 1), removed(1)],
    ["what it was moved past is unchanged", MOVED, at("new", 1), both(2, 1)],
    ["a changed line of a renamed file", RENAMED, at("new", 2), { ...added(2), oldPath: "environments/dev/old.yaml" }],
    ["a file that was only renamed shows no lines", ONLY_RENAMED, at("new", 1), undefined],
  ])("%s", (_, file, line, expected) => {
    expect(positionOf(file, line)).toEqual(expected);
  });
});

describe("the number that a line had before", () => {
  test.each([
    ["before all changes it is the same", CHANGED, 1, 1],
    ["a changed line had none", CHANGED, 5, undefined],
    ["after a line that went", CHANGED, 12, 13],
    ["an added line had none", CHANGED, 16, undefined],
    ["after all changes it is moved by all of them", CHANGED, 30, 29],
    ["a line of a new file had none", CREATED, 1, undefined],
    ["of a file that was only renamed it is the same", ONLY_RENAMED, 7, 7],
    ["without lines around it: before", fileOf(["@@ -3,0 +4,2 @@", "+a", "+b"]), 3, 3],
    ["without lines around it: within", fileOf(["@@ -3,0 +4,2 @@", "+a", "+b"]), 5, undefined],
    ["without lines around it: after", fileOf(["@@ -3,0 +4,2 @@", "+a", "+b"]), 6, 4],
    ["without lines around it: before a line that went", fileOf(["@@ -4,2 +3,0 @@", "-a", "-b"]), 3, 3],
    ["without lines around it: after a line that went", fileOf(["@@ -4,2 +3,0 @@", "-a", "-b"]), 4, 6],
  ])("%s", (_, file, line, expected) => {
    expect(oldLineOf(file, line)).toBe(expected);
  });
});
