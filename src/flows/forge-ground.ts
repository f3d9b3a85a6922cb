/** What the service's releases stand on: the default branch's head, and GitLab's word on the merge request behind it. */
import type { Rules } from "../core/adopted.ts";
import { Stalled, Waiting } from "../core/errors.ts";
import { HOLD_LABEL, type ReviewFacts } from "../core/gates.ts";
import type { MergeRequest } from "../core/ports.ts";
import { ownerOf } from "../core/store-owner.ts";
import { adoptedRules, rulesOf } from "./adoption.ts";
import { earlierChanges } from "./earlier-changes.ts";
import { filesAt } from "./files.ts";
import { defiedHold, type DefiedHold } from "./hold.ts";
import { isOn } from "./is-on.ts";
import type { Ground } from "./release.ts";
import { onceEach } from "./once-each.ts";
import { findOrigin, type Origin } from "./origin.ts";
import { parentOf } from "./parent-of.ts";
import { reviewFacts } from "./review-facts.ts";
import { refuseForeignStore } from "./store-owner.ts";
import type { ForgeWorld } from "./world.ts";

export interface ForgeGround extends Ground {
  /** The merge request behind an environment's newest change, as it was when it was found. */
  mergeRequestOf(environment: string): Promise<MergeRequest | undefined>;
  /** As the facts have it that were read for it; undefined where they were not, or nobody defied a hold. */
  defiedHoldOf(environment: string): DefiedHold | undefined;
}

/**
 * `at`: a commit that somebody wants released, where it is not the default branch's head. Throws Stalled where that is not on the branch:
 * what was not merged through GitLab has no word of GitLab's.
 */
export async function forgeGround(world: ForgeWorld, signal: AbortSignal, at?: string): Promise<ForgeGround> {
  const project = await world.forge.project(signal);
  const owner = ownerOf(project);
  await refuseForeignStore(world, owner, signal);
  const ref = `refs/heads/${project.defaultBranch}`;
  const headNow = async (): Promise<string> => {
    const [head] = await world.repository.fetch([ref], signal);
    if (head === undefined) throw new Waiting(`${project.path} has no branch ${project.defaultBranch}`, 60_000);
    if (at === undefined || at === head) return head;
    if (await isOn(world.repository, at, head)) return at;
    throw new Stalled(
      `${at.slice(0, 12)} is not on ${project.defaultBranch} of ${project.path}`,
      "Have it merged there first: only what was merged through GitLab has its approvals",
    );
  };
  const commit = await headNow();
  // What brought a commit never changes; what GitLab says of it does, so the facts are read anew each time.
  const originOf = onceEach(async (environment) => findOrigin(world, commit, environment, signal));
  // Neither does what was merged before it.
  const earlierOf = onceEach(async (environment) => {
    const origin = await originOf(environment);
    if (origin === undefined) return [];
    return earlierChanges(world, environment, await parentOf(world.repository, origin.change), signal);
  });
  const files = await filesAt(world.repository, commit, world.cache);
  const rulesThen = async (): Promise<Rules | undefined> => (await adoptedRules(world, signal)) ?? rulesOf(world, files);
  // Who took a hold off is asked once, at the first reading, always: no memory of ours can miss a hold. Before the first effect the label
  // itself is read again. A hold that was put on and defied between the two would have come too late by the same moments.
  const holds = new Map<number, DefiedHold | undefined>();
  const holdOf = async (mr: MergeRequest, environment: string): Promise<DefiedHold | undefined> => {
    if (mr.labels.includes(HOLD_LABEL)) return undefined;
    if (!holds.has(mr.iid)) holds.set(mr.iid, await defiedHold(world, mr, rulesThen, environment, signal));
    return holds.get(mr.iid);
  };
  const defied = new Map<string, DefiedHold | undefined>();
  const read = new Set<Origin>();
  // The list that named it says all that the facts need; from then on it is read anew.
  const mergeRequestNow = async (origin: Origin): Promise<MergeRequest> => {
    const isFirst = origin.isFresh && !read.has(origin);
    read.add(origin);
    return isFirst ? origin.mr : world.forge.mergeRequest(origin.mr.iid, signal);
  };
  return {
    files,
    commit,
    project: project.path,
    owner,
    headNow,
    mergeRequestOf: async (environment) => (await originOf(environment))?.mr,
    async reviewFacts(environment): Promise<ReviewFacts | undefined> {
      const origin = await originOf(environment);
      if (origin === undefined) return undefined;
      const mr = await mergeRequestNow(origin);
      const hold = await holdOf(mr, environment);
      defied.set(environment, hold);
      const facts = await reviewFacts(world, mr, environment, hold && nameOf(hold), signal);
      const earlier = await earlierOf(environment);
      return earlier.length === 0 ? facts : { ...facts, earlier };
    },
    defiedHoldOf: (environment) => defied.get(environment),
  };
}

/** As a person reads it in a gate's reason. */
export function nameOf({ user }: DefiedHold): string {
  return user?.name ?? "somebody whom GitLab does not name";
}
