/** Upkeep: what nobody told us. Every open merge request and every environment is looked at; only what needs work gets a job. */
import { PLATFORM_NAME, rulesDigest, type Rules } from "../core/adopted.ts";
import type { ReviewedPlans } from "../core/ports.ts";
import type { Log } from "../core/record.ts";
import { readPlan } from "../targets/claim-store/claim-store.ts";
import { adoptedRules, rulesOf, rulesPlans } from "./adoption.ts";
import { forgeGround } from "./forge-ground.ts";
import { receiptAt } from "./receipt.ts";
import { NO_TARGET } from "./review.ts";
import { unsettled } from "./unsettled.ts";
import type { ForgeWorld } from "./world.ts";

/** The default branch moved, or may have: a job for each environment that is not seen settled, and for the rules where they differ. */
export async function fanOut(world: ForgeWorld, signal: AbortSignal): Promise<readonly string[]> {
  const ground = await forgeGround(world, signal);
  const names = await unsettled(world, ground.files, signal);
  for (const environment of names) await world.jobs.enqueue({ kind: "release", environment });
  const adopted = await adoptedRules(world, signal);
  const proposed = rulesOf(world, ground.files);
  if (adopted === undefined) await world.jobs.enqueue({ kind: "release", environment: PLATFORM_NAME });
  else if (rulesPlans(adopted, proposed).length > 0) {
    // After the environments of the same merge: they were reviewed under the rules before.
    await world.jobs.enqueue({ kind: "release", environment: PLATFORM_NAME }, { afterMs: 2_000 });
  }
  return names;
}

/** Repairs lost events: open merge requests whose head or target moved since their plan, then the default branch. */
export async function sweep(
  world: ForgeWorld,
  signal: AbortSignal,
): Promise<{ readonly reviews: readonly number[]; readonly releases: readonly string[] }> {
  const project = await world.forge.project(signal);
  const [target] = await world.repository.fetch([`refs/heads/${project.defaultBranch}`], signal);
  const reviews: number[] = [];
  const [live, adopted] = await Promise.all([world.logs.live(world.store, signal), adoptedRules(world, signal)]);
  for (const mr of await world.forge.openMergeRequests(signal)) {
    const seen = await world.memory.reviewedPlans(mr.iid);
    const isOurs = mr.targetBranch === project.defaultBranch;
    if (!isOurs && (seen === undefined || seen.target === NO_TARGET)) continue;
    const isSeen = isOurs && seen !== undefined && seen.sha === mr.sha && seen.target === target;
    if (isSeen && !(await isOutdated(world, seen, live, adopted, signal))) continue;
    await world.jobs.enqueue({ kind: "review", mergeRequest: mr.iid });
    reviews.push(mr.iid);
  }
  return { reviews, releases: await fanOut(world, signal) };
}

/** Its plans are of another world when an environment was published or seen to its end since, or other rules judge by now. */
async function isOutdated(
  world: ForgeWorld,
  { plans, storedAt }: ReviewedPlans,
  live: ReadonlyMap<string, Log>,
  adopted: Rules | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  for (const [name, digest] of Object.entries(plans)) {
    const head = live.get(name)?.at(-1);
    if (head !== undefined && ((await receiptAt(world, name, head.sequence, signal)) ?? head.at) > storedAt) return true;
    const plan = await readPlan(world.store, digest, signal);
    if (plan !== undefined && adopted !== undefined && plan.rulesDigest !== rulesDigest(adopted)) return true;
  }
  return false;
}
