/** What the service's releases stand on: the default branch's head, and GitLab's word on the merge request behind it. */
import { PLATFORM_NAME } from "../core/adopted.ts";
import { PLATFORM_PATH } from "../core/claim/validate.ts";
import { ENVIRONMENT_TYPES } from "../core/environment.ts";
import { Waiting } from "../core/errors.ts";
import type { ReviewFacts } from "../core/gates.ts";
import type { MergeRequest } from "../core/ports.ts";
import { filesAt } from "./files.ts";
import type { Ground } from "./release.ts";
import { mergeRequestBehind, reviewFacts } from "./review-facts.ts";
import type { ForgeWorld } from "./world.ts";

export interface ForgeGround extends Ground {
  readonly defaultBranch: string;
  mergeRequestOf(environment: string): Promise<MergeRequest | undefined>;
}

export async function forgeGround(world: ForgeWorld, signal: AbortSignal): Promise<ForgeGround> {
  const project = await world.forge.project(signal);
  const ref = `refs/heads/${project.defaultBranch}`;
  const headNow = async (): Promise<string> => {
    const [head] = await world.repository.fetch([ref], signal);
    if (head === undefined) throw new Waiting(`${project.path} has no branch ${project.defaultBranch}`, 60_000);
    return head;
  };
  const commit = await headNow();
  const brought = async (paths: readonly string[]): Promise<Brought | undefined> => {
    const change = await world.repository.lastChange(commit, paths);
    const mr = change === undefined ? undefined : await mergeRequestBehind(world, change, signal);
    return change !== undefined && mr !== undefined ? { change, mr } : undefined;
  };
  const mergeRequestOf = async (environment: string): Promise<MergeRequest | undefined> => {
    if (environment === PLATFORM_NAME) return (await brought([PLATFORM_PATH, "policies"]))?.mr;
    const own = await brought(ENVIRONMENT_TYPES.map((type) => `environments/${type}/${environment}.yaml`));
    const inputs = await brought([PLATFORM_PATH]);
    if (inputs === undefined || inputs.mr.iid === own?.mr.iid) return own?.mr;
    // Newer inputs count only where their merge request planned this environment: else its own approvals would be lost.
    const planned = (await world.memory.reviewedPlans(inputs.mr.iid))?.plans[environment];
    if (planned === undefined) return own?.mr;
    return own === undefined || (await world.repository.isAncestor(own.change, inputs.change)) ? inputs.mr : own.mr;
  };
  return {
    files: await filesAt(world.repository, commit, world.cache),
    commit,
    project: project.path,
    defaultBranch: project.defaultBranch,
    headNow,
    mergeRequestOf,
    async reviewFacts(environment): Promise<ReviewFacts | undefined> {
      const mr = await mergeRequestOf(environment);
      return mr && reviewFacts(world, mr, environment, signal);
    },
  };
}

interface Brought {
  readonly change: string;
  readonly mr: MergeRequest;
}
