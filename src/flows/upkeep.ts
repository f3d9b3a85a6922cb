/** Upkeep: what nobody told us. Every open merge request and every environment is looked at; only what needs work gets a job. */
import { PLATFORM_NAME } from "../core/adopted.ts";
import { adoptedRules, rulesOf, rulesPlans } from "./adoption.ts";
import { forgeGround } from "./forge-ground.ts";
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
  for (const mr of await world.forge.openMergeRequests(signal)) {
    if (mr.targetBranch !== project.defaultBranch) continue;
    const seen = await world.memory.reviewedPlans(mr.iid);
    if (seen !== undefined && seen.sha === mr.sha && seen.target === target) continue;
    await world.jobs.enqueue({ kind: "review", mergeRequest: mr.iid });
    reviews.push(mr.iid);
  }
  return { reviews, releases: await fanOut(world, signal) };
}
