/** The pieces that all webhook payloads share. Their times read `2026-01-16 05:56:22 UTC`, unlike those of the API. */
import { createHash } from "node:crypto";
import type { Commit } from "../bare-repository.ts";
import { hasConflicts, headPipeline, headSha, isDraft, detailedMergeStatus, openThreads } from "../merge-request-state.ts";
import type { Label, MergeRequest, Project, User } from "../model.ts";
import { matchesPattern, namespaceOf, type World } from "../world.ts";

export type Payload = Readonly<Record<string, unknown>>;

export function hookTime(at: Date): string {
  return at
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, " UTC");
}

export function avatarUrl(user: User): string {
  return `https://www.gravatar.com/avatar/${createHash("sha256").update(user.email).digest("hex")}?s=80&d=identicon`;
}

export function hookUser(user: User): Payload {
  return { id: user.id, name: user.name, username: user.username, avatar_url: avatarUrl(user), email: "[REDACTED]" };
}

export function hookProject(world: World, project: Project): Payload {
  const web = world.webUrl(project);
  const ssh = `git@127.0.0.1:${project.path}.git`;
  return {
    id: project.id,
    name: project.path.split("/").at(-1),
    description: null,
    web_url: web,
    avatar_url: null,
    git_ssh_url: ssh,
    git_http_url: `${web}.git`,
    namespace: namespaceOf(project).split("/").at(-1),
    visibility_level: 0,
    path_with_namespace: project.path,
    default_branch: project.defaultBranch,
    ci_config_path: "",
    homepage: web,
    url: ssh,
    ssh_url: ssh,
    http_url: `${web}.git`,
  };
}

export function hookRepository(world: World, project: Project): Payload {
  return {
    name: project.path.split("/").at(-1),
    url: `git@127.0.0.1:${project.path}.git`,
    description: null,
    homepage: world.webUrl(project),
  };
}

export function hookCommit(world: World, project: Project, commit: Commit): Payload {
  return {
    id: commit.sha,
    message: commit.message,
    title: commit.message.split("\n")[0],
    timestamp: commit.committedAt,
    url: `${world.webUrl(project)}/-/commit/${commit.sha}`,
    author: { name: commit.authorName, email: commit.authorEmail },
  };
}

function hookLabel(project: Project, label: Label): Payload {
  return {
    id: label.id,
    title: label.name,
    color: label.color,
    project_id: project.id,
    created_at: hookTime(label.createdAt),
    updated_at: hookTime(label.createdAt),
    template: false,
    description: label.description,
    type: "ProjectLabel",
    group_id: null,
  };
}

export function hookLabels(mergeRequest: MergeRequest, names: readonly string[] = mergeRequest.labels): readonly Payload[] {
  return mergeRequest.project.labels
    .filter(({ name }) => names.includes(name))
    .map((label) => hookLabel(mergeRequest.project, label));
}

const STATE_IDS = { opened: 1, closed: 2, merged: 3 } as const;

export function stateId(state: MergeRequest["state"]): number {
  return STATE_IDS[state];
}

/** The attributes of a merge request, as merge request, note and emoji events show it. */
export async function hookMergeRequest(world: World, mergeRequest: MergeRequest): Promise<Payload> {
  const { project, source } = mergeRequest;
  const head = headSha(mergeRequest);
  const [commit] = head === undefined ? [] : await project.repository.log([head], ["-1"]);
  const conflicts = await hasConflicts(mergeRequest);
  return {
    assignee_id: null,
    author_id: mergeRequest.author.id,
    created_at: hookTime(mergeRequest.createdAt),
    description: mergeRequest.description,
    draft: isDraft(mergeRequest.title),
    head_pipeline_id: headPipeline(mergeRequest)?.id ?? null,
    id: mergeRequest.id,
    iid: mergeRequest.iid,
    last_edited_at: mergeRequest.lastEdited === undefined ? null : hookTime(mergeRequest.lastEdited.at),
    last_edited_by_id: mergeRequest.lastEdited?.by.id ?? null,
    merge_commit_sha: mergeRequest.merged?.commit ?? null,
    merged_at: mergeRequest.merged === undefined ? null : hookTime(mergeRequest.merged.at),
    merge_error: null,
    merge_params: { force_remove_source_branch: mergeRequest.removeSourceBranch ? "1" : "0" },
    merge_status: mergeRequest.preparedAt === undefined ? "checking" : conflicts ? "cannot_be_merged" : "can_be_merged",
    merge_user_id: mergeRequest.merged?.by.id ?? null,
    merge_when_pipeline_succeeds: false,
    milestone_id: null,
    source_branch: mergeRequest.sourceBranch,
    source_project_id: source.id,
    squash_commit_sha: null,
    state_id: stateId(mergeRequest.state),
    target_branch: mergeRequest.targetBranch,
    target_branch_protected: project.protectedBranches.some(({ name }) => matchesPattern(name, mergeRequest.targetBranch)),
    target_project_id: project.id,
    time_estimate: 0,
    title: mergeRequest.title,
    updated_at: hookTime(mergeRequest.updatedAt),
    updated_by_id: mergeRequest.lastEdited?.by.id ?? null,
    prepared_at: mergeRequest.preparedAt === undefined ? null : hookTime(mergeRequest.preparedAt),
    assignee_ids: [],
    blocking_discussions_resolved: openThreads(mergeRequest) === 0,
    detailed_merge_status: await detailedMergeStatus(mergeRequest),
    first_contribution: false,
    human_time_change: null,
    human_time_estimate: null,
    human_total_time_spent: null,
    labels: hookLabels(mergeRequest),
    last_commit: commit === undefined ? null : hookCommit(world, source, commit),
    reviewer_ids: [],
    source: hookProject(world, source),
    state: mergeRequest.state,
    target: hookProject(world, project),
    time_change: 0,
    total_time_spent: 0,
    work_in_progress: isDraft(mergeRequest.title),
    url: world.mergeRequestUrl(mergeRequest),
  };
}
