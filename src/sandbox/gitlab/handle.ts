/** What tests and the story do to the sandbox GitLab without HTTP: as a person would, with a person's rights. */
import { approve, unapprove } from "./actions/approvals.ts";
import { applySuggestion } from "./actions/apply-suggestion.ts";
import { merge } from "./actions/merge.ts";
import { deleteLabel, openMergeRequest, prepare, updateMergeRequest, type MergeRequestEdit } from "./actions/merge-requests.ts";
import { award, comment, discussionOf, editNote, resolveDiscussion } from "./actions/notes.ts";
import { branchMoved, commitToBranch } from "./actions/push.ts";
import { allStatuses, setStatus, startPipeline, statusesOf, type NewStatus } from "./actions/statuses.ts";
import { NO_COMMIT, type FileChange } from "./bare-repository.ts";
import { currentVersion, headSha, headRef } from "./merge-request-state.ts";
import type {
  AccessLevel,
  CommitStatus,
  Deployment,
  Discussion,
  Environment,
  Hook,
  MergeRequest,
  Note,
  Position,
  Project,
  Scope,
  User,
} from "./model.ts";
import { newHook, type WebhookDelivery, type WebhookPredicate, type Webhooks } from "./webhooks.ts";
import type { QuickActionRun, World } from "./world.ts";

/** Path → content; null deletes. */
export type Files = Readonly<Record<string, string | Uint8Array | null>>;

export interface HookOptions {
  readonly url: string;
  readonly token?: string;
  readonly signingToken?: string;
  readonly name?: string;
  /** Merge requests, notes, pushes, deployments and emoji without. */
  readonly events?: readonly string[];
}

export class GitlabHandle {
  readonly world: World;
  readonly webhooks: Webhooks;
  readonly project: Project;
  readonly #unexpected: string[];

  constructor(world: World, webhooks: Webhooks, project: Project, unexpected: string[]) {
    this.world = world;
    this.webhooks = webhooks;
    this.project = project;
    this.#unexpected = unexpected;
  }

  // ── People ──

  /** With a level, a member of the project too. */
  createUser(username: string, options: { name?: string; bot?: boolean; level?: AccessLevel } = {}): User {
    const user = this.world.addUser({ username, ...options });
    if (options.level !== undefined) this.project.members.set(user.id, this.world.membership(options.level));
    return user;
  }

  user(username: string): User {
    return this.world.user(username);
  }

  /** A project access token's user, named as GitLab names them. */
  createBot(options: { name?: string; level?: AccessLevel; scopes?: readonly Scope[] } = {}): { user: User; token: string } {
    const suffix = Buffer.from(String(this.world.users.length)).toString("hex").padStart(8, "0");
    const user = this.createUser(`project_${this.project.id}_bot_${suffix}`, {
      name: options.name ?? "claimbot",
      bot: true,
      level: options.level ?? 40,
    });
    return { user, token: this.createToken(user.username, { scopes: options.scopes ?? ["api"] }) };
  }

  /** The secret of a new token. */
  createToken(username: string, options: { scopes?: readonly Scope[]; expiresOn?: string; name?: string } = {}): string {
    return this.world.addToken(this.user(username), options).value;
  }

  revokeToken(value: string): void {
    for (const token of this.world.tokens) if (token.value === value) token.revoked = true;
  }

  /** In the project; level 0 takes the membership away. */
  addMember(username: string, level: AccessLevel): void {
    setMember(this.world, this.project.members, this.user(username), level);
  }

  /** Makes the group where there is none yet. */
  addGroupMember(group: string, username: string, level: AccessLevel): void {
    setMember(this.world, this.world.addGroup(group).members, this.user(username), level);
  }

  createGroup(path: string, options: { visibility?: "private" | "internal" } = {}): void {
    this.world.addGroup(path, options.visibility);
  }

  // ── Branches ──

  /** One commit; a branch that is not there yet begins at `start`, or the default branch. Returns the new head. */
  async push(options: {
    branch: string;
    files: Files;
    as: string;
    message?: string;
    start?: string;
    force?: boolean;
    author?: { name: string; email: string };
    project?: Project;
  }): Promise<string> {
    return commitToBranch(this.world, options.project ?? this.project, this.user(options.as), {
      branch: options.branch,
      message: options.message ?? `Update ${Object.keys(options.files).join(", ")}`,
      changes: Object.entries(options.files).map(([path, content]): FileChange => {
        return content === null ? { kind: "delete", path } : { kind: "write", path, content };
      }),
      ...(options.start === undefined ? {} : { start: options.start }),
      ...(options.force === undefined ? {} : { force: options.force }),
      ...(options.author === undefined ? {} : { author: options.author }),
    });
  }

  async deleteBranch(branch: string, options: { as: string }): Promise<void> {
    const before = await this.project.repository.branchHead(branch);
    if (before === undefined) throw new Error(`the sandbox has no branch ${branch}`);
    await this.project.repository.deleteRef(`refs/heads/${branch}`);
    await branchMoved(this.world, this.project, this.user(options.as), { branch, before, after: NO_COMMIT });
  }

