/** GitLab's answers into the core's words. Pure; throws Stalled when an answer lacks what it always has (contract of 2026-11-24). */
import { Stalled } from "../../core/errors.ts";
import type {
  Approval,
  DiffRefs,
  ForgeEnvironment,
  LabelEvent,
  Member,
  MergeRequest,
  MergeRequestVersion,
  Note,
  Project,
  SeenStatus,
  User,
} from "../../core/ports.ts";

type Fields = Readonly<Record<string, unknown>>;

export function userOf(value: unknown): User {
  // A user who was deleted: GitLab has a ghost for the rest, and null here and there.
  if (value === null || value === undefined) return { id: 0, username: "ghost", name: "Ghost User", bot: true };
  const user = fields(value);
  const username = text(user, "username");
  return { id: integer(user, "id"), username, name: text(user, "name"), bot: user["bot"] === true || isBotName(username) };
}

/** Of somebody who was asked for: an answer without a body is a proxy's, not GitLab's word that they are gone. */
export function thisUserOf(value: unknown): User {
  return userOf(fields(value));
}

/** Only GET /user and /users/:id tell `bot`; the names of token users are GitLab's own: `project_12_bot_4f…`, older `group_114_bot2`. */
export function isBotName(username: string): boolean {
  return /^(project|group)_\d+_bot|^service_account_|^(ghost|alert-bot|support-bot|migration-bot|security-bot)\d*$/i.test(
    username,
  );
}

export function projectOf(value: unknown): Project {
  const project = fields(value);
  return {
    id: integer(project, "id"),
    path: text(project, "path_with_namespace"),
    defaultBranch: optionalText(project, "default_branch") ?? missing("a default branch", "Push a first commit to the project"),
    webUrl: text(project, "web_url"),
    threadsMustBeResolved: project["only_allow_merge_if_all_discussions_are_resolved"] === true,
  };
}

export function mergeRequestOf(value: unknown): MergeRequest {
  const mr = fields(value);
  const state = text(mr, "state") as MergeRequest["state"];
  const sha = optionalText(mr, "sha");
  // A fast-forward merge has neither a merge nor a squash commit: the head itself is on the target.
  const merged = optionalText(mr, "merge_commit_sha") ?? optionalText(mr, "squash_commit_sha") ?? sha;
  return {
    iid: integer(mr, "iid"),
    title: text(mr, "title"),
    state,
    draft: mr["draft"] === true,
    author: userOf(mr["author"]),
    sha,
    sourceBranch: text(mr, "source_branch"),
    targetBranch: text(mr, "target_branch"),
    // Null when the fork was deleted: no project has the id 0, so it stays a fork.
    sourceProjectId: mr["source_project_id"] === null ? 0 : integer(mr, "source_project_id"),
    targetProjectId: integer(mr, "target_project_id"),
    labels: list(mr["labels"]).filter((label) => typeof label === "string"),
    mergedCommit: state === "merged" ? merged : undefined,
    mergedAt: optionalText(mr, "merged_at"),
    webUrl: text(mr, "web_url"),
    diffRefs: diffRefsOf(mr["diff_refs"]),
    headPipeline: headPipelineOf(mr["head_pipeline"], sha, mr["target_project_id"]),
    noteCount: integer(mr, "user_notes_count"),
  };
}

/** Only one of this very commit and project: a pipeline of merged results has another commit, and a fork's is not ours to write to. */
function headPipelineOf(value: unknown, sha: string | undefined, project: unknown): number | undefined {
  if (value === null || value === undefined) return undefined;
  const pipeline = fields(value);
  return pipeline["sha"] === sha && pipeline["project_id"] === project ? integer(pipeline, "id") : undefined;
}

/** Null, or without some of them, while GitLab has not read the commits; lists of merge requests do not tell. */
function diffRefsOf(value: unknown): DiffRefs | undefined {
  if (value === null || value === undefined) return undefined;
  const refs = fields(value);
  const [baseSha, startSha, headSha] = ["base_sha", "start_sha", "head_sha"].map((name) => optionalText(refs, name));
  return baseSha && startSha && headSha ? { baseSha, startSha, headSha } : undefined;
}

/** Newest first. */
export function versionsOf(value: unknown): readonly MergeRequestVersion[] {
  return list(value)
    .map(fields)
    .toSorted((a, b) => integer(b, "id") - integer(a, "id"))
    .map((version) => ({ headSha: text(version, "head_commit_sha"), createdAt: time(version, "created_at") }));
}

