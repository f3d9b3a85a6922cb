/** Merge requests, their versions and approvals as the API shows them. */
import { hasApproved, mayApprove } from "../actions/approvals.ts";
import {
  currentVersion,
  detailedMergeStatus,
  hasConflicts,
  headPipeline,
  headSha,
  isDraft,
  mayMerge,
  openThreads,
} from "../merge-request-state.ts";
import type { LabelEvent, MergeRequest, User, Version } from "../model.ts";
import type { World } from "../world.ts";
import { labelEntity, userBasic, type Entity } from "./entities.ts";
import { pipelineBasic, pipelineEntity } from "./status-entities.ts";

const COUNTED_FILES = 1000;

/** As in lists: without what costs a look at the commits. */
export async function mergeRequestBasic(world: World, mergeRequest: MergeRequest, labelDetails = false): Promise<Entity> {
  const { project } = mergeRequest;
  const merger = mergeRequest.merged && userBasic(world, mergeRequest.merged.by);
  const detailed = await detailedMergeStatus(mergeRequest);
  const conflicts = await hasConflicts(mergeRequest);
  const count = (body: string): number => (mergeRequest.description ?? "").split(body).length - 1;
  return {
    id: mergeRequest.id,
    iid: mergeRequest.iid,
    project_id: project.id,
    title: mergeRequest.title,
    description: mergeRequest.description,
    state: mergeRequest.state,
    created_at: mergeRequest.createdAt.toISOString(),
    updated_at: mergeRequest.updatedAt.toISOString(),
    merged_by: merger ?? null,
    merge_user: merger ?? null,
    merged_at: mergeRequest.merged?.at.toISOString() ?? null,
    closed_by: mergeRequest.closed === undefined ? null : userBasic(world, mergeRequest.closed.by),
    closed_at: mergeRequest.closed?.at.toISOString() ?? null,
    target_branch: mergeRequest.targetBranch,
    source_branch: mergeRequest.sourceBranch,
    user_notes_count: mergeRequest.discussions.flatMap(({ notes }) => notes).filter(({ system }) => !system).length,
    upvotes: 0,
    downvotes: 0,
    author: userBasic(world, mergeRequest.author),
    assignees: [],
    assignee: null,
    reviewers: [],
    source_project_id: mergeRequest.source.id,
    target_project_id: project.id,
    labels: labelDetails
      ? project.labels.filter(({ name }) => mergeRequest.labels.includes(name)).map(labelEntity)
      : mergeRequest.labels,
    draft: isDraft(mergeRequest.title),
    imported: false,
    imported_from: "none",
    work_in_progress: isDraft(mergeRequest.title),
    milestone: null,
    merge_when_pipeline_succeeds: false,
    merge_status: mergeRequest.preparedAt === undefined ? "checking" : conflicts ? "cannot_be_merged" : "can_be_merged",
    detailed_merge_status: detailed,
    merge_after: null,
    sha: headSha(mergeRequest) ?? null,
    merge_commit_sha: mergeRequest.merged?.commit ?? null,
    squash_commit_sha: null,
    discussion_locked: null,
    should_remove_source_branch: null,
    force_remove_source_branch: mergeRequest.removeSourceBranch,
    prepared_at: mergeRequest.preparedAt?.toISOString() ?? null,
    reference: `!${mergeRequest.iid}`,
    references: {
      short: `!${mergeRequest.iid}`,
      relative: `!${mergeRequest.iid}`,
      full: `${project.path}!${mergeRequest.iid}`,
    },
    web_url: world.mergeRequestUrl(mergeRequest),
    time_stats: { time_estimate: 0, total_time_spent: 0, human_time_estimate: null, human_total_time_spent: null },
    squash: false,
    squash_on_merge: false,
    task_completion_status: { count: count("- [ ]") + count("- [x]"), completed_count: count("- [x]") },
    has_conflicts: conflicts,
    blocking_discussions_resolved: openThreads(mergeRequest) === 0,
    approvals_before_merge: null,
  };
}

