/**
 * Verify as the service does it, once a day: each environment by itself, then the rest. When each was looked at is remembered, so that
 * whatever ends a run, the next one goes on: a restart, the store's absence, or the queue's limit of 15 minutes.
 */
import type { Look } from "../../core/ports.ts";
import type { ServiceWorld } from "../world.ts";
import type { Deviation } from "./deviation.ts";
import { namesIn } from "./listing.ts";
import { longAgo, lookedAt, partsDue, REST } from "./looks.ts";
import { verifyRest } from "./verify-rest.ts";
import { deviationsOf, verifyStore } from "./verify.ts";

/** Together they stay below the queue's limit for a job. */
const LIMITS = {
  /** Nothing is begun after this: other jobs have their turn, and another run goes on. */
  sliceMs: 5 * 60_000,
  /** A part that takes longer is given up, and said so. */
  partMs: 9 * 60_000,
};

export async function verifyDaily(world: ServiceWorld, signal: AbortSignal, { sliceMs, partMs } = LIMITS): Promise<void> {
  const { store, memory, log } = world;
  const begun = world.now();
  const looks = await memory.looks();
  const old = longAgo(looks, begun);
  if (old.length > 0)
    log.error(
      { parts: old.length, first: old.slice(0, 10).map(({ part }) => named(part)), verifiedAt: old[0]?.endedAt },
      "parts of the claim store were not verified for days",
    );
  const names = namesIn(await store.versions("", signal));
  await memory.forgetLooks([...names, REST]);
  const left = [...partsDue(names, looks, begun)];
  const beforeDeriving = newestCommits(world, signal);
  for (let part = left.shift(); part !== undefined; part = left.shift()) {
    const before = looks.find((look) => look.part === part);
    await lookAt(world, part, before, partMs, beforeDeriving, signal);
    const isOver = world.now().getTime() - begun.getTime() >= sliceMs;
    if (isOver && left.length > 0) break;
  }
  const found = lookedAt(await memory.looks());
  world.verified?.(found);
  if (left.length > 0) await world.jobs.enqueue({ kind: "verify" });
  log.info(
    { ...found, left: left.length },
    left.length === 0 ? "the claim store was verified" : "the claim store is being verified",
  );
}

/** One part: what deviates is logged, and remembered with the time. */
async function lookAt(
  world: ServiceWorld,
  part: string,
  before: Look | undefined,
  partMs: number,
  beforeDeriving: BeforeDeriving,
  signal: AbortSignal,
): Promise<void> {
  const { store, memory, log } = world;
  const begunAt = world.now().toISOString();
  // Before anything else: one that takes the process with it has had its turn all the same.
  await memory.rememberLook({ part, begunAt, endedAt: before?.endedAt, deviations: before?.deviations ?? 0 });
  const limit = AbortSignal.timeout(partMs);
  const limited = AbortSignal.any([signal, limit]);
  let found: readonly Deviation[];
  try {
    if (part === REST) found = await verifyRest(store, limited);
    else found = deviationsOf(await verifyStore(world, { environments: [part], beforeDeriving }, limited));
  } catch (error) {
    if (signal.aborted || !limit.aborted) throw error;
    log.error({ part: named(part), partMs, err: error }, "a part of the claim store could not be verified in its time");
    return;
  }
  for (const { name, key, detail } of found) log.error({ deviation: name, key, detail }, "the claim store deviates");
  await memory.rememberLook({ part, begunAt, endedAt: world.now().toISOString(), deviations: found.length });
}

function named(part: string): string {
  return part === REST ? "what is of no environment" : part;
}

type BeforeDeriving = (newest: string | undefined) => Promise<void>;

/** The clocks of two replicas are nearer to each other. */
const CLOCKS_MS = 3_600_000;

/**
 * The commits of all records come with the default branch, also of those that another replica published a moment ago: it is fetched once, and
 * again only for an environment that was released since.
 */
function newestCommits(world: ServiceWorld, signal: AbortSignal): BeforeDeriving {
  let fetchedAt = Number.NEGATIVE_INFINITY;
  return async (newest) => {
    if (newest === undefined || Date.parse(newest) < fetchedAt - CLOCKS_MS) return;
    const now = world.now().getTime();
    const { defaultBranch } = await world.forge.project(signal);
    await world.repository.fetch([`refs/heads/${defaultBranch}`], signal);
    fetchedAt = now;
  };
}
