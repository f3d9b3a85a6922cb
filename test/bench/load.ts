/**
 * Load on an HTTP server from a thread of its own, so that the server keeps its event loop: `closed` sends the next request when an
 * answer is there and finds how many go; `open` sends at a fixed rate, whatever is answered, and finds how long one waits.
 */
import { createHash } from "node:crypto";
import { Agent, request } from "node:http";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

export interface Load {
  /** Deliveries of two loads with one name are the same deliveries. */
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly requests: number;
  /** `closed`: requests under way at any time. `open`: requests each second. */
  readonly mode:
    | { readonly kind: "closed"; readonly concurrency: number }
    | { readonly kind: "open"; readonly perSecond: number };
}

export interface LoadResult {
  readonly perSecond: number;
  /** Of each request, from the moment at which it was due. */
  readonly latenciesMs: readonly number[];
}

/** Throws when any answer is not 202: a benchmark of refusals says nothing. */
export async function runLoad(load: Load): Promise<LoadResult> {
  const { promise, resolve, reject } = Promise.withResolvers<LoadResult>();
  new Worker(new URL(import.meta.url), { workerData: load }).once("message", resolve).once("error", reject);
  return promise;
}

async function send(load: Load, agent: Agent, index: number): Promise<void> {
  // A push hook: a note or a merge request would do as well. The id makes each a delivery of its own.
  const sha = createHash("sha1").update(`${load.name} ${load.mode.kind} ${index}`).digest("hex");
  const body = JSON.stringify({
    object_kind: "push",
    project: { id: 1 },
    ref: "refs/heads/main",
    after: sha,
    user_id: 7,
    padding: "x".repeat(2_000),
  });
  const headers = { ...load.headers, "content-length": Buffer.byteLength(body), "idempotency-key": sha };
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  request(load.url, { method: "POST", agent, headers }, (response) => {
    response.resume().once("end", () => resolve(response.statusCode ?? 0));
  })
    .once("error", reject)
    .end(body);
  const status = await promise;
  if (status !== 202) throw new Error(`a delivery was answered with ${status}`);
}

async function work(load: Load): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true });
  const latenciesMs: number[] = [];
  const started = performance.now();
  const one = async (index: number, dueAt: number): Promise<void> => {
    await send(load, agent, index);
    latenciesMs.push(performance.now() - dueAt);
  };
  if (load.mode.kind === "closed") {
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < load.requests) await one((next += 1), performance.now());
    };
    await Promise.all(Array.from({ length: load.mode.concurrency }, lane));
  } else await atRate(load.requests, load.mode.perSecond, one);
  const perSecond = load.requests / ((performance.now() - started) / 1000);
  agent.destroy();
  return { perSecond, latenciesMs };
}

/** A timer that fires late sends all that is due: the wait counts from when a request was due, not from when it left. */
async function atRate(requests: number, perSecond: number, one: (index: number, dueAt: number) => Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const started = performance.now();
  const sent: Promise<void>[] = [];
  const timer = setInterval(() => {
    while (sent.length < requests && performance.now() >= started + (sent.length * 1000) / perSecond)
      sent.push(one(sent.length, started + (sent.length * 1000) / perSecond));
    if (sent.length < requests) return;
    clearInterval(timer);
    resolve();
  }, 1);
  await promise;
  await Promise.all(sent);
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread of ours, not a window
if (!isMainThread) parentPort?.postMessage(await work(workerData as Load));
