/** What follows from a merge request and its branches: its head, whether it can be merged, what differs. */
import { fileDiffs, type FileDiff } from "./file-diff.ts";
import type { MergeRequest, Pipeline, Project, StatusState, User, Version } from "./model.ts";
import { matchesPattern, type World } from "./world.ts";

export function currentVersion(mergeRequest: MergeRequest): Version | undefined {
  return mergeRequest.versions.at(-1);
}

export function headSha(mergeRequest: MergeRequest): string | undefined {
  return currentVersion(mergeRequest)?.headSha;
}

export function isDraft(title: string): boolean {
  return /^(\[draft\]|\(draft\)|draft:)/i.test(title.trimStart());
}

export function headRef(mergeRequest: { readonly iid: number }): string {
  return `refs/merge-requests/${mergeRequest.iid}/head`;
}

export async function mergeRequestDiffs(mergeRequest: MergeRequest, version?: Version): Promise<readonly FileDiff[]> {
  const shown = version ?? currentVersion(mergeRequest);
  return shown === undefined ? [] : fileDiffs(mergeRequest.project.repository, shown.baseSha, shown.headSha);
}

/** Threads that people can resolve and nobody has. */
export function openThreads(mergeRequest: MergeRequest): number {
  return mergeRequest.discussions.filter(({ notes }) => notes.some((note) => note.resolvable && note.resolved === undefined))
    .length;
}

// GitLab caches this answer too, by the same two commits.
const mergeTrees = new WeakMap<MergeRequest, { readonly key: string; readonly tree: Promise<string | undefined> }>();

/** The tree that a merge would make; undefined for a conflict. */
export async function mergedTree(mergeRequest: MergeRequest, target: string, head: string): Promise<string | undefined> {
  const key = `${target}..${head}`;
  const known = mergeTrees.get(mergeRequest);
  if (known?.key === key) return known.tree;
  const tree = mergeRequest.project.repository.mergeTree(target, head);
  mergeTrees.set(mergeRequest, { key, tree });
  return tree;
}

export async function hasConflicts(mergeRequest: MergeRequest): Promise<boolean> {
  if (mergeRequest.state !== "opened") return false;
  const target = await mergeRequest.project.repository.branchHead(mergeRequest.targetBranch);
  const head = headSha(mergeRequest);
  if (target === undefined || head === undefined) return false;
  return (await mergedTree(mergeRequest, target, head)) === undefined;
}

/** GitLab's words for why it can or cannot be merged, the first reason that holds. */
export async function detailedMergeStatus(mergeRequest: MergeRequest): Promise<string> {
  if (mergeRequest.state !== "opened") return "not_open";
  if (mergeRequest.preparedAt === undefined) return "preparing";
  const { project, source } = mergeRequest;
  const [target, sourceHead] = await Promise.all([
    project.repository.branchHead(mergeRequest.targetBranch),
    source.repository.branchHead(mergeRequest.sourceBranch),
  ]);
  if (target === undefined || sourceHead === undefined || headSha(mergeRequest) === undefined) return "broken_status";
  if (isDraft(mergeRequest.title)) return "draft_status";
  if (await hasConflicts(mergeRequest)) return "conflict";
  if (await project.repository.isAncestor(headSha(mergeRequest) ?? "", target)) return "commits_status";
  if (project.settings.onlyMergeIfDiscussionsResolved && openThreads(mergeRequest) > 0) return "discussions_not_resolved";
  const pipeline = headPipeline(mergeRequest);
  const state = pipeline === undefined ? undefined : pipelineState(project, pipeline);
  if (project.settings.onlyMergeIfPipelineSucceeds && state !== "success" && state !== "skipped") {
    return state === "pending" || state === "running" ? "ci_still_running" : "ci_must_pass";
  }
  return "mergeable";
}

export function mayMerge(world: World, mergeRequest: MergeRequest, user: User): boolean {
  const level = world.level(mergeRequest.project, user);
  const rules = mergeRequest.project.protectedBranches.filter(({ name }) => matchesPattern(name, mergeRequest.targetBranch));
  return rules.length === 0 ? level >= 30 : rules.some(({ mergeLevel }) => mergeLevel > 0 && level >= mergeLevel);
}

export function headPipeline(mergeRequest: MergeRequest): Pipeline | undefined {
  const sha = headSha(mergeRequest);
  return mergeRequest.source.pipelines.findLast((pipeline) => pipeline.sha === sha);
}

/** The worst of the newest status of each name. */
export function pipelineState(project: Project, pipeline: Pipeline): StatusState {
  const newest = new Map(
    project.statuses
      .filter((status) => status.pipeline === pipeline)
      .map((status): [string, StatusState] => [status.name, status.state]),
  );
  const states = new Set(newest.values());
  const order: readonly StatusState[] = ["running", "pending", "failed", "canceled", "success", "skipped"];
  return order.find((state) => states.has(state)) ?? "pending";
}
