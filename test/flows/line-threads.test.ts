/** When GitLab's threads are looked at: they cost calls, so only where one may have to be written. */
import { beforeEach, describe, expect, test } from "vitest";
import type { Diagnostic } from "../../src/core/diagnostic.ts";
import { SILENT } from "../../src/core/log.ts";
import type { DiffRefs, FileDiff, LineThread, MergeRequest, NewLineThread, StickyNote } from "../../src/core/ports.ts";
import { markLines, type Judgement } from "../../src/flows/line-threads.ts";
import type { ForgeWorld } from "../../src/flows/world.ts";

const HEAD = "b".repeat(40);
const REFS: DiffRefs = { baseSha: "a".repeat(40), startSha: "a".repeat(40), headSha: HEAD };
const PATH = "environments/dev/shop.yaml";
const ADDED: FileDiff = { oldPath: PATH, newPath: PATH, hunks: "@@ -0,0 +1,3 @@\n+a\n+b\n+c\n" };
const mistake = (line: number, message = "wrong"): Diagnostic => ({
  code: "claim/x",
  severity: "error",
  path: PATH,
  line,
  column: 1,
  endColumn: 2,
  message,
  hint: "",
});
const signal = AbortSignal.timeout(60_000);

/** A GitLab that remembers threads, beside a memory that can be lost. */
class Scene {
  readonly calls: string[] = [];
  readonly threads: LineThread[] = [];
  memory = new Map<string, StickyNote>();
  head = HEAD;
  refuses = false;
  /** Merge result beside head. */
  targetMoved: readonly FileDiff[] = [];

  async review(diagnostics: readonly Diagnostic[], rest: Partial<Judgement> = {}): Promise<readonly string[]> {
    this.calls.length = 0;
    const mr = { iid: 7, sha: this.head, diffRefs: REFS } as MergeRequest;
    await markLines(this.#world(), mr, "c".repeat(40), { diagnostics, complete: true, note: "found", ...rest }, signal);
    return this.calls;
  }

  #world(): ForgeWorld {
    const world: Partial<Record<keyof ForgeWorld, unknown>> = {
      log: SILENT,
      repository: {
        mergeResult: async () => ({ kind: "merged", tree: "d".repeat(40) }),
        fileDiffs: async (from: string) => (from === HEAD ? this.targetMoved : [ADDED]),
      },
      memory: {
        stickyNote: async (_: number, marker: string) => this.memory.get(marker),
        rememberStickyNote: async (_: number, marker: string, note: StickyNote) => void this.memory.set(marker, note),
      },
      forge: {
        lineThreads: async () => (this.calls.push("read"), [...this.threads]),
        createLineThread: async (_: number, thread: NewLineThread) => {
          this.calls.push(`create ${thread.position.newLine}`);
          if (this.refuses) return "refused";
          const id = String(this.threads.length);
          const { body, position } = thread;
          this.threads.push({ discussionId: id, noteId: 1, body, resolved: "no", position, headSha: HEAD });
          return "created";
        },
        resolveThread: async (_: number, id: string, resolved: boolean) => {
          this.calls.push(`${resolved ? "resolve" : "reopen"} ${id}`);
          this.threads[Number(id)] = { ...this.threads[Number(id)]!, resolved: resolved ? "by-us" : "no" };
        },
      },
    };
    return world as unknown as ForgeWorld;
  }
}

let s: Scene;
beforeEach(() => (s = new Scene()));

describe("GitLab is not asked", () => {
  test("on a first review without a mistake, nor on any later one", async () => {
    expect(await s.review([], { note: "created" })).toEqual([]);
    expect(await s.review([])).toEqual([]);
  });

  test("on a merge request that touches no claim", async () => {
    expect(await s.review([], { note: "none" })).toEqual([]);
  });

  test("when a push changes nothing of the mistakes but their lines", async () => {
    expect(await s.review([mistake(1)], { note: "created" })).toEqual(["read", "create 1"]);
    expect(await s.review([mistake(2)])).toEqual([]);
  });

  test("when every mistake is outside the diff", async () => {
    expect(await s.review([mistake(9)], { note: "created" })).toEqual([]);
    expect(await s.review([mistake(9)])).toEqual([]);
  });

  test("once all threads are resolved", async () => {
    await s.review([mistake(1)], { note: "created" });
    expect(await s.review([])).toEqual(["read", "resolve 0"]);
    expect(await s.review([])).toEqual([]);
  });
});

describe("GitLab is asked", () => {
  test("once when the memory was lost: threads may stand that nobody knows of", async () => {
    await s.review([mistake(1)], { note: "created" });
    s.memory.clear();
    expect(await s.review([])).toEqual(["read", "resolve 0"]);
    expect(await s.review([])).toEqual([]);
  });

  test("after a job that was killed before it remembered what it wrote", async () => {
    const kept = new Map(s.memory);
    await s.review([mistake(1)], { note: "created" });
    s.memory = kept;
    expect(await s.review([mistake(1)])).toEqual(["read"]);
  });

  test("again where it refused a thread", async () => {
    s.refuses = true;
    expect(await s.review([mistake(1), mistake(2, "bad")], { note: "created" })).toEqual(["read", "create 1", "create 2"]);
    s.refuses = false;
    expect(await s.review([mistake(1), mistake(2, "bad")])).toEqual(["read", "create 1", "create 2"]);
    expect(await s.review([mistake(1), mistake(2, "bad")])).toEqual([]);
  });
});

test("where not everything was judged nothing is resolved, until it is", async () => {
  await s.review([mistake(1)], { note: "created" });
  expect(await s.review([mistake(2, "unreadable")], { complete: false })).toEqual(["read", "create 2"]);
  expect(await s.review([mistake(1)])).toEqual(["read", "resolve 1"]);
});

test("a line is where the head has it, not where the merge result has it", async () => {
  s.targetMoved = [{ oldPath: PATH, newPath: PATH, hunks: "@@ -1,2 +1,4 @@\n+new\n+newer\n a\n b\n" }];
  expect(await s.review([mistake(4), mistake(1, "came with the target")], { note: "created" })).toEqual(["read", "create 2"]);
});

test("no thread is begun on a diff of another head", async () => {
  s.head = "e".repeat(40);
  expect(await s.review([mistake(1)], { note: "created" })).toEqual([]);
  s.head = HEAD;
  expect(await s.review([mistake(1)])).toEqual(["read", "create 1"]);
});
