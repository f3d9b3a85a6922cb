/** Makes the notes and threads of a merge request, GitLab's own ones included; tells nobody. */
import { randomBytes } from "node:crypto";
import type { Discussion, MergeRequest, Note, User } from "../model.ts";
import type { World } from "../world.ts";

export function blankNote(world: World, author: User, body: string): Note {
  const now = world.now();
  return {
    id: world.id("note"),
    type: null,
    body,
    author,
    createdAt: now,
    updatedAt: now,
    updatedBy: undefined,
    system: false,
    internal: false,
    position: undefined,
    lineCode: undefined,
    resolvable: false,
    resolved: undefined,
    awards: [],
  };
}

export function newDiscussion(mergeRequest: MergeRequest, individual: boolean): Discussion {
  const discussion: Discussion = { id: randomBytes(20).toString("hex"), individual, notes: [] };
  mergeRequest.discussions.push(discussion);
  return discussion;
}

/** What GitLab writes by itself into the history of a merge request. */
export function systemNote(world: World, mergeRequest: MergeRequest, by: User, body: string): void {
  newDiscussion(mergeRequest, true).notes.push({ ...blankNote(world, by, body), system: true });
}
