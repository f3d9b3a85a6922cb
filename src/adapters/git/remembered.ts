/**
 * What is asked by object ids never changes, and is asked of git once. Every call of git is a fork, and to fork a process that holds much
 * memory blocks it: 2 ms at 60 MiB, 12 ms at 300 MiB, 42 ms at 1 GiB (measured 2026-11-24).
 */
import type { Repository } from "../../core/ports.ts";
import { Recent } from "../../core/recent.ts";
import { isObjectId } from "./ref.ts";

export interface Remembered extends Repository {
  /** For a repository that was thrown away: the new one may have less. */
  forget(): void;
}

export function remembered(repository: Repository): Remembered {
  const commits = new Memo<string>(10_000);
  // Of ten thousand claims a tree takes some 4 MiB.
  const trees = new Memo<Awaited<ReturnType<Repository["tree"]>>>(8);
  const ancestors = new Memo<boolean>(10_000);
  const parents = new Memo<string>(10_000);
  const changes = new Memo<string | undefined>(10_000);
  // Policies above all: what a claim's blob means is known for longer (core/claim/blob-cache.ts).
  const blobs = new Recent<Uint8Array>(64);
  const people = new Memo<Awaited<ReturnType<Repository["peopleBetween"]>>>(1_000);
  return {
    fetch: async (refs, signal) => repository.fetch(refs, signal),
    commit: async (ref) => (isObjectId(ref) ? commits.of([ref], async () => repository.commit(ref)) : repository.commit(ref)),
    // Its tree is written for this moment: git may clear it away later.
    mergeResult: async (target, head) => repository.mergeResult(target, head),
    tree: async (treeish, paths = []) => trees.of([treeish, ...paths], async () => repository.tree(treeish, paths)),
    async blobs(ids) {
      const found = new Map(ids.flatMap((id) => entryOf(id, blobs.get(id))));
      const asked = ids.filter((id) => !found.has(id));
      if (asked.length === 0) return found;
      for (const [id, bytes] of await repository.blobs(asked)) {
        if (bytes.byteLength <= SMALL_BYTES) blobs.set(id, bytes);
        found.set(id, bytes);
      }
      return found;
    },
    isAncestor: async (ancestor, descendant) =>
      ancestors.of([ancestor, descendant], async () => repository.isAncestor(ancestor, descendant)),
    parent: async (commit) => parents.of([commit], async () => repository.parent(commit)),
    lastChange: async (commit, paths) => changes.of([commit, ...paths], async () => repository.lastChange(commit, paths)),
    peopleBetween: async (target, head) => people.of([target ?? "", head], async () => repository.peopleBetween(target, head)),
    fileDiffs: async (from, to, paths) => repository.fileDiffs(from, to, paths),
    forget() {
      for (const memo of [commits, trees, ancestors, parents, changes, people, blobs]) memo.clear();
    },
  };
}

/** As a policy may be at most. */
const SMALL_BYTES = 256 * 1024;

function entryOf<T>(key: string, value: T | undefined): readonly (readonly [string, T])[] {
  return value === undefined ? [] : [[key, value]];
}

/** Who asks while an answer is awaited gets the same one, and a failure is asked again. */
class Memo<T> {
  readonly #answers: Recent<Promise<T>>;

  constructor(capacity: number) {
    this.#answers = new Recent(capacity);
  }

  async of(question: readonly string[], ask: () => Promise<T>): Promise<T> {
    // No path and no id holds a NUL.
    const key = question.join("\0");
    const answer = this.#answers.get(key) ?? ask();
    this.#answers.set(key, answer);
    try {
      return await answer;
    } catch (error) {
      if (this.#answers.get(key) === answer) this.#answers.delete(key);
      throw error;
    }
  }

  clear(): void {
    this.#answers.clear();
  }
}
