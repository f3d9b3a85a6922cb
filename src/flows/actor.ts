/** Who speaks, as GitLab knows them now: the one that every permission is about. */
import { countsAsAuthor } from "../core/asker.ts";
import { committed, hasPartIn } from "../core/gates.ts";
import type { MergeRequest, User } from "../core/ports.ts";
import { earlierChanges } from "./earlier-changes.ts";
import { onceEach } from "./once-each.ts";
import { findOrigin } from "./origin.ts";
import { parentOf } from "./parent-of.ts";
import { peopleOf } from "./review-facts.ts";
import type { ForgeWorld } from "./world.ts";

/** What somebody has to do with a merge request. */
export interface Part {
  /** Of one of our own whoever asked for it. */
  readonly isAuthor: boolean;
  /** By the names in the branch's commits. */
  readonly isCommitter: boolean;
  readonly fork: boolean;
}

/** Judged by the changes up to a head of the default branch; undefined where there is none. */
export interface JudgedPart extends Part {
  readonly judgedAt: string | undefined;
}

export interface Actor extends Part {
  readonly user: User;
  /** In the project of the claims, inherited ones included; 0 for none. */
  readonly accessLevel: number;
  /** In the group that owns an environment; asked once per group. */
  ownerAccessLevel(group: string): Promise<number>;
  /** In this merge request or in the one that brought an environment's newest change: elsewhere nobody is a second pair of eyes for it. */
  partIn(environment: string): Promise<JudgedPart>;
}

export async function actorOf(world: ForgeWorld, mr: MergeRequest, user: User, signal: AbortSignal): Promise<Actor> {
  const [accessLevel, here] = await Promise.all([world.forge.accessLevel(user.id, signal), partOf(world, mr, user, signal)]);
  return {
    ...here,
    user,
    accessLevel,
    ownerAccessLevel: onceEach(async (group) => world.forge.groupAccessLevel(group, user.id, signal)),
    // Not asked again before the first effect: the release is of the same head or of none (run-release.ts).
    partIn: onceEach(async (environment) => partBehind(world, mr, user, here, environment, signal)),
  };
}

async function partBehind(
  world: ForgeWorld,
  mr: MergeRequest,
  user: User,
  here: Part,
  environment: string,
  signal: AbortSignal,
): Promise<JudgedPart> {
  const { defaultBranch } = await world.forge.project(signal);
  const [head] = await world.repository.fetch([`refs/heads/${defaultBranch}`], signal);
  const origin = head === undefined ? undefined : await findOrigin(world, head, environment, signal);
  if (origin === undefined) return { ...here, judgedAt: head };
  const [there, earlier] = await Promise.all([
    origin.mr.iid === mr.iid ? here : partOf(world, origin.mr, user, signal),
    earlierChanges(world, environment, await parentOf(world.repository, origin.change), signal),
  ]);
  return {
    isAuthor: here.isAuthor || there.isAuthor,
    isCommitter: here.isCommitter || there.isCommitter || earlier.some((change) => hasPartIn(change, user)),
    fork: here.fork || there.fork,
    judgedAt: head,
  };
}

async function partOf(world: ForgeWorld, mr: MergeRequest, user: User, signal: AbortSignal): Promise<Part> {
  return {
    isAuthor: countsAsAuthor(mr, await world.forge.me(signal), user),
    isCommitter: (await peopleOf(world, mr, signal))?.some((people) => committed(people, user)) ?? true,
    fork: mr.sourceProjectId !== mr.targetProjectId,
  };
}
