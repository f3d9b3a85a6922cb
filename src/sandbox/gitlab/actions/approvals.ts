/** Who stands for a merge request. */
import { headSha } from "../merge-request-state.ts";
import type { MergeRequest, User } from "../model.ts";
import { mergeRequestEvent } from "../payloads/merge-request-event.ts";
import { conflict, unauthorized } from "../refusal.ts";
import type { World } from "../world.ts";
import { systemNote } from "./new-note.ts";

export function mayApprove(world: World, mergeRequest: MergeRequest, user: User): boolean {
  if (mergeRequest.state !== "opened" || world.level(mergeRequest.project, user) < 30) return false;
  if (mergeRequest.author === user && !mergeRequest.project.settings.authorMayApprove) return false;
  return !hasApproved(mergeRequest, user);
}

export function hasApproved(mergeRequest: MergeRequest, user: User): boolean {
  return mergeRequest.approvals.some((approval) => approval.user === user);
}

/** Without the right to approve, or a second time: 401, as GitLab says it. */
export async function approve(world: World, mergeRequest: MergeRequest, by: User, sha?: string): Promise<void> {
  if (sha !== undefined && sha !== headSha(mergeRequest)) {
    throw conflict(`SHA does not match HEAD of source branch: ${headSha(mergeRequest)}`);
  }
  if (!mayApprove(world, mergeRequest, by)) throw unauthorized();
  mergeRequest.approvals.push({ user: by, at: world.now() });
  await touched(world, mergeRequest, by, "approved", "approved this merge request");
}

export async function unapprove(world: World, mergeRequest: MergeRequest, by: User): Promise<void> {
  if (!hasApproved(mergeRequest, by)) throw unauthorized();
  mergeRequest.approvals = mergeRequest.approvals.filter(({ user }) => user !== by);
  await touched(world, mergeRequest, by, "unapproved", "unapproved this merge request");
}

async function touched(
  world: World,
  mergeRequest: MergeRequest,
  by: User,
  action: "approved" | "unapproved",
  note: string,
): Promise<void> {
  mergeRequest.updatedAt = world.now();
  systemNote(world, mergeRequest, by, note);
  await world.announce(mergeRequest.project, async () => mergeRequestEvent(world, mergeRequest, by, { action }));
}