export function approvalsOf(value: unknown): readonly Approval[] {
  return list(fields(value)["approved_by"])
    .map(fields)
    .map((approval) => ({
      user: userOf(approval["user"]),
      at: optionalText(approval, "approved_at") === undefined ? undefined : time(approval, "approved_at"),
    }));
}

/** Oldest first. In no OpenAPI of GitLab's: as lib/api/entities/resource_label_event.rb tells it (read 2026-11-24). */
export function labelEventsOf(value: unknown): readonly LabelEvent[] {
  return list(value)
    .map(fields)
    .toSorted((a, b) => integer(a, "id") - integer(b, "id"))
    .map((event) => {
      const action = text(event, "action");
      if (action !== "add" && action !== "remove") return missing("whether a label came or went");
      const label = event["label"];
      return {
        user: userOf(event["user"]),
        label: label === null || label === undefined ? undefined : text(fields(label), "name"),
        action,
        at: time(event, "created_at"),
      };
    });
}

export function noteOf(value: unknown): Note {
  const note = fields(value);
  return {
    id: integer(note, "id"),
    body: text(note, "body"),
    author: userOf(note["author"]),
    system: note["system"] === true,
    resolvable: note["resolvable"] === true,
    createdAt: time(note, "created_at"),
    updatedAt: time(note, "updated_at"),
  };
}

export interface WireEnvironment extends ForgeEnvironment {
  readonly id: number;
}

export function environmentOf(value: unknown): WireEnvironment {
  const environment = fields(value);
  return {
    id: integer(environment, "id"),
    name: text(environment, "name"),
    state: text(environment, "state") as ForgeEnvironment["state"],
    tier: text(environment, "tier") as ForgeEnvironment["tier"],
    externalUrl: optionalText(environment, "external_url"),
    description: optionalText(environment, "description"),
  };
}

export interface WireDeployment {
  readonly id: number;
  readonly sha: string;
  readonly status: string;
}

export function deploymentOf(value: unknown): WireDeployment {
  const deployment = fields(value);
  return { id: integer(deployment, "id"), sha: text(deployment, "sha"), status: text(deployment, "status") };
}

/** In which pipeline a status is; the contract does not promise it. */
export function pipelineOfStatus(value: unknown): number | undefined {
  const id = fields(value)["pipeline_id"];
  return typeof id === "number" ? id : undefined;
}

/** Of GET …/statuses: CI jobs of the commit are among them. */
export function statusOf(value: unknown): SeenStatus {
  const status = fields(value);
  return {
    name: text(status, "name"),
    state: text(status, "status"),
    description: optionalText(status, "description"),
    pipelineId: pipelineOfStatus(value),
    author: userOf(status["author"]),
  };
}

export function memberOf(value: unknown): Member {
  return { user: userOf(value), accessLevel: accessLevelOf(value) };
}

export function accessLevelOf(value: unknown): number {
  const member = fields(value);
  const level = integer(member, "access_level");
  // Whoever is blocked, banned or not let in yet keeps a level that they may not use; older GitLabs do not tell.
  const isActive = (member["state"] ?? "active") === "active" && (member["membership_state"] ?? "active") === "active";
  // 5, "minimal access", is no access to any project or group page.
  return level < 10 || !isActive ? 0 : level;
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : missing("a list");
}

export function fields(value: unknown): Fields {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Fields) : missing("an object");
}

export function integer(from: Fields, name: string): number {
  const value = from[name];
  return typeof value === "number" && Number.isInteger(value) ? value : missing(`the number ${name}`);
}

export function text(from: Fields, name: string): string {
  const value = from[name];
  return typeof value === "string" ? value : missing(`the text ${name}`);
}

/** Undefined for null, the empty text, and what is not there. */
export function optionalText(from: Fields, name: string): string | undefined {
  const value = from[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** In UTC, as everywhere inside: GitLab writes the zone that it was set up with. */
export function time(from: Fields, name: string): string {
  const at = new Date(text(from, name));
  return Number.isNaN(at.getTime()) ? missing(`the time ${name}`) : at.toISOString();
}

function missing(what: string, wayOut = "Look whether this is GitLab 17 or newer, and what stands before it"): never {
  throw new Stalled(`GitLab's answer lacks ${what}`, wayOut);
}
