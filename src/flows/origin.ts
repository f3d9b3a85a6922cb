/** Which merge request answers for what the default branch says of an environment, or of the rules. */
import { PLATFORM_NAME, rulesDigest } from "../core/adopted.ts";
import { claimPathsOf } from "../core/claim/tree-files.ts";
import { PLATFORM_PATH } from "../core/claim/validate.ts";
import type { MergeRequest } from "../core/ports.ts";
import { rulesOf } from "./adoption.ts";
import { filesAt, RULE_PATHS } from "./files.ts";
import { parentOf } from "./parent-of.ts";
import { lookBehind } from "./review-facts.ts";
import type { ForgeWorld } from "./world.ts";

export interface Origin {
  readonly change: string;
  readonly mr: MergeRequest;
  /** It was read just now. */
  readonly isFresh: boolean;
}

/**
 * The merge request behind the newest change of an environment's claim, or of the inputs where theirs planned it; undefined where that change
 * came past review, whatever was merged before it.
 */
export async function findOrigin(
  world: ForgeWorld,
  commit: string,
  environment: string,
  signal: AbortSignal,
): Promise<Origin | undefined> {
  const { repository } = world;
  const brought = async (change: string | undefined): Promise<Origin | undefined> => {
    const behind = change === undefined ? undefined : await lookBehind(world, change, signal);
    return change !== undefined && behind !== undefined ? { change, ...behind } : undefined;
  };
  if (environment === PLATFORM_NAME) return brought(await lastChangeOfRules(world, commit));
  const [ownChange, inputsChange] = await Promise.all([
    repository.lastChange(commit, claimPathsOf(environment)),
    repository.lastChange(commit, [PLATFORM_PATH]),
  ]);
  const own = await brought(ownChange);
  if (inputsChange === undefined || inputsChange === ownChange) return own;
  // Whoever approved the inputs before did not see it.
  if (ownChange !== undefined && !(await repository.isAncestor(ownChange, inputsChange))) return own;
  const inputs = await brought(inputsChange);
  // Newer inputs count only where their merge request planned this environment: else its own approvals would be lost.
  const planned = inputs && (await world.memory.reviewedPlans(inputs.mr.iid))?.plans[environment];
  return planned === undefined ? own : inputs;
}

/** The newest commit that changed the rules themselves: platform.yaml holds inputs too, and who approves a chart approves no rules. */
async function lastChangeOfRules(world: ForgeWorld, commit: string): Promise<string | undefined> {
  const { repository } = world;
  let change = await repository.lastChange(commit, RULE_PATHS);
  while (change !== undefined) {
    const before = await parentOf(repository, change);
    if (before === undefined || (await rulesAt(world, before)) !== (await rulesAt(world, change))) return change;
    change = await repository.lastChange(before, RULE_PATHS);
  }
  return undefined;
}

/** Undefined where they cannot be read. */
async function rulesAt(world: ForgeWorld, commit: string): Promise<string | undefined> {
  const rules = rulesOf(world, await filesAt(world.repository, commit, world.cache, RULE_PATHS));
  return rules && rulesDigest(rules);
}