  /** The commit of a branch, or of `refs/…`. */
  async head(ref: string = this.project.defaultBranch): Promise<string> {
    const sha = await this.project.repository.resolve(ref);
    if (sha === undefined) throw new Error(`the sandbox has no ref ${ref}`);
    return sha;
  }

  async file(path: string, ref: string = this.project.defaultBranch): Promise<string | undefined> {
    const file = await this.project.repository.file(await this.head(ref), path);
    return file?.bytes.toString();
  }

  /** A fork under the user's own name, with the default branch as it is now. */
  async fork(username: string): Promise<Project> {
    const name = this.project.path.split("/").at(-1) ?? "";
    const fork = await this.world.addProject(`${username}/${name}`, this.user(username), this.project);
    await fork.repository.fetchFrom(this.project.repository, await this.head(), `refs/heads/${fork.defaultBranch}`);
    return fork;
  }

  // ── Merge requests ──

  /** Prepared at once, unless `world.holdPreparation`. Returns the iid. */
  async openMergeRequest(options: {
    as: string;
    source: string;
    target?: string;
    title?: string;
    description?: string;
    labels?: readonly string[];
    fork?: Project;
  }): Promise<number> {
    const mergeRequest = await openMergeRequest(this.world, this.project, this.user(options.as), {
      source: options.fork ?? this.project,
      sourceBranch: options.source,
      targetBranch: options.target ?? this.project.defaultBranch,
      title: options.title ?? options.source,
      ...(options.description === undefined ? {} : { description: options.description }),
      ...(options.labels === undefined ? {} : { labels: options.labels }),
    });
    if (!this.world.holdPreparation) await prepare(this.world, mergeRequest);
    return mergeRequest.iid;
  }

  async finishPreparation(iid: number): Promise<void> {
    await prepare(this.world, this.mergeRequest(iid));
  }

  mergeRequest(iid: number): MergeRequest {
    const mergeRequest = this.project.mergeRequests.find((candidate) => candidate.iid === iid);
    if (mergeRequest === undefined) throw new Error(`the sandbox has no merge request !${iid}`);
    return mergeRequest;
  }

  async edit(iid: number, edit: MergeRequestEdit, options: { as: string }): Promise<void> {
    await updateMergeRequest(this.world, this.mergeRequest(iid), this.user(options.as), edit);
  }

  /** From the project, and so from every merge request that carries it. */
  deleteLabel(name: string): void {
    deleteLabel(this.project, name);
  }

  async approve(iid: number, options: { as: string; sha?: string }): Promise<void> {
    await approve(this.world, this.mergeRequest(iid), this.user(options.as), options.sha);
  }

  async unapprove(iid: number, options: { as: string }): Promise<void> {
    await unapprove(this.world, this.mergeRequest(iid), this.user(options.as));
  }

  /** Returns the merge commit. */
  async merge(iid: number, options: { as: string; sha?: string }): Promise<string> {
    const sha = options.sha === undefined ? {} : { sha: options.sha };
    return merge(this.world, this.mergeRequest(iid), this.user(options.as), sha);
  }

  async close(iid: number, options: { as: string }): Promise<void> {
    await this.edit(iid, { stateEvent: "close" }, options);
  }

  async reopen(iid: number, options: { as: string }): Promise<void> {
    await this.edit(iid, { stateEvent: "reopen" }, options);
  }

  headOf(iid: number): string | undefined {
    return headSha(this.mergeRequest(iid));
  }

  // ── Comments ──

