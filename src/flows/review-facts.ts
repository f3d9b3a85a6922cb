/** What GitLab says of the merge request behind a release, read once into one value. */
import { askerOf } from "../core/asker.ts";
import { Stale, Waiting } from "../core/errors.ts";
import type { ReviewFacts } from "../core/gates.ts";
import type { CommitPeople, Forge, MergeRequest } from "../core/ports.ts";
import { Recent } from "../core/recent.ts";
import { isThere } from "./is-on.ts";
import type { ForgeWorld } from "./world.ts";

/** The merged merge request that brought `commit`, as it was when it was first found; undefined for a push past review, or one to another branch. */
export async function mergeRequestBehind(
  world: ForgeWorld,
  commit: string,
  signal: AbortSignal,
): Promise<MergeRequest | undefined> {
  return (await lookBehind(world, commit, signal))?.mr;
}

/** The same, and whether it was read just now: then it is as GitLab has it. */
export async function lookBehind(
  world: ForgeWorld,
  commit: string,
  signal: AbortSignal,
): Promise<{ readonly mr: MergeRequest; readonly isFresh: boolean } | undefined> {
  const known = ORIGINS.get(world.forge)?.get(commit);
  if (known !== undefined) return { mr: known, isFresh: false };
  const project = await world.forge.project(signal);
  const candidates = await world.forge.mergeRequestsOf(commit, signal);
  const found = candidates.find(
    (mr) => mr.state === "merged" && mr.targetBranch === project.defaultBranch && mr.mergedCommit === commit,
  );
  if (found === undefined) return undefined;
  keep(ORIGINS, world.forge, commit, found);
  return { mr: found, isFresh: true };
}

// Both never change: what brought a commit, and when GitLab saw the head that was merged. That there is none is asked again.
const ORIGINS = new WeakMap<Forge, Recent<MergeRequest>>();
const SEEN_AT = new WeakMap<Forge, Recent<string>>();
const MOST_KEPT = 1000;

function keep<T>(kept: WeakMap<Forge, Recent<T>>, forge: Forge, key: string, value: T): void {
  const values = kept.get(forge) ?? new Recent<T>(MOST_KEPT);
  kept.set(forge, values);
  values.set(key, value);
}

/**
 * When GitLab saw this head come, by its own clock. One that was pushed over and came back came twice, and what was approved in between was
 * another: only of what is merged is it remembered.
 */
async function headSeenAt(
  { forge }: ForgeWorld,
  { iid, sha, state }: MergeRequest,
  signal: AbortSignal,
): Promise<string | undefined> {
  const key = `${iid} ${sha}`;
  const known = SEEN_AT.get(forge)?.get(key);
  if (known !== undefined) return known;
  const seenAt = (await forge.versions(iid, signal)).find(({ headSha }) => headSha === sha)?.createdAt;
  if (seenAt !== undefined && state === "merged") keep(SEEN_AT, forge, key, seenAt);
  return seenAt;
}

/** `holdDefiedBy`: see hold.ts. */
export async function reviewFacts(
  world: ForgeWorld,
  mr: MergeRequest,
  environment: string,
  holdDefiedBy: string | undefined,
  signal: AbortSignal,
): Promise<ReviewFacts> {
  const [me, seenAt, approvals, reviewed, known] = await Promise.all([
    world.forge.me(signal),
    headSeenAt(world, mr, signal),
    world.forge.approvals(mr.iid, signal),
    world.memory.reviewedPlans(mr.iid),
    peopleOf(world, mr, signal),
  ]);
  const digest = reviewed?.sha === mr.sha ? reviewed?.plans[environment] : undefined;
  return {
    iid: mr.iid,
    author: mr.author,
    asked: askerOf(mr, me),
    pusherId: mr.sha === undefined ? undefined : await world.memory.pusherOf(mr.sha),
    people: known ?? [],
    approvals,
    labels: mr.labels,
    holdDefiedBy,
    ...(mr.mergedAt !== undefined && { mergedAt: mr.mergedAt }),
    // Where nobody can tell who committed, nobody's approval counts.
    headSeenAt: known && seenAt,
    reviewed: digest === undefined || reviewed === undefined ? undefined : { digest, storedAt: reviewed.storedAt },
  };
}

/** Authors and committers of what the merge request brings, or brought; undefined where its commits are gone. */
export async function peopleOf(
  world: ForgeWorld,
  mr: MergeRequest,
  signal: AbortSignal,
): Promise<readonly CommitPeople[] | undefined> {
  const { iid, sha, mergedCommit } = mr;
  if (sha === undefined) return [];
  const { repository } = world;
  const refs = [`refs/merge-requests/${iid}/head`, `refs/heads/${mr.targetBranch}`];
  const [head, target] = await repository.fetch(refs, signal);
  if (mergedCommit === undefined) {
    if (head !== sha || target === undefined) throw new Stale(`merge request ${iid} moved while it was read`);
    return repository.peopleBetween(target, sha);
  }
  // Two weeks after the merge GitLab clears the ref away (MergeRequests::CleanupRefsService); what was not squashed is on the branch for good.
  if (head === undefined && !(await isThere(repository, sha))) return undefined;
  if (head !== undefined && head !== sha) throw new Stale(`merge request ${iid} moved while it was read`);
  return repository.peopleBetween(await beforeMerge(world, mr, mergedCommit, signal), sha);
}

/**
 * What was there before: the first parent of a merge or squash commit. After a fast forward that would be the last commit but one, so that
 * whoever made the others could approve them: there it is the base that GitLab knows.
 */
async function beforeMerge(world: ForgeWorld, mr: MergeRequest, merged: string, signal: AbortSignal): Promise<string> {
  if (merged !== mr.sha) return world.repository.parent(merged);
  const refs = mr.diffRefs ?? (await world.forge.mergeRequest(mr.iid, signal)).diffRefs;
  if (refs === undefined) throw new Waiting(`GitLab has not said what !${mr.iid} brought`, 10_000);
  return refs.baseSha;
}
