/** Everything in the sandbox GitLab, and the questions that every part of it asks. Knows no HTTP. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { BareRepository } from "./bare-repository.ts";
import type { AccessLevel, Group, HookEvent, Membership, MergeRequest, Project, Release, Scope, Token, User } from "./model.ts";

/** Something happened that hooks may want to hear of. */
export interface Happening {
  readonly project: Project;
  readonly event: HookEvent;
  /** `Merge Request Hook`. */
  readonly header: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** The branch that a push moved: hooks filter by it. */
  readonly branch?: string;
}

/** A quick action that GitLab found in a note and ran. */
export interface QuickActionRun {
  readonly username: string;
  readonly mergeRequest: number;
  /** Lower case, without the slash. */
  readonly name: string;
  readonly argument: string;
  readonly effect: "done" | "refused" | "recorded only";
}

// Sequences start apart, so that whoever takes an id for an iid, or a note for a merge request, is found out.
const FIRST_IDS = {
  user: 101,
  group: 201,
  project: 301,
  token: 401,
  hook: 501,
  label: 601,
  labelEvent: 100_001,
  protectedBranch: 701,
  mergeRequest: 10_001,
  version: 20_001,
  note: 30_001,
  award: 40_001,
  pipeline: 50_001,
  status: 60_001,
  environment: 70_001,
  deployment: 80_001,
  delivery: 90_001,
} as const;

export class World {
  readonly users: User[] = [];
  readonly tokens: Token[] = [];
  readonly groups: Group[] = [];
  readonly projects: Project[] = [];
  readonly quickActionsRun: QuickActionRun[] = [];
  readonly now: () => Date;
  /** The server's own address; known once it listens. */
  url = "http://127.0.0.1";
  release: Release = { version: "19.1.0", premium: false };
  /** Opened merge requests stay unprepared until somebody prepares them. */
  holdPreparation = false;
  /** So many status updates are answered 409, as while another one runs. */
  busyStatusUpdates = 0;
  /** More in one pipeline are refused. */
  jobsPerPipeline = Number.POSITIVE_INFINITY;
  /** Set by whoever delivers webhooks. */
  deliver: (happening: Happening) => void = () => undefined;
  readonly #root: string;
  readonly #next: Record<keyof typeof FIRST_IDS, number> = { ...FIRST_IDS };

  constructor(root: string, now: () => Date) {
    this.#root = root;
    this.now = now;
  }

  /** Tells the hooks of a project; where there are none, what they would hear is not even put together. */
  async announce(project: Project, happening: () => Promise<Happening>): Promise<void> {
    if (project.hooks.length > 0) this.deliver(await happening());
  }

  id(kind: keyof typeof FIRST_IDS): number {
    return this.#next[kind]++;
  }

  addUser(user: { username: string; name?: string; bot?: boolean }): User {
    if (this.users.some(({ username }) => username === user.username)) throw new Error(`user ${user.username} exists`);
    const created: User = {
      id: this.id("user"),
      username: user.username,
      name: user.name ?? user.username.charAt(0).toUpperCase() + user.username.slice(1),
      email: `${user.username}@${user.bot ? "noreply.gitlab.test" : "example.org"}`,
      bot: user.bot ?? false,
      createdAt: this.now(),
    };
    this.users.push(created);
    return created;
  }

  addToken(user: User, options: { scopes?: readonly Scope[]; name?: string; expiresOn?: string; value?: string } = {}): Token {
    const token: Token = {
      id: this.id("token"),
      value: options.value ?? `glpat-${randomBytes(15).toString("base64url")}`,
      name: options.name ?? "sandbox",
      user,
      scopes: options.scopes ?? ["api"],
      createdAt: this.now(),
      expiresOn: options.expiresOn,
      revoked: false,
      lastUsedAt: undefined,
    };
    this.tokens.push(token);
    return token;
  }

