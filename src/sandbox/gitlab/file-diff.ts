/** What differs between two commits, file by file, as GitLab shows it, and which lines a comment may be anchored to. */
import { createHash } from "node:crypto";
import type { BareRepository } from "./bare-repository.ts";

export interface FileDiff {
  readonly oldPath: string;
  readonly newPath: string;
  readonly oldMode: string;
  readonly newMode: string;
  readonly kind: "new" | "deleted" | "renamed" | "changed";
  /** The hunks, from the first `@@`; empty where there is nothing to show. */
  readonly diff: string;
}

/** One line of a hunk. */
export interface DiffLine {
  readonly kind: "added" | "removed" | "unchanged" | "hunk";
  readonly oldLine: number;
  readonly newLine: number;
  readonly text: string;
}

/** Renames are found as Gitaly finds them: by less likeness than git itself asks for. */
export async function fileDiffs(repository: BareRepository, base: string, head: string): Promise<readonly FileDiff[]> {
  const [raw, patch] = await Promise.all([
    repository.git(["diff-tree", "-r", "-M30%", "-z", "--raw", "--no-commit-id", "--full-index", base, head]),
    repository.git(["diff-tree", "-r", "-M30%", "-p", "--no-color", "--no-ext-diff", "--no-commit-id", base, head]),
  ]);
  // Not /^diff/m: that would match after a carriage return within a line, too.
  const chunks = `\n${patch}`.split("\ndiff --git ").slice(1);
  const files: FileDiff[] = [];
  const fields = raw.split("\0");
  for (let at = 0; at < fields.length && fields[at]?.startsWith(":");) {
    const [oldMode = "", newMode = "", , , status = ""] = (fields[at] ?? "").slice(1).split(" ");
    const moved = status.startsWith("R") || status.startsWith("C");
    const oldPath = fields[at + 1] ?? "";
    const newPath = moved ? (fields[at + 2] ?? "") : oldPath;
    at += moved ? 3 : 2;
    // A file that turns into a symlink is shown as one removed and one added: two chunks for one entry.
    const own = chunks.splice(0, status === "T" ? 2 : 1);
    files.push({
      oldPath,
      newPath,
      oldMode: oldMode === "000000" ? "0" : oldMode,
      newMode: newMode === "000000" ? "0" : newMode,
      kind: status === "A" ? "new" : status === "D" ? "deleted" : moved ? "renamed" : "changed",
      diff: own.map(hunksOf).join(""),
    });
  }
  return files;
}

function hunksOf(chunk: string): string {
  const start = chunk.indexOf("\n@@ ");
  return start === -1 ? "" : `${chunk.slice(start + 1).replace(/\n$/, "")}\n`;
}

export function diffLines(diff: string): readonly DiffLine[] {
  const lines: DiffLine[] = [];
  let oldLine = 0;
  let newLine = 0;
  for (const text of diff.split("\n").slice(0, -1)) {
    const hunk = /^@@ -(\d+)(?:,\d+)? \+(\d+)/.exec(text);
    if (hunk !== null) {
      oldLine = Number(hunk[1]);
      newLine = Number(hunk[2]);
      lines.push({ kind: "hunk", oldLine, newLine, text });
    } else if (text.startsWith("+")) lines.push({ kind: "added", oldLine, newLine: newLine++, text });
    else if (text.startsWith("-")) lines.push({ kind: "removed", oldLine: oldLine++, newLine, text });
    else if (text.startsWith(" ")) lines.push({ kind: "unchanged", oldLine: oldLine++, newLine: newLine++, text });
  }
  return lines;
}

/**
 * GitLab's `line_code` of an anchor, or undefined where a comment cannot stand.
 *
 * | line      | old_line | new_line |
 * | --------- | -------- | -------- |
 * | added     | –        | number   |
 * | removed   | number   | –        |
 * | unchanged | number   | number   |
 */
export function lineCode(file: FileDiff, oldLine: number | undefined, newLine: number | undefined): string | undefined {
  const line = diffLines(file.diff).find((candidate) => {
    switch (candidate.kind) {
      case "added":
        return oldLine === undefined && candidate.newLine === newLine;
      case "removed":
        return newLine === undefined && candidate.oldLine === oldLine;
      case "unchanged":
        return candidate.oldLine === oldLine && candidate.newLine === newLine;
      case "hunk":
        return false;
    }
  });
  if (line === undefined) return undefined;
  return `${createHash("sha1").update(file.newPath).digest("hex")}_${line.oldLine}_${line.newLine}`;
}
