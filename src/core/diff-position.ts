/** Where the lines of a file stand in a diff: GitLab takes threads on those lines only. Pure. */
import type { FileDiff, LinePosition } from "./ports.ts";

export interface LineOf {
  readonly side: "old" | "new";
  /** From 1. */
  readonly line: number;
}

/**
 * The position that GitLab wants for a line of one of a diff's two files; undefined outside its hunks.
 *
 * | the line is              | old line | new line |
 * | ------------------------ | -------- | -------- |
 * | added                    | –        | number   |
 * | removed                  | number   | –        |
 * | unchanged, within a hunk | number   | number   |
 */
export function positionOf(file: FileDiff, { side, line }: LineOf): LinePosition | undefined {
  const isIt = ({ oldLine, newLine }: DiffLine): boolean => (side === "new" ? newLine : oldLine) === line;
  const found = hunksOf(file.hunks)
    .flatMap(({ lines }) => lines)
    .find(isIt);
  return found && { oldPath: file.oldPath, newPath: file.newPath, ...found };
}

/** The number in the old file of a line of the new one; undefined for a line that was added. */
export function oldLineOf(file: FileDiff, newLine: number): number | undefined {
  let shift = 0;
  for (const hunk of hunksOf(file.hunks)) {
    if (newLine < hunk.newStart) break;
    if (newLine < hunk.newStart + hunk.newCount) return hunk.lines.find((line) => line.newLine === newLine)?.oldLine;
    shift += hunk.oldCount - hunk.newCount;
  }
  return newLine + shift;
}

interface DiffLine {
  readonly oldLine: number | undefined;
  readonly newLine: number | undefined;
}

interface Hunk {
  /** The first line of the new file that the hunk shows, or would show. */
  readonly newStart: number;
  readonly oldCount: number;
  readonly newCount: number;
  readonly lines: DiffLine[];
}

const HEAD = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

/** Lines end with \n alone, in git as in claimbot's diagnostics: a \r is part of its line. */
function hunksOf(text: string): readonly Hunk[] {
  const hunks: Hunk[] = [];
  let oldLine = 0;
  let newLine = 0;
  for (const line of text.split("\n")) {
    // Every line of a file has a sign before it, so nothing in a file can be taken for a head.
    const head = HEAD.exec(line);
    if (head !== null) {
      const [oldCount, newCount] = [Number(head[2] ?? 1), Number(head[4] ?? 1)];
      // Where one side has no lines, git names the line before.
      oldLine = Number(head[1]) + (oldCount === 0 ? 1 : 0);
      newLine = Number(head[3]) + (newCount === 0 ? 1 : 0);
      hunks.push({ newStart: newLine, oldCount, newCount, lines: [] });
    }
    const lines = hunks.at(-1)?.lines;
    if (line.startsWith("+")) lines?.push({ oldLine: undefined, newLine: newLine++ });
    else if (line.startsWith("-")) lines?.push({ oldLine: oldLine++, newLine: undefined });
    else if (line.startsWith(" ")) lines?.push({ oldLine: oldLine++, newLine: newLine++ });
  }
  return hunks;
}
