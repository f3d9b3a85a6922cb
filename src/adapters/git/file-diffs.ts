/** How files differ between two commits, as GitLab shows it on a merge request. */
import type { FileDiff } from "../../core/ports.ts";
import { isObjectId } from "./ref.ts";
import { git, type GitPlace } from "./run.ts";

// Gitaly's own (internal/gitaly/service/diff/commit_diff.go, seen 2026-11-24): with another one, a line would be looked for in another file.
const AS_GITLAB = ["--find-renames=30%", "--full-index"];

interface ChangedFile {
  readonly oldPath: string;
  readonly newPath: string;
  /** The ids of its two blobs: they name its chunk in the patch, whatever its paths are. */
  readonly blobs: string;
}

/** Of the files that are at one of `paths` in `to`. */
export async function fileDiffsOf(
  place: GitPlace,
  from: string,
  to: string,
  paths: readonly string[],
): Promise<readonly FileDiff[]> {
  for (const id of [from, to])
    if (!isObjectId(id)) throw new Error(`bug: ${JSON.stringify(id.slice(0, 80))} is not an object id`);
  const wanted = new Set(paths);
  // All files first: whether one was renamed shows only beside those that are gone.
  const listing = await git(place, ["diff-tree", "-r", "-z", "--raw", ...AS_GITLAB, from, to]);
  const files = changedFiles(listing.stdout).filter(({ newPath }) => wanted.has(newPath));
  if (files.length === 0) return [];
  const both = new Set(files.flatMap(({ oldPath, newPath }) => [oldPath, newPath]));
  const patch = await git(place, [
    // A path that begins with ":" would be magic without this.
    "--literal-pathspecs",
    "diff-tree",
    "-r",
    "-p",
    "--unified=3",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    ...AS_GITLAB,
    from,
    to,
    "--",
    ...both,
  ]);
  const hunks = hunksByBlobs(patch.stdout);
  return files.map(({ oldPath, newPath, blobs }) => ({ oldPath, newPath, hunks: hunks.get(blobs) ?? "" }));
}

/** Reads `:<mode> <mode> <blob> <blob> <status>\0<path>\0[<path>\0]…`; the second path comes with renames only. */
function changedFiles(listing: string): readonly ChangedFile[] {
  const files: ChangedFile[] = [];
  const fields = listing.split("\0")[Symbol.iterator]();
  for (let field = fields.next(); !field.done && field.value !== ""; field = fields.next()) {
    const [, , oldBlob = "", newBlob = "", status = ""] = field.value.split(" ");
    const oldPath = String(fields.next().value);
    const newPath = status.startsWith("R") ? String(fields.next().value) : oldPath;
    files.push({ oldPath, newPath, blobs: `${oldBlob}..${newBlob}` });
  }
  return files;
}

/** Lines of files have a sign before them and odd paths are quoted, so only git itself begins a line with `diff --git` or `index`. */
function hunksByBlobs(patch: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const chunk of `\n${patch.replace(/\n$/, "")}`.split("\ndiff --git ").slice(1)) {
    const start = chunk.indexOf("\n@@ ");
    const blobs = /\nindex ([0-9a-f]+\.\.[0-9a-f]+)/.exec(start === -1 ? "" : chunk.slice(0, start))?.[1];
    if (blobs !== undefined) found.set(blobs, `${chunk.slice(start + 1)}\n`);
  }
  return found;
}
