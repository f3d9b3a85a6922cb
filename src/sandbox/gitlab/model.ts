/** What the sandbox GitLab remembers. Mutable on purpose: this is the state of a server. */
import type { BareRepository } from "./bare-repository.ts";

export type Scope =
  | "api"
  | "read_api"
  | "read_user"
  | "read_repository"
  | "write_repository"
  | "sudo"
  | "create_runner"
  | "self_rotate";

/** Which GitLab this is. Before 19 it signs no webhooks; only Premium has rules for approvals and lists of who may push. */
export interface Release {
  readonly version: string;
  readonly premium: boolean;
}

/** 0 none, 10 guest, 15 planner, 20 reporter, 25 security manager, 30 developer, 40 maintainer, 50 owner. */
export type AccessLevel = 0 | 10 | 15 | 20 | 25 | 30 | 40 | 50;

export interface User {
  readonly id: number;
  readonly username: string;
  readonly name: string;
  readonly email: string;
  readonly bot: boolean;
  readonly createdAt: Date;
}

export interface Token {
  readonly id: number;
  /** The secret itself. */
  readonly value: string;
  readonly name: string;
  readonly user: User;
  readonly scopes: readonly Scope[];
  readonly createdAt: Date;
  /** A date such as `2027-01-31`; it is dead from that day on. */
  readonly expiresOn: string | undefined;
  revoked: boolean;
  lastUsedAt: Date | undefined;
}

export interface Membership {
  readonly level: AccessLevel;
  readonly since: Date;
}

export interface Group {
  readonly id: number;
  /** `commerce/payments`. */
  readonly path: string;
  readonly visibility: "private" | "internal";
  /** By user id. */
  readonly members: Map<number, Membership>;
}

export interface ProtectedBranch {
  readonly id: number;
  /** A name or a pattern with `*`. */
  readonly name: string;
  readonly pushLevel: AccessLevel;
  readonly mergeLevel: AccessLevel;
  readonly forcePush?: boolean;
}

export interface Label {
  readonly id: number;
  readonly name: string;
  readonly color: string;
  readonly description: string | null;
  readonly createdAt: Date;
}

/** Somebody put a label on a merge request, or took it off. */
export interface LabelEvent {
  readonly id: number;
  readonly user: User;
  /** Of the label, which may be deleted since: GitLab then shows the event without one. */
  readonly labelId: number;
  readonly action: "add" | "remove";
  readonly at: Date;
}

export interface ProjectSettings {
  /** Approvals by the author of the merge request count; either is met in the wild. */
  authorMayApprove: boolean;
  /** A push takes all approvals back, with a system event. */
  resetApprovalsOnPush: boolean;
  onlyMergeIfPipelineSucceeds: boolean;
  onlyMergeIfDiscussionsResolved: boolean;
}

export interface Project {
  readonly id: number;
  /** `platform/static-environments`. */
  readonly path: string;
  readonly defaultBranch: string;
  readonly createdAt: Date;
  readonly creator: User;
  readonly repository: BareRepository;
  readonly forkedFrom: Project | undefined;
  readonly members: Map<number, Membership>;
  readonly mergeRequests: MergeRequest[];
  readonly hooks: Hook[];
  readonly labels: Label[];
  readonly environments: Environment[];
  readonly deployments: Deployment[];
  readonly pipelines: Pipeline[];
  readonly statuses: CommitStatus[];
  readonly protectedBranches: ProtectedBranch[];
  readonly settings: ProjectSettings;
}

/** One pushed head of a merge request (GitLab: merge request diff). */
export interface Version {
  readonly id: number;
  readonly headSha: string;
  readonly baseSha: string;
  readonly startSha: string;
  readonly createdAt: Date;
  /** How many files differ. */
  readonly size: number;
}

interface Approval {
  readonly user: User;
  readonly at: Date;
}

