/** Starts a strict small GitLab 19: git over HTTP, the part of the REST API that claimbot uses, webhooks, and pages for people. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, sep } from "node:path";
import { Hono } from "hono";
import type { Faults } from "../faults.ts";
import { startServer, type SandboxServer } from "../server.ts";
import { gitlabApi } from "./api/api.ts";
import { answerGit } from "./git-http.ts";
import { GitlabHandle, type Files, type HookOptions } from "./handle.ts";
import type { AccessLevel, ProjectSettings } from "./model.ts";
import { gitlabPages } from "./pages/pages.ts";
import { namespaceOf, World } from "./world.ts";
import { Webhooks } from "./webhooks.ts";

export interface SandboxUser {
  readonly username: string;
  readonly name?: string;
  readonly bot?: boolean;
  /** In the project. */
  readonly level?: AccessLevel;
  /** Group path → level. */
  readonly groups?: Readonly<Record<string, AccessLevel>>;
}

export interface GitlabOptions {
  /** The first commit of the default branch: a directory, or path → content. */
  readonly seed: string | Files;
  /** `platform/static-environments` without. */
  readonly project?: string;
  /** Beside `root`, the owner of the project. */
  readonly users?: readonly SandboxUser[];
  readonly port?: number;
  readonly now?: () => Date;
  readonly webhook?: HookOptions;
  readonly settings?: Partial<ProjectSettings>;
  readonly faults?: Faults;
}

export interface SandboxGitlab extends GitlabHandle, SandboxServer {}

/** Its repositories live in a temporary folder and go with it. */
export async function startGitlab(options: GitlabOptions): Promise<SandboxGitlab> {
  const root = await mkdtemp(join(tmpdir(), "sandbox-gitlab-"));
  const world = new World(root, options.now ?? (() => new Date()));
  const webhooks = new Webhooks(world);
  world.deliver = (happening) => webhooks.announce(happening);
  const owner = world.addUser({ username: "root", name: "Administrator" });
  const project = await world.addProject(options.project ?? "platform/static-environments", owner);
  world.addGroup(namespaceOf(project)).members.set(owner.id, world.membership(50));
  Object.assign(project.settings, options.settings);
  const unexpected: string[] = [];
  const handle = new GitlabHandle(world, webhooks, project, unexpected);
  for (const user of options.users ?? []) {
    handle.createUser(user.username, user);
    for (const [group, level] of Object.entries(user.groups ?? {})) handle.addGroupMember(group, user.username, level);
  }
  const files = typeof options.seed === "string" ? await readFiles(options.seed) : options.seed;
  await handle.push({ branch: project.defaultBranch, files, as: "root", message: "Initial commit" });
  if (options.webhook !== undefined) handle.addHook(options.webhook);

  const remember = (request: Request): void => {
    const { pathname, search } = new URL(request.url);
    unexpected.push(`${request.method} ${pathname}${search}`);
  };
  const app = new Hono();
  app.use(async (context, next) => (await answerGit(world, context.req.raw)) ?? next());
  app.route("/api/v4", gitlabApi(world, webhooks, remember));
  app.route("/", gitlabPages(world, project));
  app.notFound((context) => {
    remember(context.req.raw);
    return context.text("404 Not Found", 404);
  });
  const server = await startServer(app, {
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.faults === undefined ? {} : { faults: options.faults }),
  });
  world.url = server.url;
  return Object.assign(handle, {
    url: server.url,
    faults: server.faults,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await webhooks.settled();
      await rm(root, { recursive: true, force: true });
    },
  });
}

async function readFiles(directory: string): Promise<Files> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files: Record<string, Uint8Array> = {};
  for (const entry of entries) {
    const path = relative(directory, join(entry.parentPath, entry.name)).split(sep).join("/");
    if (entry.isFile() && !path.startsWith(".git/")) files[path] = await readFile(join(directory, path));
  }
  return files;
}
