/** How files differ, by real git: the answers that positions of threads stand on. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { makeBareRepository } from "../../../src/adapters/git/bare-repository.ts";
import { bareEnvironment } from "../../../src/adapters/git/environment.ts";
import { fileDiffsOf } from "../../../src/adapters/git/file-diffs.ts";
import { oldLineOf, positionOf } from "../../../src/core/diff-position.ts";
import { commitFiles, temporaryFolder } from "./remote.ts";

const LINES = Array.from({ length: 30 }, (_, index) => `line ${index + 1}\n`);
const TEXT = LINES.join("");

async function scene() {
  const folder = temporaryFolder();
  const directory = `${folder.path}/bare.git`;
  await makeBareRepository(directory);
  const place = { directory, environment: bareEnvironment({ gitDirectory: directory }) };
  const commit = (files: Readonly<Record<string, string | null>>): string => commitFiles(directory, "refs/heads/x", files);
  return {
    /** Between two commits of these files, for what is at `paths` in the second. */
    diffs: async (before: Record<string, string | null>, after: Record<string, string | null>, paths: readonly string[]) =>
      fileDiffsOf(place, commit({ ...before, keep: "x" }), commit({ ...after, keep: "x" }), paths),
    [Symbol.asyncDispose]: async () => folder[Symbol.asyncDispose](),
  };
}

test("tells the hunks of a changed file, and nothing of files that were not asked for", async () => {
  await using s = await scene();
  const after = TEXT.replace("line 10\n", "LINE 10\n");
  const [file, ...others] = await s.diffs({ a: TEXT, b: "1\n" }, { a: after, b: "2\n" }, ["a", "keep", "nowhere"]);
  expect(others).toEqual([]);
  expect(file).toEqual({
    oldPath: "a",
    newPath: "a",
    hunks: [
      "@@ -7,7 +7,7 @@ line 6",
      " line 7",
      " line 8",
      " line 9",
      "-line 10",
      "+LINE 10",
      " line 11",
      " line 12",
      " line 13",
      "",
    ].join("\n"),
  });
});

test("a new file is all added, a deleted one all removed", async () => {
  await using s = await scene();
  expect(await s.diffs({ old: "1\n2\n" }, { new: "a\nb\n" }, ["old", "new"])).toEqual([
    { oldPath: "new", newPath: "new", hunks: "@@ -0,0 +1,2 @@\n+a\n+b\n" },
    { oldPath: "old", newPath: "old", hunks: "@@ -1,2 +0,0 @@\n-1\n-2\n" },
  ]);
});

test("a renamed file has its old path, found as GitLab finds it: 30 % alike are enough", async () => {
  await using s = await scene();
  const alike = LINES.map((line, index) => (index < 13 ? `other ${line}` : line)).join("");
  const [file] = await s.diffs({ "dev/old.yaml": TEXT }, { "dev/new.yaml": alike }, ["dev/new.yaml"]);
  expect(file).toMatchObject({ oldPath: "dev/old.yaml", newPath: "dev/new.yaml" });
  expect(positionOf(file!, { side: "new", line: 15 })).toMatchObject({ oldLine: 15, newLine: 15 });
  const [same] = await s.diffs({ "dev/old.yaml": TEXT }, { "dev/new.yaml": TEXT }, ["dev/new.yaml"]);
  expect(same).toEqual({ oldPath: "dev/old.yaml", newPath: "dev/new.yaml", hunks: "" });
});

test("a file that became a symlink shows no lines", async () => {
  await using s = await scene();
  expect(await s.diffs({ a: TEXT }, { a: null }, ["a"])).toEqual([{ oldPath: "a", newPath: "a", hunks: "" }]);
});

test("paths are nothing but paths, and lines nothing but lines", async () => {
  await using s = await scene();
  const odd = ['a\n"b\tü.yaml', ":(glob)**", "-p", "x\ndiff --git a/b b/b"];
  const text = "one\rdiff --git a/keep b/keep\r@@ -1 +1 @@\rindex 1..2\n@@ -9 +9 @@\n-- \n++ \n";
  const files = Object.fromEntries(odd.map((path, index) => [path, `${text}${index}\n`]));
  const found = await s.diffs({}, files, odd);
  expect(found.map(({ newPath }) => newPath).toSorted()).toEqual(odd.toSorted());
  for (const file of found) {
    expect(file.hunks.split("\n").filter((line) => line.startsWith("+"))).toHaveLength(5);
    expect(positionOf(file, { side: "new", line: 5 })).toMatchObject({ oldLine: undefined, newLine: 5 });
    expect(positionOf(file, { side: "new", line: 6 })).toBeUndefined();
  }
});

test("whatever two files hold, a line with two numbers is the same line, and one with one number differs", async () => {
  await using s = await scene();
  const lines = fc.array(fc.constantFrom("a", "b", "c", "", "-", "+ x", "@@ -1 +1 @@", "d\r", "\\ No newline"), {
    maxLength: 14,
  });
  const text = fc.tuple(lines, fc.boolean()).map(([all, ends]) => all.join("\n") + (ends && all.length > 0 ? "\n" : ""));
  await fc.assert(
    fc.asyncProperty(text, text, async (before, after) => {
      const [file] = await s.diffs({ f: before }, { f: after }, ["f"]);
      expect(file === undefined).toBe(before === after);
      if (file === undefined) return;
      // With its end: a last line without one is another line.
      const linesOf = (all: string): readonly string[] => all.match(/[^\n]*\n|[^\n]+$/g) ?? [];
      const [old, now] = [linesOf(before), linesOf(after)];
      for (const [index, line] of now.entries()) {
        const position = positionOf(file, { side: "new", line: index + 1 });
        const oldLine = oldLineOf(file, index + 1);
        if (position !== undefined) expect(position.oldLine).toBe(oldLine);
        if (oldLine !== undefined) expect(old[oldLine - 1]).toBe(line);
      }
    }),
    { numRuns: 25 },
  );
});