export interface MergeRequest {
  readonly id: number;
  readonly iid: number;
  readonly project: Project;
  readonly source: Project;
  readonly author: User;
  readonly createdAt: Date;
  readonly sourceBranch: string;
  title: string;
  description: string | null;
  state: "opened" | "closed" | "merged";
  targetBranch: string;
  labels: string[];
  /** Oldest first. */
  readonly labelEvents: LabelEvent[];
  updatedAt: Date;
  /** Undefined until GitLab has read the commits. */
  preparedAt: Date | undefined;
  /** Oldest first; empty while the source branch cannot be resolved. */
  readonly versions: Version[];
  approvals: Approval[];
  readonly discussions: Discussion[];
  removeSourceBranch: boolean;
  lastEdited: { readonly by: User; readonly at: Date } | undefined;
  closed: { readonly by: User; readonly at: Date } | undefined;
  merged: { readonly by: User; readonly at: Date; readonly commit: string } | undefined;
}

export interface Position {
  readonly base_sha: string;
  readonly start_sha: string;
  readonly head_sha: string;
  readonly old_path: string;
  readonly new_path: string;
  readonly position_type: "text";
  readonly old_line: number | null;
  readonly new_line: number | null;
}

export interface Award {
  readonly id: number;
  readonly name: string;
  readonly user: User;
  readonly at: Date;
}

export interface Note {
  readonly id: number;
  type: "DiffNote" | "DiscussionNote" | null;
  body: string;
  readonly author: User;
  readonly createdAt: Date;
  updatedAt: Date;
  updatedBy: User | undefined;
  readonly system: boolean;
  readonly internal: boolean;
  /** Where it stands now: moved on by pushes that leave its line alone. */
  position: Position | undefined;
  lineCode: string | undefined;
  resolvable: boolean;
  resolved: { readonly by: User; readonly at: Date } | undefined;
  readonly awards: Award[];
}

export interface Discussion {
  readonly id: string;
  /** True for a comment that nobody answered yet. */
  individual: boolean;
  readonly notes: Note[];
}

export interface Pipeline {
  readonly id: number;
  readonly iid: number;
  readonly sha: string;
  readonly ref: string;
  readonly createdAt: Date;
  updatedAt: Date;
}

export type StatusState = "pending" | "running" | "success" | "failed" | "canceled" | "skipped";

export interface CommitStatus {
  readonly id: number;
  readonly sha: string;
  readonly ref: string;
  readonly name: string;
  readonly pipeline: Pipeline;
  readonly author: User;
  readonly createdAt: Date;
  state: StatusState;
  description: string | null;
  targetUrl: string | null;
  startedAt: Date | undefined;
  finishedAt: Date | undefined;
}

export const TIERS = ["production", "staging", "testing", "development", "other"] as const;
export type Tier = (typeof TIERS)[number];

export interface Environment {
  readonly id: number;
  readonly name: string;
  readonly slug: string;
  readonly createdAt: Date;
  updatedAt: Date;
  state: "available" | "stopped";
  tier: Tier;
  externalUrl: string | null;
  description: string | null;
  kubernetesNamespace: string | null;
  fluxResourcePath: string | null;
  autoStopSetting: "always" | "with_action";
}

export const DEPLOYMENT_STATES = ["running", "success", "failed", "canceled"] as const;
export type DeploymentState = (typeof DEPLOYMENT_STATES)[number];

export interface Deployment {
  readonly id: number;
  readonly iid: number;
  readonly environment: Environment;
  readonly sha: string;
  readonly ref: string;
  readonly tag: boolean;
  readonly user: User;
  readonly createdAt: Date;
  updatedAt: Date;
  state: DeploymentState | "created";
}

/** The events that this sandbox can send, by the names that hooks ask for them. */
export type HookEvent =
  | "push_events"
  | "merge_requests_events"
  | "note_events"
  | "confidential_note_events"
  | "deployment_events"
  | "emoji_events";

export interface Hook {
  readonly id: number;
  readonly createdAt: Date;
  url: string;
  name: string | null;
  description: string | null;
  token: string | undefined;
  /** `whsec_` and 32 bytes in base64. */
  signingToken: string | undefined;
  /** Events of any name that were asked for, those that are never sent included. */
  events: ReadonlySet<string>;
  branchFilter: string | null;
  branchFilterStrategy: "wildcard" | "regex" | "all_branches";
  enableSslVerification: boolean;
  customHeaders: readonly { readonly key: string; readonly value: string }[];
  customTemplate: string | null;
  failuresInARow: number;
  disabledUntil: Date | undefined;
}
