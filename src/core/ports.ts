/** The ports: what flows and targets need of the outside, in the core's own words. Adapters implement them; nothing here has an effect. */
import type { AuditEvent, AuditHead } from "./audit.ts";
import type { Digest } from "./json.ts";
import type { Secret } from "./secret.ts";

// ── Objects: the part of S3 that claimbot needs. There is no delete. ─────────────────────────────────────────────────────────────

export interface StoredObject {
  readonly body: Uint8Array;
  readonly etag: string;
}

/** Locks that end so close to one another are the same: two writers of one moment ask for it, and servers keep whole seconds. */
export const LOCK_SLACK_MS = 60_000;

export interface ObjectStore {
  /** For messages: a directory's path or a bucket's address. */
  readonly name: string;
  /** Undefined when there is no such key. */
  read(key: string, signal?: AbortSignal): Promise<StoredObject | undefined>;
  /**
   * Put if absent (If-None-Match: *). `exists` means that the key has some content: read and compare. Durable on return. What is there
   * already is locked as long as is asked now, where that is longer.
   */
  putNew(key: string, body: Uint8Array, options?: { readonly retainUntil?: Date }): Promise<{ readonly etag: string } | "exists">;
  /** Put if the key's ETag is still `expected` (If-Match); undefined: if there is none. */
  replace(key: string, body: Uint8Array, expected: string | undefined): Promise<{ readonly etag: string } | "conflict">;
  /** Keys that start with the prefix, in byte order, without gaps; reads to the end or throws. */
  list(prefix: string, signal?: AbortSignal): Promise<readonly { readonly key: string; readonly etag: string }[]>;
}

/** One version of a key, as the store keeps it. A directory keeps each version of a mutable key; a bucket of any. */
export interface ObjectVersion {
  readonly key: string;
  readonly versionId: string;
  /** A delete marker hides the key and has no content. */
  readonly kind: "object" | "delete-marker";
  readonly isLatest: boolean;
  /** ISO 8601, UTC, by the store's own clock. */
  readonly at: string;
}

/** What the store itself says of one version, without its content. */
export interface ObjectFacts {
  readonly sizeBytes: number;
  /** SHA-256 as the store computed it, in hexadecimal digits; undefined where it keeps none. */
  readonly sha256: string | undefined;
  /** Undefined: the version is not locked. */
  readonly lock: { readonly mode: "COMPLIANCE" | "GOVERNANCE"; readonly retainUntil: Date } | undefined;
}

/** A claim store as auditors see it: with every version and lock. */
export interface AuditableStore extends ObjectStore {
  /** False: this store cannot lock what it holds, so that no lock is missed in it. */
  readonly locks: boolean;
  /** Every version of every key that starts with the prefix, by key in byte order, the newest first; reads to the end or throws. */
  versions(prefix: string, signal?: AbortSignal): Promise<readonly ObjectVersion[]>;
  /** Of the newest version, or of a given one; undefined when there is none, or the newest is a delete marker. */
  facts(key: string, versionId?: string, signal?: AbortSignal): Promise<ObjectFacts | undefined>;
}

/** The audit log (core/audit.ts). Both calls may throw Waiting, and Stalled where the log is broken at its end. */
export interface Audit {
  /**
   * Durable on return. What is only said again (isRepetition) is not written again. Answers with the entry that says it.
   * Before an effect: what cannot be written keeps it from being done.
   */
  append(event: AuditEvent): Promise<AuditHead>;
  /** The newest entry that this process knows of; undefined for an empty log. */
  head(): Promise<AuditHead | undefined>;
}

/** One thing that a server must do for the claim store to be safe on it, and whether it did (facts: see adapters/s3/proof.ts). */
export interface ProofCheck {
  /** A short stable name such as `put-if-absent`. */
  readonly check: string;
  readonly verdict: "holds" | "fails";
  /** What was asked and what came back, in one sentence. */
  readonly detail: string;
}

// ── Repository: git, by object id; nothing is ever checked out. ──────────────────────────────────────────────────────────────────

export interface TreeEntry {
  readonly path: string;
  /** 100644, 100755, 120000 (symlink), 160000 (submodule). */
  readonly mode: string;
  /** The object id of the blob. */
  readonly blob: string;
}

export type MergeResult =
  | { readonly kind: "merged"; readonly tree: string }
  | { readonly kind: "conflict"; readonly paths: readonly string[] };