  addGroup(path: string, visibility: Group["visibility"] = "internal"): Group {
    const known = this.groups.find((group) => group.path === path);
    if (known !== undefined) return known;
    const group: Group = { id: this.id("group"), path, visibility, members: new Map() };
    this.groups.push(group);
    return group;
  }

  /** A project with an empty repository; its first push gives it the default branch. */
  async addProject(path: string, creator: User, forkedFrom?: Project): Promise<Project> {
    const id = this.id("project");
    const defaultBranch = forkedFrom?.defaultBranch ?? "main";
    const project: Project = {
      id,
      path,
      defaultBranch,
      createdAt: this.now(),
      creator,
      repository: await BareRepository.create(join(this.#root, `${id}.git`), defaultBranch),
      forkedFrom,
      members: new Map([[creator.id, this.membership(40)]]),
      mergeRequests: [],
      hooks: [],
      labels: [],
      environments: [],
      deployments: [],
      pipelines: [],
      statuses: [],
      protectedBranches: [{ id: this.id("protectedBranch"), name: defaultBranch, pushLevel: 40, mergeLevel: 40 }],
      settings: {
        authorMayApprove: true,
        resetApprovalsOnPush: false,
        onlyMergeIfPipelineSucceeds: false,
        onlyMergeIfDiscussionsResolved: false,
      },
    };
    this.projects.push(project);
    return project;
  }

  membership(level: AccessLevel): Membership {
    return { level, since: this.now() };
  }

  user(username: string): User {
    const user = this.users.find((candidate) => candidate.username === username);
    if (user === undefined) throw new Error(`the sandbox has no user ${username}`);
    return user;
  }

  /** By id or path, as in a route. */
  project(idOrPath: string | number): Project | undefined {
    return this.projects.find(({ id, path }) => String(id) === String(idOrPath) || path === idOrPath);
  }

  group(idOrPath: string | number): Group | undefined {
    return this.groups.find(({ id, path }) => String(id) === String(idOrPath) || path === idOrPath);
  }

  /** In the group and the groups above it: the highest counts. */
  groupMember(groupPath: string, user: User): Membership | undefined {
    const parts = groupPath.split("/");
    const paths = parts.map((_, index) => parts.slice(0, index + 1).join("/"));
    return highest(this.groups.filter(({ path }) => paths.includes(path)).map(({ members }) => members.get(user.id)));
  }

  /** In the project, inherited ones included. */
  projectMember(project: Project, user: User): Membership | undefined {
    return highest([project.members.get(user.id), this.groupMember(namespaceOf(project), user)]);
  }

  level(project: Project, user: User): AccessLevel {
    return this.projectMember(project, user)?.level ?? 0;
  }

  /** All who are members, inherited ones included, by id. */
  members(holder: { readonly project: Project } | { readonly group: Group }): readonly { user: User; membership: Membership }[] {
    return this.users.flatMap((user) => {
      const membership =
        "project" in holder ? this.projectMember(holder.project, user) : this.groupMember(holder.group.path, user);
      return membership === undefined ? [] : [{ user, membership }];
    });
  }

  webUrl(project: Project): string {
    return `${this.url}/${project.path}`;
  }

  mergeRequestUrl(mergeRequest: MergeRequest): string {
    return `${this.webUrl(mergeRequest.project)}/-/merge_requests/${mergeRequest.iid}`;
  }
}

export function namespaceOf(project: Project): string {
  return project.path.slice(0, project.path.lastIndexOf("/"));
}

/** `environments/*` covers `environments/x`. */
export function matchesPattern(pattern: string, name: string): boolean {
  const expression = pattern
    .split("*")
    .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join(".*");
  return new RegExp(`^${expression}$`).test(name);
}

function highest(memberships: readonly (Membership | undefined)[]): Membership | undefined {
  return memberships
    .filter((membership) => membership !== undefined)
    .toSorted((a, b) => b.level - a.level)
    .at(0);
}
