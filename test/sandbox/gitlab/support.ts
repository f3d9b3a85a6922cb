/** A sandbox GitLab with a few people, a client for its API, and a receiver of webhooks. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Hono } from "hono";
import { startServer } from "../../../src/sandbox/server.ts";
import { startGitlab, type GitlabOptions, type SandboxGitlab } from "../../../src/sandbox/gitlab/start-gitlab.ts";

const SEED = {
  "README.md": "# Environments\n",
  "environments/dev/shop.yaml": "metadata:\n  name: shop\nspec:\n  type: dev\n",
  "environments/prod/payments.yaml": "metadata:\n  name: payments\nspec:\n  type: prod\n",
};

/** mara maintains, dev develops, gus is a guest, out is no member; bot is a token's user with maintainer rights. */
export async function gitlabForTests(options: Partial<GitlabOptions> = {}): Promise<SandboxGitlab> {
  return startGitlab({
    seed: SEED,
    users: [
      { username: "mara", level: 40, groups: { "commerce/payments": 40 } },
      { username: "dev", level: 30 },
      { username: "gus", level: 10 },
      { username: "out" },
      { username: "bot", name: "claimbot", bot: true, level: 40 },
    ],
    ...options,
  });
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // The shape is what the test says it is.
  readonly json: never;
}

export type Call = (method: string, path: string, body?: unknown) => Promise<Answer>;

/** Calls the API as a user; `:id` in a path is the project. */
export function api(gitlab: SandboxGitlab, username: string): Call {
  const token = gitlab.createToken(username);
  return async (method, path, body) => {
    const form = body instanceof FormData || body instanceof URLSearchParams;
    const response = await fetch(`${gitlab.url}/api/v4${path.replace(":id", String(gitlab.project.id))}`, {
      method,
      headers: { "private-token": token, ...(body === undefined || form ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: form ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json") ?? false;
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: (isJson && text !== "" ? JSON.parse(text) : undefined) as never,
    };
  };
}

export interface Received {
  readonly headers: Headers;
  readonly body: string;
  // The shape is what the test says it is.
  readonly json: { readonly object_kind: string; readonly object_attributes: Record<string, unknown> } & Record<string, unknown>;
}

/** Answers each webhook with `status()`. */
export async function webhookReceiver(
  status: () => number = () => 200,
): Promise<{ readonly url: string; readonly received: Received[] } & AsyncDisposable> {
  const received: Received[] = [];
  const app = new Hono();
  app.post("/hook", async (context) => {
    const body = await context.req.text();
    received.push({ headers: context.req.raw.headers, body, json: JSON.parse(body) as Received["json"] });
    return new Response(null, { status: status() });
  });
  const server = await startServer(app);
  return { url: `${server.url}/hook`, received, [Symbol.asyncDispose]: async () => server[Symbol.asyncDispose]() };
}

const run = promisify(execFile);

/** Real git with nobody's configuration; rejects with what git said. */
export async function git(directory: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run("git", ["-c", "user.name=Tester", "-c", "user.email=tester@example.org", ...args], {
    cwd: directory,
    env: { PATH: process.env["PATH"], HOME: directory, GIT_CONFIG_NOSYSTEM: "1", GIT_TERMINAL_PROMPT: "0" },
  });
  return stdout.trim();
}

/** The address of the project with a user's token in it. */
export function cloneUrl(gitlab: SandboxGitlab, username: string): string {
  return gitlab.gitUrl.replace("http://", `http://oauth2:${gitlab.createToken(username)}@`);
}

/** Opens a merge request that changes the dev claim; returns its iid. */
export async function openChange(gitlab: SandboxGitlab, branch = "feature", as = "dev"): Promise<number> {
  await gitlab.push({
    branch,
    as,
    files: { "environments/dev/shop.yaml": "metadata:\n  name: shop\nspec:\n  type: dev\n  expiry: none\n" },
  });
  return gitlab.openMergeRequest({ as, source: branch, title: `Change ${branch}` });
}
