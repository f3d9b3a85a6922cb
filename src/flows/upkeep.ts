/** Upkeep: what nobody told us. Every open merge request and every environment is looked at; only what needs work gets a job. */
import { PLATFORM_NAME, rulesDigest, type Rules } from "../core/adopted.ts";
import type { ReviewedPlans } from "../core/ports.ts";
import type { Log } from "../core/record.ts";
import { readPlan } from "../targets/claim-store/claim-store.ts";
import { adoptedRules, readAdoptions, rulesOf, rulesPlans } from "./adoption.ts";
import { finishApply } from "./apply-status.ts";
import { forgeGround } from "./forge-ground.ts";
import { isHoldMoved } from "./hold.ts";
import { receiptAt } from "./receipt.ts";
import { NO_TARGET } from "./review.ts";
import { examinePlanStatus, finishPlans } from "./plan-status.ts";
import { takeUnheard } from "./unheard.ts";
import { unsettled } from "./unsettled.ts";
import type { ForgeWorld } from "./world.ts";

/** The default branch moved, or may have: a job for each environment that is not seen settled, and for the rules where they differ. */
export async function fanOut(world: ForgeWorld, signal: AbortSignal): Promise<readonly string[]> {
  const { environments } = await releaseAll(world, signal);
  return environments;
}

async function releaseAll(
  world: ForgeWorld,
  signal: AbortSignal,
): Promise<{ readonly environments: readonly string[]; readonly rules: boolean }> {
  const ground = await forgeGround(world, signal);
  const names = await unsettled(world, ground.files, signal);
  for (const environment of names) await world.jobs.enqueue({ kind: "release", environment });
  const adopted = await adoptedRules(world, signal);
  const proposed = rulesOf(world, ground.files);
  const rules = adopted === undefined || rulesPlans(adopted, proposed).length > 0;
  // After the environments of the same merge: they were reviewed under the rules before.
  const later = adopted === undefined ? {} : { afterMs: 2_000 };
  if (rules) await world.jobs.enqueue({ kind: "release", environment: PLATFORM_NAME }, later);
  return { environments: names, rules };
}

/**
 * Repairs lost events: open merge requests whose head or target moved since their plan, or whose status is not ours, and
 * commands on them, then the default branch. Ends the statuses of commits that nobody works on.
 */
export async function sweep(
  world: ForgeWorld,
  signal: AbortSignal,
): Promise<{ readonly reviews: readonly number[]; readonly releases: readonly string[] }> {
  const project = await world.forge.project(signal);
  const [target] = await world.repository.fetch([`refs/heads/${project.defaultBranch}`], signal);
  const reviews: number[] = [];
  const cutOff = new Set((await world.memory.openStatuses()).filter(({ said }) => said === undefined).map(({ sha }) => sha));
  const [live, adoptions] = await Promise.all([world.logs.live(world.store, signal), readAdoptions(world.store, signal)]);
  const adopted = adoptions.at(-1)?.rules;
  world.brokenGlass?.(world.logs.brokenGlass + adoptions.filter(({ breakGlass }) => breakGlass !== undefined).length);
  const open = await world.forge.openMergeRequests(signal);
  // Before the releases: what people asked for comes first.
  await takeUnheard(world, open, signal);
  for (const mr of open) {
    const seen = await world.memory.reviewedPlans(mr.iid);
    const isOurs = mr.targetBranch === project.defaultBranch;
    if (!isOurs && (seen === undefined || seen.target === NO_TARGET)) continue;
    const isSeen = isOurs && seen !== undefined && seen.sha === mr.sha && seen.target === target;
    const isSaid = isSeen && !cutOff.has(seen.sha) && !(await examinePlanStatus(world, mr, signal));
    if (isSaid && !(await isHoldMoved(world, mr)) && !(await isOutdated(world, seen, live, adopted, signal))) continue;
    await world.jobs.enqueue({ kind: "review", mergeRequest: mr.iid });
    reviews.push(mr.iid);
  }
  await finishPlans(world, new Set(open.flatMap(({ sha = [] }) => sha)), signal);
  const { environments, rules } = await releaseAll(world, signal);
  await finishApply(world, new Set([...environments, ...(rules ? [PLATFORM_NAME] : [])]), signal);
  return { reviews, releases: environments };
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
