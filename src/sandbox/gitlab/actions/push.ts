/** What follows when branches move, by a push, a merge or a commit through the API: merge requests get new heads, hooks are told. */
import { NO_COMMIT, type FileChange } from "../bare-repository.ts";
import { fileDiffs } from "../file-diff.ts";
import { currentVersion, headRef, headSha } from "../merge-request-state.ts";
import type { MergeRequest, Project, User, Version } from "../model.ts";
import { mergeRequestEvent } from "../payloads/merge-request-event.ts";
import { hookTime } from "../payloads/parts.ts";
import { pushEvent, type BranchMove } from "../payloads/push-event.ts";
import { forbidden, Refusal } from "../refusal.ts";
import { matchesPattern, type World } from "../world.ts";
import { moveThreads } from "./move-threads.ts";
import { systemNote } from "./new-note.ts";

// push_event_hooks_limit: one push that moves more branches than this tells no push hook at all.
const MOVES_TOLD = 3;

export function mayPush(world: World, project: Project, user: User, branch: string): boolean {
  const level = world.level(project, user);
  const rules = project.protectedBranches.filter(({ name }) => matchesPattern(name, branch));
  return rules.length === 0 ? level >= 30 : rules.some(({ pushLevel }) => pushLevel > 0 && level >= pushLevel);
}

/** After one push: every branch in it. */
export async function branchesMoved(world: World, project: Project, by: User, moves: readonly BranchMove[]): Promise<void> {
  for (const move of moves) {
    await updateMergeRequests(world, project, by, move);
    if (moves.length <= MOVES_TOLD) await world.announce(project, async () => pushEvent(world, project, by, move));
  }
}

export async function branchMoved(world: World, project: Project, by: User, move: BranchMove): Promise<void> {
  await branchesMoved(world, project, by, [move]);
}

async function updateMergeRequests(world: World, project: Project, by: User, move: BranchMove): Promise<void> {
  if (move.after === NO_COMMIT) return;
  const open = world.projects.flatMap(({ mergeRequests }) => mergeRequests).filter(({ state }) => state === "opened");
  for (const mergeRequest of open) {
    if (mergeRequest.source === project && mergeRequest.sourceBranch === move.branch) {
      await newHead(world, mergeRequest, by, move.after);
    } else if (mergeRequest.project === project && mergeRequest.targetBranch === move.branch) {
      await noticeManualMerge(world, mergeRequest, by, move);
    }
  }
}

async function newHead(world: World, mergeRequest: MergeRequest, by: User, sha: string): Promise<void> {
  const oldrev = headSha(mergeRequest);
  if (oldrev === sha) return;
  const before = mergeRequest.updatedAt;
  await addVersion(world, mergeRequest, sha);
  mergeRequest.updatedAt = world.now();
  systemNote(world, mergeRequest, by, `added commits\n\n* ${sha.slice(0, 8)}`);
  await world.announce(mergeRequest.project, async () =>
    mergeRequestEvent(world, mergeRequest, by, {
      action: "update",
      ...(oldrev === undefined ? {} : { oldrev }),
      changes: { updated_at: { previous: hookTime(before), current: hookTime(mergeRequest.updatedAt) } },
    }),
  );
  if (mergeRequest.project.settings.resetApprovalsOnPush && mergeRequest.approvals.length > 0) {
    mergeRequest.approvals = [];
    await world.announce(mergeRequest.project, async () =>
      mergeRequestEvent(world, mergeRequest, by, { action: "unapproved", systemAction: "approvals_reset_on_push" }),
    );
  }
}

/** Reads the commits of a head into the target's repository: a new version, and `refs/merge-requests/<iid>/head`. */
export async function addVersion(world: World, mergeRequest: MergeRequest, sha: string): Promise<Version | undefined> {
  const { project, source } = mergeRequest;
  await project.repository.fetchFrom(source.repository, sha, headRef(mergeRequest));
  const start = await project.repository.branchHead(mergeRequest.targetBranch);
  if (start === undefined) return undefined;
  const base = (await project.repository.mergeBase([start, sha])) ?? start;
  const version: Version = {
    id: world.id("version"),
    headSha: sha,
    baseSha: base,
    startSha: start,
    createdAt: world.now(),
    size: (await fileDiffs(project.repository, base, sha)).length,
  };
  const before = currentVersion(mergeRequest);
  mergeRequest.versions.push(version);
  if (before !== undefined) await moveThreads(mergeRequest, before, version);
  return version;
}

/** Somebody pushed a merge to the target by hand: GitLab then takes the merge request for merged. */
async function noticeManualMerge(world: World, mergeRequest: MergeRequest, by: User, move: BranchMove): Promise<void> {
  const version = currentVersion(mergeRequest);
  if (version === undefined || version.headSha === version.baseSha) return;
  if (!(await mergeRequest.project.repository.isAncestor(version.headSha, move.after))) return;
  await markMerged(world, mergeRequest, by, move.after);
}

export async function markMerged(world: World, mergeRequest: MergeRequest, by: User, commit: string): Promise<void> {
  const before = mergeRequest.updatedAt;
  const at = world.now();
  mergeRequest.state = "merged";
  mergeRequest.merged = { by, at, commit };
  mergeRequest.updatedAt = at;
  systemNote(world, mergeRequest, by, "merged");
  await world.announce(mergeRequest.project, async () =>
    mergeRequestEvent(world, mergeRequest, by, {
      action: "merge",
      changes: {
        state_id: { previous: 1, current: 3 },
        updated_at: { previous: hookTime(before), current: hookTime(at) },
      },
    }),
  );
}

export interface CommitInput {
  readonly branch: string;
  readonly message: string;
  readonly changes: readonly FileChange[];
  /** Where a new branch begins: a branch or a commit; the default branch without. */
  readonly start?: string;
  /** Moves the branch even where that loses commits. */
  readonly force?: boolean;
  readonly author?: { readonly name?: string; readonly email?: string };
}

/** One commit on a branch, as its user. Whether every change applies was looked at before. */
export async function commitToBranch(world: World, project: Project, by: User, input: CommitInput): Promise<string> {
  if (!mayPush(world, project, by, input.branch)) throw forbidden("You are not allowed to push into this branch");
  for (const { path } of input.changes) {
    const parts = path.split("/");
    if (parts.some((part) => ["", ".", "..", ".git"].includes(part.toLowerCase())))
      throw new Refusal(400, { message: "invalid path" });
  }
  const { repository } = project;
  const moved = await repository.exclusively(async () => {
    const before = await repository.branchHead(input.branch);
    const start = input.start ?? (before === undefined ? project.defaultBranch : undefined);
    const parent = start === undefined ? before : await repository.resolve(start);
    if (before !== undefined && parent !== before && input.force !== true) {
      throw new Refusal(400, {
        message: `A branch called '${input.branch}' already exists. Switch to that branch in order to make changes`,
      });
    }
    if (parent === undefined && (await repository.branches()).size > 0) {
      throw new Refusal(400, { message: "You can only create or edit files when you are on a branch" });
    }
    const signature = { name: by.name, email: by.email, at: world.now() };
    const sha = await repository.commit({
      parent,
      message: input.message,
      author: { ...signature, ...input.author },
      committer: signature,
      changes: input.changes,
    });
    await repository.updateRef(`refs/heads/${input.branch}`, sha, before ?? NO_COMMIT);
    return { before: before ?? NO_COMMIT, after: sha };
  });
  await branchMoved(world, project, by, { branch: input.branch, ...moved });
  return moved.after;
}