  /** Returns the note's id; undefined when it was all quick actions. `replyTo` is a note of the thread; `on` begins one on an added line. */
  async comment(
    iid: number,
    body: string,
    options: { as: string; internal?: boolean; replyTo?: number; on?: { path: string; line: number } },
  ): Promise<number | undefined> {
    const mergeRequest = this.mergeRequest(iid);
    const thread = options.replyTo === undefined ? undefined : discussionOf(mergeRequest, this.note(iid, options.replyTo));
    const said = await comment(this.world, mergeRequest, this.user(options.as), {
      body,
      ...(options.internal === undefined ? {} : { internal: options.internal }),
      ...(thread === undefined ? {} : { in: thread }),
      ...(options.on === undefined ? {} : { thread: true, position: this.#addedLine(iid, options.on) }),
    });
    return said.kind === "note" ? said.note.id : undefined;
  }

  /** Clicks on the suggestion in a comment on a line. */
  async applySuggestion(iid: number, noteId: number, options: { as: string }): Promise<void> {
    await applySuggestion(this.world, this.mergeRequest(iid), this.user(options.as), this.note(iid, noteId));
  }

  #addedLine(iid: number, { path, line }: { path: string; line: number }): Position {
    const lines = { old_path: path, new_path: path, old_line: null, new_line: line };
    return { ...this.diffRefs(iid), position_type: "text", ...lines };
  }

  /** The thread of a note. */
  resolve(iid: number, noteId: number, options: { as: string; resolved?: boolean }): void {
    const mergeRequest = this.mergeRequest(iid);
    const thread = discussionOf(mergeRequest, this.note(iid, noteId));
    resolveDiscussion(this.world, mergeRequest, this.user(options.as), thread, options.resolved ?? true);
  }

  async editNote(iid: number, noteId: number, body: string, options: { as: string }): Promise<void> {
    await editNote(this.world, this.mergeRequest(iid), this.user(options.as), this.note(iid, noteId), body);
  }

  /** What people and bots said, oldest first; without GitLab's own notes. */
  notes(iid: number, options: { by?: string } = {}): readonly Note[] {
    return this.discussions(iid)
      .flatMap(({ notes }) => notes)
      .filter(({ system, author }) => !system && (options.by === undefined || author.username === options.by));
  }

  note(iid: number, noteId: number): Note {
    const note = this.notes(iid).find(({ id }) => id === noteId);
    if (note === undefined) throw new Error(`the sandbox has no note ${noteId} on !${iid}`);
    return note;
  }

  discussions(iid: number): readonly Discussion[] {
    return this.mergeRequest(iid).discussions;
  }

  async react(iid: number, noteId: number, emoji: string, options: { as: string }): Promise<void> {
    await award(this.world, this.mergeRequest(iid), this.user(options.as), this.note(iid, noteId), emoji);
  }

  /** `username:emoji` of each reaction. */
  reactions(iid: number, noteId: number): readonly string[] {
    return this.note(iid, noteId).awards.map(({ user, name }) => `${user.username}:${name}`);
  }

  // ── What the bot left behind ──

  /** Of the merge request's head, or of a commit; the newest of each name. */
  statuses(of: number | string): readonly CommitStatus[] {
    const sha = typeof of === "string" ? of : headSha(this.mergeRequest(of));
    return sha === undefined ? [] : statusesOf(this.project, sha, false);
  }

  /** Each that was ever set, on whatever commit, newest state of each. */
  allStatuses(): readonly CommitStatus[] {
    return allStatuses(this.project);
  }

  /** As somebody with a token would. */
  async setStatus(status: NewStatus, options: { as: string }): Promise<void> {
    await setStatus(this.world, this.project, this.user(options.as), status);
  }

  /** What GitLab CI does for a commit; gives its id. */
  async startPipeline(sha: string, ref: string): Promise<number> {
    return startPipeline(this.world, this.project, sha, ref).id;
  }

  environments(): readonly Environment[] {
    return this.project.environments;
  }

  environment(name: string): Environment | undefined {
    return this.project.environments.find((environment) => environment.name === name);
  }

  deployments(environment?: string): readonly Deployment[] {
    return this.project.deployments.filter(
      (deployment) => environment === undefined || deployment.environment.name === environment,
    );
  }

  /** Quick actions that ran: a bot's own notes should never start one. */
  get quickActionsRun(): readonly QuickActionRun[] {
    return this.world.quickActionsRun;
  }

  /** Requests that this sandbox does not know, as `GET /path`. */
  get unexpected(): readonly string[] {
    return this.#unexpected;
  }

  // ── Webhooks ──

  addHook(options: HookOptions): Hook {
    const hook = newHook(this.world, this.project, options.url);
    hook.name = options.name ?? null;
    hook.token = options.token;
    hook.signingToken = options.signingToken;
    hook.events = new Set(
      options.events ?? ["merge_requests_events", "note_events", "push_events", "deployment_events", "emoji_events"],
    );
    return hook;
  }

  get deliveries(): readonly WebhookDelivery[] {
    return this.webhooks.deliveries;
  }

  dropNextWebhook(matches?: WebhookPredicate): void {
    this.webhooks.dropNext(matches);
  }

  doubleNextWebhook(matches?: WebhookPredicate): void {
    this.webhooks.doubleNext(matches);
  }

  /** Resolves when every webhook on its way has been answered. */
  async webhooksSettled(): Promise<void> {
    await this.webhooks.settled();
  }

  /** `https` addresses without their secrets, for `git clone` with a token. */
  get gitUrl(): string {
    return `${this.world.webUrl(this.project)}.git`;
  }

  /** The ref that GitLab keeps for a merge request, with the commit behind it. */
  async mergeRequestRef(iid: number): Promise<string> {
    return this.head(headRef({ iid }));
  }

  /** Base, start and head of the newest version: what an anchored comment needs. */
  diffRefs(iid: number): { base_sha: string; start_sha: string; head_sha: string } {
    const version = currentVersion(this.mergeRequest(iid));
    if (version === undefined) throw new Error(`merge request !${iid} has no version`);
    return { base_sha: version.baseSha, start_sha: version.startSha, head_sha: version.headSha };
  }
}

function setMember(world: World, members: Project["members"], user: User, level: AccessLevel): void {
  if (level === 0) members.delete(user.id);
  else members.set(user.id, world.membership(level));
}
