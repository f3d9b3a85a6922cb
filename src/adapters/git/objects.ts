/** Reading by object id from a bare repository of ours: the part of the port Repository that mirror and checkout share. */
import { Stalled } from "../../core/errors.ts";
import type { CommitPeople, MergeResult, TreeEntry } from "../../core/ports.ts";
import { MAX_BLOB_BYTES } from "./blob.ts";
import { isObjectId } from "./ref.ts";
import { git, gitBytes, GitFailure, type GitPlace } from "./run.ts";

/** The commit with this id, or the one that a local ref names; undefined when there is none. */
export async function commitOf(place: GitPlace, name: string): Promise<string | undefined> {
  const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`];
  const { exitCode, stdout } = await git(place, args, { codes: [0, 1] });
  return exitCode === 0 ? stdout.trim() : undefined;
}

/** The commits that local refs name, by one process; undefined for each that is none. */
export async function commitsOf(place: GitPlace, refs: readonly string[]): Promise<readonly (string | undefined)[]> {
  if (refs.length < 2) return Promise.all(refs.map(async (ref) => commitOf(place, ref)));
  const chunks: Buffer[] = [];
  const input = refs.map((ref) => `${ref}^{commit}\n`).join("");
  await gitBytes(place, ["cat-file", "--batch-check=%(objectname)"], input, (chunk) => chunks.push(chunk));
  const lines = Buffer.concat(chunks).toString("utf8").split("\n");
  return refs.map((_, index) => (isObjectId(lines[index] ?? "") ? lines[index] : undefined));
}

/** `target` with `head` merged into it, by nobody's configuration and attributes. */
export async function mergeResultOf(place: GitPlace, target: string, head: string): Promise<MergeResult> {
  assertIds(target, head);
  const args = ["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", target, head];
  try {
    const { exitCode, stdout } = await git(place, args, { codes: [0, 1] });
    const [tree = "", ...paths] = stdout.split("\0").filter((part) => part !== "");
    if (!isObjectId(tree)) throw new Error(`bug: merge-tree answered ${JSON.stringify(stdout.slice(0, 100))}`);
    return exitCode === 0 ? { kind: "merged", tree } : { kind: "conflict", paths: [...new Set(paths)] };
  } catch (error) {
    if (!(error instanceof GitFailure) || !/unrelated histories/.test(error.stderr)) throw error;
    throw new Stalled(
      `${head.slice(0, 12)} and ${target.slice(0, 12)} have no commit in common`,
      "Make the branch anew from the target branch",
      { cause: error },
    );
  }
}

/** Everything below the paths, recursively. Throws Stalled on a missing or an empty tree: "nothing there" is never read from a void. */
export async function treeOf(place: GitPlace, treeish: string, paths: readonly string[]): Promise<readonly TreeEntry[]> {
  assertIds(treeish);
  const list = async (...args: readonly string[]): Promise<string> =>
    (await git(place, ["ls-tree", "-z", "--full-tree", ...args])).stdout;
  const text = await missingAsStalled(treeish, async () => list("-r", treeish, ...(paths.length > 0 ? ["--", ...paths] : [])));
  if (text === "" && (await list(treeish)) === "")
    throw new Stalled(
      `the tree ${treeish.slice(0, 12)} is empty`,
      "Put platform.yaml and environments/ back: an empty repository never means that everything is to go",
    );
  return text.split("\0").flatMap((line): TreeEntry[] => {
    const match = /^(\d{6}) \w+ ([0-9a-f]+)\t(.+)$/s.exec(line);
    return match ? [{ mode: match[1]!, blob: match[2]!, path: match[3]! }] : [];
  });
}

/** The bytes of blobs by id, each once, by one process. Throws Stalled when one is missing. */
export async function blobsOf(place: GitPlace, ids: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
  const wanted = [...new Set(ids)];
  assertIds(...wanted);
  const blobs = new Map<string, Uint8Array>();
  if (wanted.length === 0) return blobs;
  const reader = batchReader((id, type, body) => {
    if (type !== "blob") throw missing(id);
    blobs.set(id, body);
  });
  await gitBytes(place, ["cat-file", "--batch", "--buffer"], wanted.map((id) => `${id}\n`).join(""), reader);
  for (const id of wanted) if (!blobs.has(id)) throw missing(id);
  return blobs;
}

/**
 * Reads what `cat-file --batch` prints, in chunks of any size:
 *
 *     <id> <type> <size>\n<size bytes>\n   or   <id> missing\n
 */
export function batchReader(each: (id: string, type: string, body: Uint8Array) => void): (chunk: Buffer) => void {
  let head = Buffer.alloc(0);
  let current: { id: string; type: string; kept: Buffer[]; keptBytes: number; leftBytes: number } | undefined;
  return (chunk) => {
    let rest = chunk;
    while (rest.byteLength > 0) {
      if (current === undefined) {
        const end = rest.indexOf(0x0a);
        head = Buffer.concat([head, end < 0 ? rest : rest.subarray(0, end)]);
        if (end < 0) return;
        rest = rest.subarray(end + 1);
        const [id = "", type = "", size] = head.toString("utf8").split(" ");
        head = Buffer.alloc(0);
        if (size !== undefined) current = { id, type, kept: [], keptBytes: 0, leftBytes: Number(size) + 1 };
        continue;
      }
      const part = rest.subarray(0, current.leftBytes);
      current.leftBytes -= part.byteLength;
      // The last byte of all is the line end, which is not the blob's.
      const body = current.leftBytes === 0 ? part.subarray(0, -1) : part;
      const kept = body.subarray(0, MAX_BLOB_BYTES + 1 - current.keptBytes);
      current.kept.push(kept);
      current.keptBytes += kept.byteLength;
      rest = rest.subarray(part.byteLength);
      if (current.leftBytes > 0) continue;
      each(current.id, current.type, Buffer.concat(current.kept));
      current = undefined;
    }
  };
}

export async function parentOf(place: GitPlace, commit: string): Promise<string> {
  assertIds(commit);
  const parent = await commitOf(place, `${commit}^1`);
  if (parent === undefined)
    throw new Stalled(`${commit} has no parent here`, "Fetch the whole history: a shallow clone has cut it off");
  return parent;
}

export async function isAncestorOf(place: GitPlace, ancestor: string, descendant: string): Promise<boolean> {
  assertIds(ancestor, descendant);
  return (await git(place, ["merge-base", "--is-ancestor", ancestor, descendant], { codes: [0, 1] })).exitCode === 0;
}

/** The newest commit in the first-parent history that changed one of the paths. */
export async function lastChangeOf(place: GitPlace, commit: string, paths: readonly string[]): Promise<string | undefined> {
  assertIds(commit);
  // A path that begins with ":" would be magic without this.
  const args = ["--literal-pathspecs", "rev-list", "--first-parent", "--max-count=1", commit, "--", ...paths];
  const { stdout } = await git(place, args);
  return stdout.trim() || undefined;
}

/** Commits in `head` and not in `target`; all of `head` without. */
export async function peopleBetweenOf(
  place: GitPlace,
  target: string | undefined,
  head: string,
): Promise<readonly CommitPeople[]> {
  const without = target === undefined ? [] : [target];
  assertIds(head, ...without);
  const args = ["log", "-z", "--format=%H%x00%an%x00%ae%x00%cn%x00%ce", head, ...without.map((id) => `^${id}`)];
  const { stdout } = await git(place, args);
  const fields = stdout.split("\0");
  return Array.from({ length: Math.floor(fields.length / 5) }, (_, index) => {
    const [sha = "", authorName = "", authorEmail = "", committerName = "", committerEmail = ""] = fields.slice(index * 5);
    return { sha, authorName, authorEmail, committerName, committerEmail };
  });
}

async function missingAsStalled<T>(id: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof GitFailure && /not a (valid object|tree object)|not a valid object name/i.test(error.stderr))
      throw missing(id, error);
    throw error;
  }
}

/** The repository has no such object, though something names it. */
export class MissingObject extends Stalled {}

function missing(id: string, cause?: unknown): MissingObject {
  return new MissingObject(
    `the repository has no ${id.slice(0, 12)}`,
    "Fetch it first; in a partial clone, clone again without --filter",
    { cause },
  );
}

function assertIds(...ids: readonly string[]): void {
  for (const id of ids) if (!isObjectId(id)) throw new Error(`bug: ${JSON.stringify(id.slice(0, 80))} is not an object id`);
}
