/** What GitLab says of the merge request behind a release, read once into one value. */
import { Stale } from "../core/errors.ts";
import type { ReviewFacts } from "../core/gates.ts";
import type { MergeRequest } from "../core/ports.ts";
import type { ForgeWorld } from "./world.ts";

/** The merged merge request that brought `commit`; undefined for a push past review, or one to another branch. */
export async function mergeRequestBehind(
  world: ForgeWorld,
  commit: string,
  signal: AbortSignal,
): Promise<MergeRequest | undefined> {
  const project = await world.forge.project(signal);
  const candidates = await world.forge.mergeRequestsOf(commit, signal);
  return candidates.find(
    (mr) => mr.state === "merged" && mr.targetBranch === project.defaultBranch && mr.mergedCommit === commit,
  );
}

export async function reviewFacts(
  world: ForgeWorld,
  mr: MergeRequest,
  environment: string,
  signal: AbortSignal,
): Promise<ReviewFacts> {
  const [versions, approvals, reviewed, people] = await Promise.all([
    world.forge.versions(mr.iid, signal),
    world.forge.approvals(mr.iid, signal),
    world.memory.reviewedPlans(mr.iid),
    peopleOf(world, mr, signal),
  ]);
  const digest = reviewed?.sha === mr.sha ? reviewed?.plans[environment] : undefined;
  return {
    iid: mr.iid,
    author: mr.author,
    pusherId: mr.sha === undefined ? undefined : await world.memory.pusherOf(mr.sha),
    people,
    approvals,
    labels: mr.labels,
    ...(mr.mergedAt !== undefined && { mergedAt: mr.mergedAt }),
    headSeenAt: versions.find(({ headSha }) => headSha === mr.sha)?.createdAt,
    reviewed: digest === undefined || reviewed === undefined ? undefined : { digest, storedAt: reviewed.storedAt },
  };
}

/** Authors and committers of what the merge request brings, or brought; a merge commit's first parent is what was there before. */
export async function peopleOf(world: ForgeWorld, mr: MergeRequest, signal: AbortSignal): Promise<ReviewFacts["people"]> {
  if (mr.sha === undefined) return [];
  const [head, target] = await world.repository.fetch(
    [`refs/merge-requests/${mr.iid}/head`, `refs/heads/${mr.targetBranch}`],
    signal,
  );
  if (head !== mr.sha || target === undefined) throw new Stale(`merge request ${mr.iid} moved while it was read`);
  const before = mr.mergedCommit === undefined ? target : await world.repository.parent(mr.mergedCommit);
  return world.repository.peopleBetween(before, mr.sha);
}