export async function mergeRequestEntity(world: World, mergeRequest: MergeRequest, me: User): Promise<Entity> {
  const version = currentVersion(mergeRequest);
  const pipeline = headPipeline(mergeRequest);
  const prepared = mergeRequest.preparedAt !== undefined && version !== undefined;
  return {
    ...(await mergeRequestBasic(world, mergeRequest)),
    subscribed: false,
    changes_count: prepared ? changesCount(version) : null,
    latest_build_started_at: pipeline?.createdAt.toISOString() ?? null,
    latest_build_finished_at: null,
    first_deployed_to_production_at: null,
    pipeline: pipeline === undefined ? null : pipelineBasic(world, mergeRequest.source, pipeline),
    head_pipeline: pipeline === undefined ? null : pipelineEntity(world, mergeRequest.source, pipeline),
    diff_refs:
      version === undefined ? null : { base_sha: version.baseSha, head_sha: version.headSha, start_sha: version.startSha },
    merge_error: null,
    first_contribution: false,
    user: { can_merge: mayMerge(world, mergeRequest, me) },
  };
}

/** A text, and capped: `1000+`. */
function changesCount(version: Version): string {
  return version.size > COUNTED_FILES ? `${COUNTED_FILES}+` : String(version.size);
}

export function versionEntity(mergeRequest: MergeRequest, version: Version): Entity {
  return {
    id: version.id,
    head_commit_sha: version.headSha,
    base_commit_sha: version.baseSha,
    start_commit_sha: version.startSha,
    created_at: version.createdAt.toISOString(),
    merge_request_id: mergeRequest.id,
    state: version.size === 0 ? "empty" : "collected",
    real_size: String(version.size),
    patch_id_sha: null,
  };
}

/** As lib/api/entities/resource_label_event.rb shows it (read 2026-11-24): a deleted label is null. */
export function labelEventEntity(world: World, mergeRequest: MergeRequest, event: LabelEvent): Entity {
  const label = mergeRequest.project.labels.find(({ id }) => id === event.labelId);
  return {
    id: event.id,
    user: userBasic(world, event.user),
    created_at: event.at.toISOString(),
    resource_type: "MergeRequest",
    resource_id: mergeRequest.id,
    label: label === undefined ? null : labelEntity(label),
    action: event.action,
  };
}

/** No rule asks for any approval here, so GitLab calls every merge request approved, with nobody's approval too. */
export async function approvalsEntity(world: World, mergeRequest: MergeRequest, me: User): Promise<Entity> {
  return {
    id: mergeRequest.id,
    iid: mergeRequest.iid,
    project_id: mergeRequest.project.id,
    title: mergeRequest.title,
    description: mergeRequest.description,
    state: mergeRequest.state,
    created_at: mergeRequest.createdAt.toISOString(),
    updated_at: mergeRequest.updatedAt.toISOString(),
    merge_status: (await hasConflicts(mergeRequest)) ? "cannot_be_merged" : "can_be_merged",
    approved: true,
    approvals_required: 0,
    approvals_left: 0,
    require_password_to_approve: false,
    approved_by: mergeRequest.approvals.map(({ user, at }) => ({ user: userBasic(world, user), approved_at: at.toISOString() })),
    suggested_approvers: [],
    approvers: [],
    approver_groups: [],
    user_has_approved: hasApproved(mergeRequest, me),
    user_can_approve: mayApprove(world, mergeRequest, me),
    approval_rules_left: [],
    has_approval_rules: true,
    merge_request_approvers_available: true,
    multiple_approval_rules_available: true,
    invalid_approvers_rules: [],
  };
}

export function approvalStateEntity(world: World, mergeRequest: MergeRequest): Entity {
  const eligible = world.members({ project: mergeRequest.project }).filter(({ membership }) => membership.level >= 30);
  return {
    approval_rules_overwritten: false,
    rules: [
      {
        id: mergeRequest.id,
        name: "All Members",
        rule_type: "any_approver",
        eligible_approvers: eligible.map(({ user }) => userBasic(world, user)),
        approvals_required: 0,
        users: [],
        groups: [],
        contains_hidden_groups: false,
        section: null,
        source_rule: null,
        overridden: false,
        code_owner: false,
        approved_by: mergeRequest.approvals.map(({ user }) => userBasic(world, user)),
        approved: true,
      },
    ],
  };
}