export interface CommitPeople {
  readonly sha: string;
  readonly authorName: string;
  readonly authorEmail: string;
  readonly committerName: string;
  readonly committerEmail: string;
}

export interface Repository {
  /** Brings refs into the bare mirror and returns their commits, in the order asked for. Undefined where the remote has no such ref. */
  fetch(refs: readonly string[], signal?: AbortSignal): Promise<readonly (string | undefined)[]>;
  /** The commit of a local ref or id; throws Stalled when there is none. */
  commit(ref: string): Promise<string>;
  mergeResult(target: string, head: string): Promise<MergeResult>;
  /** Every blob, symlink and submodule below `paths` (all of the tree without), recursively. Throws Stalled on a missing tree or shallow clone. */
  tree(treeish: string, paths?: readonly string[]): Promise<readonly TreeEntry[]>;
  blobs(ids: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>>;
  isAncestor(ancestor: string, descendant: string): Promise<boolean>;
  /** The first parent: of a merge, what was there before. Throws Stalled where there is none. */
  parent(commit: string): Promise<string>;
  /** The newest commit in `commit`'s first-parent history that changed one of the paths: on a default branch, the merge that brought it. */
  lastChange(commit: string, paths: readonly string[]): Promise<string | undefined>;
  /** Commits in `head` and not in `target`; all of `head` without. */
  peopleBetween(target: string | undefined, head: string): Promise<readonly CommitPeople[]>;
  /** How files differ between two commits or trees, renames found as GitLab finds them; of those that are now at one of `paths`. */
  fileDiffs(from: string, to: string, paths: readonly string[]): Promise<readonly FileDiff[]>;
}

export interface FileDiff {
  /** Not `newPath` where the file was renamed. */
  readonly oldPath: string;
  readonly newPath: string;
  /** Unified, with three lines around each change, from the first `@@`; empty where no line differs, or none can be shown. */
  readonly hunks: string;
}

// ── Registry: tags and digests of services. ──────────────────────────────────────────────────────────────────────────────────────

export interface Registry {
  /** All tags of a service; undefined when the registry has no such repository. Throws Waiting or Stalled. */
  tags(service: string, signal?: AbortSignal): Promise<readonly string[] | undefined>;
  /** `sha256:…` of the manifest behind a tag. */
  digest(service: string, tag: string, signal?: AbortSignal): Promise<string>;
}

// ── Forge: GitLab, in GitLab's words. ────────────────────────────────────────────────────────────────────────────────────────────

export interface User {
  readonly id: number;
  readonly username: string;
  readonly name: string;
  readonly bot: boolean;
}

export interface Member {
  readonly user: User;
  /** GitLab's: 10 to 50. */
  readonly accessLevel: number;
}

export interface Project {
  readonly id: number;
  /** `platform/static-environments`. */
  readonly path: string;
  readonly defaultBranch: string;
  readonly webUrl: string;
  /** An open thread keeps its merge request from being merged. */
  readonly threadsMustBeResolved: boolean;
}

export interface MergeRequest {
  readonly iid: number;
  readonly title: string;
  readonly state: "opened" | "closed" | "merged" | "locked";
  readonly draft: boolean;
  readonly author: User;
  /** Head of the source branch; undefined while GitLab cannot resolve it. */
  readonly sha: string | undefined;
  readonly sourceBranch: string;
  readonly targetBranch: string;
  readonly sourceProjectId: number;
  readonly targetProjectId: number;
  readonly labels: readonly string[];
  /** The commit that the merge made on the target: merge commit, else squash commit, else head. Only when merged. */
  readonly mergedCommit: string | undefined;
  /** ISO 8601, by GitLab's clock. */
  readonly mergedAt?: string | undefined;
  readonly webUrl: string;
  /** Undefined while GitLab has not read the commits. */
  readonly diffRefs?: DiffRefs | undefined;
  /** The pipeline of exactly this head, which GitLab asks before a merge; undefined where there is none, and in lists. */
  readonly headPipeline?: number | undefined;
  /** How many comments there are, those of threads and our own included; what GitLab itself wrote is none. */
  readonly noteCount: number;
}

/** The commits that the diff of a merge request stands on: it shows what differs between base and head. */
export interface DiffRefs {
  readonly baseSha: string;
  readonly startSha: string;
  readonly headSha: string;
}

/** A line in the diff of a merge request. Added: a new number only; removed: an old one only; unchanged, within a hunk: both. */
export interface LinePosition {
  readonly oldPath: string;
  readonly newPath: string;
  readonly oldLine: number | undefined;
  readonly newLine: number | undefined;
}

/** A thread that we began on a line. */
export interface LineThread {
  readonly discussionId: string;
  /** Its first note, which is ours. */
  readonly noteId: number;
  readonly body: string;
  readonly resolved: "no" | "by-us" | "by-others";
  /** Where it stands in the diff of `headSha`. GitLab moves it on with each push, until a push changes its line. */
  readonly position: LinePosition;
  readonly headSha: string;
}

/** One pushed head of a merge request, by GitLab's own clock. */
export interface MergeRequestVersion {
  readonly headSha: string;
  readonly createdAt: string;
}

export interface Approval {
  readonly user: User;
  /** ISO 8601, by GitLab's clock; undefined where this GitLab does not tell. */
  readonly at: string | undefined;
}

/** Somebody put a label on a merge request, or took it off. */
export interface LabelEvent {
  readonly user: User;
  /** Undefined: the label was deleted since, and its name with it. */
  readonly label: string | undefined;
  readonly action: "add" | "remove";
  /** By the clock of the notes. */
  readonly at: string;
}

export interface Note {
  readonly id: number;
  readonly body: string;
  readonly author: User;
  readonly system: boolean;
  /** It stands in a thread that can be resolved. An answer makes one of a comment that stood alone. */
  readonly resolvable: boolean;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A note that somebody wrote, and the thread that it stands in. */
export interface Comment extends Note {
  readonly discussionId: string;
}

export interface CommitStatus {
  readonly name: "claimbot/plan" | "claimbot/apply";
  readonly state: "pending" | "running" | "success" | "failed" | "canceled";
  readonly description: string;
  readonly targetUrl?: string;
  /** The pipeline that it belongs to; without one GitLab finds or makes one by commit and ref. */
  readonly pipelineId?: number;
}

/** A status as GitLab shows it: the newest of its name in its pipeline, whoever set it. */
export interface SeenStatus {
  readonly name: string;
  /** GitLab's; CI jobs of the same commit have more of them than statuses. */
  readonly state: string;
  readonly description: string | undefined;
  readonly pipelineId: number | undefined;
  readonly author: User;
}

export interface ForgeEnvironment {
  readonly name: string;
  readonly state: "available" | "stopping" | "stopped";
  readonly tier: "production" | "staging" | "testing" | "development" | "other";
  readonly externalUrl: string | undefined;
  readonly description: string | undefined;
}

/** Every call may throw Waiting (rate limit, 5xx, unreachable) or Stalled (no right, not found where it must be). Writes are never blindly repeated. */
export interface Forge {
  me(signal?: AbortSignal): Promise<User>;
  project(signal?: AbortSignal): Promise<Project>;
  mergeRequest(iid: number, signal?: AbortSignal): Promise<MergeRequest>;
  openMergeRequests(signal?: AbortSignal): Promise<readonly MergeRequest[]>;
  /** Merged merge requests that brought this commit. */
  mergeRequestsOf(commit: string, signal?: AbortSignal): Promise<readonly MergeRequest[]>;
  /** Newest first. */
  versions(iid: number, signal?: AbortSignal): Promise<readonly MergeRequestVersion[]>;
  approvals(iid: number, signal?: AbortSignal): Promise<readonly Approval[]>;
  /** Oldest first, to the last page. That a label was deleted is none. */
  labelEvents(iid: number, signal?: AbortSignal): Promise<readonly LabelEvent[]>;
  /** 0 (none), 10, 15, 20, 25, 30, 40, 50: in the project, inherited ones included. */
  accessLevel(userId: number, signal?: AbortSignal): Promise<number>;
  /** The same in a group, such as an environment's owner. */
  groupAccessLevel(group: string, userId: number, signal?: AbortSignal): Promise<number>;
  /** Everybody with a level in the project, inherited ones included; to the last page. */
  members(signal?: AbortSignal): Promise<readonly Member[]>;
  /** The same in a group; empty for a group that is not there, or that we may not see. */
  groupMembers(group: string, signal?: AbortSignal): Promise<readonly Member[]>;
  /** Adds and takes off labels; what is so already is success. */
  editLabels(
    iid: number,
    labels: { readonly add?: readonly string[]; readonly remove?: readonly string[] },
    signal?: AbortSignal,
  ): Promise<void>;
  note(iid: number, noteId: number, signal?: AbortSignal): Promise<Note | undefined>;
  /** Comments with a greater id than this, without confidential ones, which are nobody's commands; oldest first, to the last page. */
  commentsSince(iid: number, noteId: number, signal?: AbortSignal): Promise<readonly Comment[]>;
  /** Our own newest note that carries the marker, looked for to the last page. */
  findOwnNote(iid: number, marker: string, signal?: AbortSignal): Promise<Note | undefined>;
  /** Reads back by marker before a second attempt. */
  createNote(iid: number, body: string, marker: string, signal?: AbortSignal): Promise<Note>;
  /** `gone`: somebody deleted it. */
  editNote(iid: number, noteId: number, body: string, signal?: AbortSignal): Promise<"edited" | "gone">;
  /** Answers in the thread of a note. Reads back by marker before a second attempt. */
  reply(iid: number, discussionId: string, body: string, marker: string, signal?: AbortSignal): Promise<void>;
  /** Adds an emoji; that it is there already is success. */
  react(iid: number, noteId: number, emoji: string, signal?: AbortSignal): Promise<void>;
  /** What is so already is success. Answers with the pipeline that it belongs to now, where GitLab tells. */
  setStatus(sha: string, ref: string, status: CommitStatus, signal?: AbortSignal): Promise<number | undefined>;
  /** All statuses of a commit, oldest first; to the last page. */
  statuses(sha: string, signal?: AbortSignal): Promise<readonly SeenStatus[]>;
  environment(name: string, signal?: AbortSignal): Promise<ForgeEnvironment | undefined>;
  /** Makes or changes it; what GitLab says that it is now. */
  saveEnvironment(environment: Omit<ForgeEnvironment, "state">, signal?: AbortSignal): Promise<ForgeEnvironment>;
  stopEnvironment(name: string, signal?: AbortSignal): Promise<void>;
  /** Makes sure that the newest deployment of the environment is of this commit and successful. */
  deploy(environment: string, commit: string, ref: string, signal?: AbortSignal): Promise<void>;
  /** Our own threads on lines whose first note begins with the text; looked for to the last page. */
  lineThreads(iid: number, beginning: string, signal?: AbortSignal): Promise<readonly LineThread[]>;
  /** `refused`: GitLab takes no thread on that line. Reads back by marker and line before a second attempt. */
  createLineThread(iid: number, thread: NewLineThread, signal?: AbortSignal): Promise<"created" | "refused">;
  /** One that is gone, or resolved already, is success. */
  resolveThread(iid: number, discussionId: string, resolved: boolean, signal?: AbortSignal): Promise<void>;
}

export interface NewLineThread {
  /** Begins with the marker. */
  readonly body: string;
  readonly marker: string;
  readonly refs: DiffRefs;
  readonly position: LinePosition;
}

// ── Jobs: what waits to be done, keyed so that it is done once. ──────────────────────────────────────────────────────────────────

export type Job =
  | { readonly kind: "review"; readonly mergeRequest: number }
  | { readonly kind: "release"; readonly environment: string }
  /** The default branch moved: find the environments it concerns and release each. */
  | { readonly kind: "fan-out" }
  | {
      readonly kind: "command";
      readonly project: number;
      readonly mergeRequest: number;
      readonly note: number;
      readonly discussion: string;
      /** The head that the commenter's page was about; a command can be refused by it, never permitted. */
      readonly intendedSha: string | undefined;
      /** Of the note's text when it was new: another text is an edit. Where nobody knows it, the note's times must be the same. */
      readonly said?: Digest | undefined;
    }
  | { readonly kind: "sweep" }
  /** Reads the claim store as an auditor would: what was not looked at for a day. */
  | { readonly kind: "verify" };

/** At most one job runs and one waits per key. A command's key is its note: commands never coalesce. */
export function jobKey(job: Job): string {
  switch (job.kind) {
    case "review":
      return `mr:${job.mergeRequest}`;
    case "release":
      return `env:${job.environment}`;
    case "command":
      return `note:${job.project}:${job.note}`;
    case "fan-out":
      return "fan-out";
    case "sweep":
      return "sweep";
    case "verify":
      return "verify";
  }
}

/** A webhook as it came in; stored together with the jobs that it caused. */
export interface Delivery {
  /** webhook-id, Idempotency-Key, or a digest of the body where GitLab sent neither. */
  readonly id: string;
  readonly source: "gitlab" | "flux";
  readonly event: string;
  /** ISO 8601, UTC. */
  readonly receivedAt: string;
  /** What was decided, and why, in one sentence. */
  readonly decision: string;
  readonly jobs: readonly Job[];
  /** Of a push hook: who pushed which head; remembered for the four eyes. */
  readonly pushed?: { readonly sha: string; readonly userId: number };
}

export interface Jobs {
  /** Stores delivery and jobs in one transaction; durable on return. `duplicate`: this id was stored before, nothing is done again. */
  accept(delivery: Delivery): Promise<"stored" | "duplicate">;
  enqueue(job: Job, options?: { readonly afterMs?: number }): Promise<void>;
}

/** What the database remembers beside the queue. All of it can be found again without it. */
export interface Memory {
  /** The sticky note of a merge request: its id and the digest of the body that we last wrote. */
  stickyNote(mergeRequest: number, marker: string): Promise<StickyNote | undefined>;
  rememberStickyNote(mergeRequest: number, marker: string, note: StickyNote): Promise<void>;
  /** The id of the user who pushed this head, where its push hook reached us. */
  pusherOf(sha: string): Promise<number | undefined>;
  rememberPusher(sha: string, userId: number): Promise<void>;
  /** The plans last stored for a merge request. */
  reviewedPlans(mergeRequest: number): Promise<ReviewedPlans | undefined>;
  rememberReviewedPlans(mergeRequest: number, reviewed: ReviewedPlans): Promise<void>;
  /** What we last said on a commit under a name. */
  status(sha: string, name: CommitStatus["name"]): Promise<RememberedStatus | undefined>;
  /** `parts` are added to those that are there, at once also for others who write; a pipeline stays where none is given. */
  rememberStatus(status: RememberedStatus): Promise<void>;
  /** Those that are not at their end: a part is not over, or nobody knows whether GitLab has the words. Oldest first. */
  openStatuses(): Promise<readonly RememberedStatus[]>;
  /** When verify looked at each part of the claim store. */
  looks(): Promise<readonly Look[]>;
  /** In place of the one before at that part. */
  rememberLook(look: Look): Promise<void>;
  /** Forgets those at all other parts: they are gone. */
  forgetLooks(others: readonly string[]): Promise<void>;
}

/** Verify's last look at one part of the claim store. */
export interface Look {
  /** An environment's name; empty: what is of no environment. */
  readonly part: string;
  /** ISO 8601, UTC. */
  readonly begunAt: string;
  /** When one last came to its end; before `begunAt` where this one has not. Undefined: none ever did. */
  readonly endedAt: string | undefined;
  /** Found by the one that came to its end. */
  readonly deviations: number;
}

export interface RememberedStatus {
  readonly sha: string;
  readonly name: CommitStatus["name"];
  readonly mergeRequest: number;
  /** Of claimbot/apply: how far each environment is that the merge request brought. */
  readonly parts: Readonly<Record<string, StatusPart>>;
  /** Undefined while nobody knows what GitLab has: a write was begun. */
  readonly said: Pick<CommitStatus, "state" | "description"> | undefined;
  readonly pipelineId: number | undefined;
}

export interface StatusPart {
  readonly state: "settled" | "overtaken" | "waiting" | "held" | "stopped";
  /** Without the environment's name: `held: 1 of 2 approvals`. */
  readonly words: string;
}

export interface StickyNote {
  readonly noteId: number;
  /** Of the body that we last wrote. */
  readonly bodyDigest: Digest;
}

export interface ReviewedPlans {
  /** Head and target that the plans were made for. */
  readonly sha: string;
  readonly target: string;
  /** ISO 8601, UTC. */
  readonly storedAt: string;
  /** Environment → digest of its plan. */
  readonly plans: Readonly<Record<string, Digest>>;
}

// ── The forge's settings: what onboarding sets up and the doctor looks at. The running service needs none of it. ─────────────────

export interface ForgeRelease {
  /** `19.1.0`, `18.5.2-ee`. */
  readonly version: string;
  readonly enterprise: boolean;
}

/** The token that we ourselves use; its value is never told. */
export interface ForgeToken {
  readonly name: string;
  readonly scopes: readonly string[];
  /** A date such as `2027-01-31`: it is dead from that day on. Undefined: it never expires. */
  readonly expiresOn: string | undefined;
}

export interface ForgeHook {
  readonly id: number;
  readonly name: string | undefined;
  readonly url: string;
  /** Those that it listens to, by GitLab's names: `merge_requests_events`. */
  readonly events: readonly string[];
  /** Only pushes to matching branches are sent; undefined: all are. */
  readonly branchFilter: string | undefined;
  /** Somebody's template rewrites the body. */
  readonly hasTemplate: boolean;
  readonly verifiesCertificate: boolean;
  /** Undefined where this GitLab does not tell. */
  readonly hasSecret: boolean | undefined;
  /** Undefined where this GitLab signs nothing (before 19.0). */
  readonly hasSigningToken: boolean | undefined;
  readonly health: "executable" | "temporarily_disabled" | "disabled";
  /** ISO 8601, UTC; only while it is temporarily disabled. */
  readonly disabledUntil: string | undefined;
}

export interface HookWish {
  readonly name: string;
  readonly url: string;
  /** Listened to or not; a name that is not here stays as it is. */
  readonly events: Readonly<Record<string, boolean>>;
  readonly secrets: HookSecretValues;
}

/** What is not here is left as it is; but GitLab drops the secret when the address changes. */
export interface HookSecretValues {
  readonly secret?: Secret;
  readonly signingToken?: Secret;
}

/** One request that a hook sent. */
export interface HookDelivery {
  readonly trigger: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Undefined: there was no answer. */
  readonly status: number | undefined;
}

/** Who may do something to a branch; `level` is undefined for a single user, group or key. */
export interface BranchAccess {
  readonly id: number;
  readonly level: number | undefined;
  readonly description: string;
}

export interface BranchRule {
  /** A name, or a pattern with `*`. */
  readonly name: string;
  readonly push: readonly BranchAccess[];
  readonly merge: readonly BranchAccess[];
  readonly forcePush: boolean;
}

/** Levels: 0 nobody, 30 developers and maintainers, 40 maintainers. */
export interface BranchWish {
  readonly name: string;
  readonly push: number;
  /** Undefined: who may merge stays. */
  readonly merge: number | undefined;
}

/** How merge requests are approved and merged. */
export interface MergeSettings {
  readonly pipelineMustSucceed: boolean;
  /** Undefined where this edition has no rules for approvals. */
  readonly approvals: { readonly byAuthor: boolean; readonly byCommitters: boolean; readonly resetOnPush: boolean } | undefined;
}

/** Every call may throw Waiting or Stalled, as those of Forge do. Every write may be repeated. */
export interface ForgeSettings {
  release(signal?: AbortSignal): Promise<ForgeRelease>;
  token(signal?: AbortSignal): Promise<ForgeToken>;
  hooks(signal?: AbortSignal): Promise<readonly ForgeHook[]>;
  /** Looks for it by name and address before a second attempt. */
  createHook(wish: HookWish, signal?: AbortSignal): Promise<ForgeHook>;
  editHook(id: number, wish: HookWish, signal?: AbortSignal): Promise<ForgeHook>;
  /** Everything else of the hook stays. */
  setHookSecrets(hook: ForgeHook, secrets: HookSecretValues, signal?: AbortSignal): Promise<ForgeHook>;
  /** Newest first; GitLab keeps two days. Undefined where this GitLab does not tell. */
  hookDeliveries(id: number, limit: number, signal?: AbortSignal): Promise<readonly HookDelivery[] | undefined>;
  /** Has a test event sent now: `answered` by the receiver with 2xx, `refused` in GitLab's words, or `no-data` to make one of. */
  testHook(
    id: number,
    trigger: string,
    signal?: AbortSignal,
  ): Promise<{ readonly outcome: "answered" | "no-data" } | { readonly outcome: "refused"; readonly detail: string }>;
  /** The names that merge requests of the project may carry, those of its groups included. */
  labels(signal?: AbortSignal): Promise<readonly string[]>;
  /** That it is there already is success. */
  createLabel(
    label: { readonly name: string; readonly color: string; readonly description: string },
    signal?: AbortSignal,
  ): Promise<void>;
  branchRules(signal?: AbortSignal): Promise<readonly BranchRule[]>;
  /** Makes the rule of that very name so, or the nearest that this edition can; what it is then. */
  protectBranch(wish: BranchWish, signal?: AbortSignal): Promise<BranchRule>;
  mergeSettings(signal?: AbortSignal): Promise<MergeSettings>;
  /** A file's bytes at a branch or commit; undefined when there is none. */
  file(path: string, ref: string, signal?: AbortSignal): Promise<Uint8Array | undefined>;
}
