/** Who speaks, as GitLab knows them now: the one that every permission is about. */
import { countsAsAuthor } from "../core/asker.ts";
import { committed } from "../core/gates.ts";
import type { MergeRequest, User } from "../core/ports.ts";
import { peopleOf } from "./review-facts.ts";
import type { ForgeWorld } from "./world.ts";

export interface Actor {
  readonly user: User;
  /** In the project of the claims, inherited ones included; 0 for none. */
  readonly accessLevel: number;
  /** Of the merge request; of one of our own whoever asked for it. */
  readonly isAuthor: boolean;
  /** By the names in the branch's commits. */
  readonly isCommitter: boolean;
  readonly fork: boolean;
  /** In the group that owns an environment; asked once per group. */
  ownerAccessLevel(group: string): Promise<number>;
}

export async function actorOf(world: ForgeWorld, mr: MergeRequest, user: User, signal: AbortSignal): Promise<Actor> {
  const known = new Map<string, Promise<number>>();
  return {
    user,
    accessLevel: await world.forge.accessLevel(user.id, signal),
    isAuthor: countsAsAuthor(mr, await world.forge.me(signal), user),
    isCommitter: (await peopleOf(world, mr, signal)).some((people) => committed(people, user)),
    fork: mr.sourceProjectId !== mr.targetProjectId,
    async ownerAccessLevel(group) {
      const level = known.get(group) ?? world.forge.groupAccessLevel(group, user.id, signal);
      known.set(group, level);
      return level;
    },
  };
}
