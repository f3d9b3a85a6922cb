/** What a push does to threads on lines: they move along with their line, and stay behind when it is changed or gone. */
import { diffLines, fileDiffs, lineCode } from "../file-diff.ts";
import { mergeRequestDiffs } from "../merge-request-state.ts";
import type { MergeRequest, Position, Version } from "../model.ts";

/** GitLab's Discussions::UpdateDiffPositionService: resolved threads move too; those that were left behind before never do again. */
export async function moveThreads(mergeRequest: MergeRequest, before: Version, after: Version): Promise<void> {
  const threads = mergeRequest.discussions.filter(({ notes }) => notes[0]?.position?.head_sha === before.headSha);
  if (threads.length === 0) return;
  const { repository } = mergeRequest.project;
  const [pushed, shown] = await Promise.all([
    fileDiffs(repository, before.headSha, after.headSha),
    mergeRequestDiffs(mergeRequest, after),
  ]);
  for (const { notes } of threads) {
    const old = notes[0]?.position;
    // A removed line has no place in the head; the sandbox leaves it where it was.
    if (old?.new_line === null || old === undefined) continue;
    const move = pushed.find(({ oldPath }) => oldPath === old.new_path);
    const path = move?.newPath ?? old.new_path;
    const line = move === undefined ? old.new_line : lineAfter(move.diff, old.new_line);
    const file = shown.find(({ newPath }) => newPath === path);
    const found =
      file && diffLines(file.diff).find((one) => one.kind !== "hunk" && one.kind !== "removed" && one.newLine === line);
    if (file === undefined || found === undefined) continue;
    const position: Position = {
      base_sha: after.baseSha,
      start_sha: after.startSha,
      head_sha: after.headSha,
      old_path: file.oldPath,
      new_path: file.newPath,
      position_type: "text",
      old_line: found.kind === "added" ? null : found.oldLine,
      new_line: found.newLine,
    };
    for (const note of notes) {
      note.position = position;
      note.lineCode = lineCode(file, position.old_line ?? undefined, position.new_line ?? undefined);
    }
  }
}

/** The number that a line has after a change; undefined when the change took it. */
function lineAfter(diff: string, oldLine: number): number | undefined {
  let shift = 0;
  for (const line of diffLines(diff)) {
    if (line.kind === "hunk") {
      if (line.oldLine > oldLine) break;
    } else if (line.kind === "unchanged" && line.oldLine === oldLine) return line.newLine;
    else if (line.kind === "removed" && line.oldLine === oldLine) return undefined;
    else if (line.kind === "added" && line.oldLine <= oldLine) shift += 1;
    else if (line.kind === "removed" && line.oldLine < oldLine) shift -= 1;
  }
  return oldLine + shift;
}
