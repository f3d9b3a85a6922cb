/**
 * What a release brings besides its newest change: changes of the same claim that were merged before it and never released. Whoever made one of
 * them is no second pair of eyes for it, whichever merge request came last.
 */
import { PLATFORM_NAME } from "../core/adopted.ts";
import { askerOf } from "../core/asker.ts";
import { claimPathsOf } from "../core/claim/tree-files.ts";
import type { EarlierChange } from "../core/gates.ts";
import { readLog } from "../targets/claim-store/claim-store.ts";
import { isOn, isThere } from "./is-on.ts";
import { lookBehind, peopleOf } from "./review-facts.ts";
import { parentOf } from "./parent-of.ts";
import type { ForgeWorld } from "./world.ts";

/** Each may cost a call; who took over a repository with a longer past than this has its newest part looked at. */
const MOST = 10;

/**
 * Newest first, from the commit `from` on: what comes before the newest change, or the head of the branch that it is to be merged to. Of rules
 * the merge request that changed them answers for all of it. Throws Waiting or Stalled.
 */
export async function earlierChanges(
  world: ForgeWorld,
  environment: string,
  from: string | undefined,
  signal: AbortSignal,
): Promise<readonly EarlierChange[]> {
  if (environment === PLATFORM_NAME) return [];
  const { repository } = world;
  const released = await releasedCommit(world, environment, signal);
  const found: EarlierChange[] = [];
  for (let before = from; before !== undefined && found.length < MOST;) {
    const earlier = await repository.lastChange(before, claimPathsOf(environment));
    if (earlier === undefined || (released !== undefined && (await isOn(repository, earlier, released)))) break;
    before = await parentOf(repository, earlier);
    found.push(await madeBy(world, earlier, before, signal));
  }
  return found;
}

/** Undefined where nothing was, or not from this history. */
async function releasedCommit(
  { logs, store, repository }: ForgeWorld,
  environment: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const log = (await logs.live(store, signal)).get(environment) ?? (await readLog(store, environment, signal));
  const commit = log.at(-1)?.source.commit;
  return commit !== undefined && (await isThere(repository, commit)) ? commit : undefined;
}

async function madeBy(
  world: ForgeWorld,
  change: string,
  before: string | undefined,
  signal: AbortSignal,
): Promise<EarlierChange> {
  const behind = await lookBehind(world, change, signal);
  if (behind === undefined) return { what: change.slice(0, 7), people: await world.repository.peopleBetween(before, change) };
  const { mr } = behind;
  const [me, people] = await Promise.all([world.forge.me(signal), peopleOf(world, mr, signal)]);
  const pusherId = mr.sha === undefined ? undefined : await world.memory.pusherOf(mr.sha);
  return { what: `!${mr.iid}`, author: mr.author, asked: askerOf(mr, me), pusherId, people };
}
