/** git over HTTP: the real `git http-backend`, behind GitLab's tokens and roles. */
import { gitToken } from "./authentication.ts";
import { branchesMoved, mayPush } from "./actions/push.ts";
import { NO_COMMIT } from "./bare-repository.ts";
import { runGit } from "./git-process.ts";
import type { Project, Token, User } from "./model.ts";
import type { BranchMove } from "./payloads/push-event.ts";
import type { World } from "./world.ts";

const ROUTE = /^\/(.+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/;

/** Undefined where the request is not git's. */
export async function answerGit(world: World, request: Request): Promise<Response | undefined> {
  const url = new URL(request.url);
  const [, path, service] = ROUTE.exec(decodeURIComponent(url.pathname)) ?? [];
  if (path === undefined || service === undefined) return undefined;
  const token = gitToken(world, request.headers);
  if (token === undefined) {
    return new Response(
      "HTTP Basic: Access denied. If a password was provided for Git authentication, the password was incorrect.\n",
      {
        status: 401,
        headers: { "content-type": "text/plain; charset=utf-8", "www-authenticate": 'Basic realm="GitLab"' },
      },
    );
  }
  const project = world.project(path);
  const pushes = service === "git-receive-pack" || url.searchParams.get("service") === "git-receive-pack";
  if (project === undefined || world.level(project, token.user) === 0) {
    return plain(404, "The project you were looking for could not be found or you don't have permission to view it.\n");
  }
  if (!allowed(world, project, token, pushes)) {
    return plain(
      403,
      pushes
        ? "You are not allowed to push code to this project.\n"
        : "You are not allowed to download code from this project.\n",
    );
  }
  token.lastUsedAt = world.now();
  const body = request.method === "POST" ? Buffer.from(await request.arrayBuffer()) : Buffer.alloc(0);
  if (service !== "git-receive-pack") return httpBackend(project, token.user, request, { service, body, denied: [] });
  return project.repository.exclusively(async () => {
    const before = await project.repository.branches();
    const denied = deniedRefs(world, project, token.user, body);
    const response = await httpBackend(project, token.user, request, { service, body, denied });
    const moves = movesBetween(before, await project.repository.branches());
    await branchesMoved(world, project, token.user, moves);
    return response;
  });
}

function allowed(world: World, project: Project, token: Token, pushes: boolean): boolean {
  const level = world.level(project, token.user);
  if (pushes) return level >= 30 && token.scopes.some((scope) => scope === "api" || scope === "write_repository");
  return (
    level >= 20 && token.scopes.some((scope) => scope === "api" || scope === "read_repository" || scope === "write_repository")
  );
}

/** The refs of a push that this user may not move. */
function deniedRefs(world: World, project: Project, user: User, body: Buffer): readonly string[] {
  return pushedRefs(body).filter(
    (ref) => !ref.startsWith("refs/heads/") || !mayPush(world, project, user, ref.slice("refs/heads/".length)),
  );
}

// Each packet: four hexadecimal digits of length, then `<old> <new> <ref>`, the first with capabilities behind a NUL; `0000` ends the list.
function pushedRefs(body: Buffer): readonly string[] {
  const refs: string[] = [];
  for (let at = 0; at + 4 <= body.length;) {
    const length = Number.parseInt(body.subarray(at, at + 4).toString(), 16);
    if (!(length > 4)) break;
    const ref = body
      .subarray(at + 4, at + length)
      .toString()
      .split("\0")[0]
      ?.trim()
      .split(" ")[2];
    if (ref !== undefined) refs.push(ref);
    at += length;
  }
  return refs;
}

function movesBetween(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly BranchMove[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((branch) => ({ branch, before: before.get(branch) ?? NO_COMMIT, after: after.get(branch) ?? NO_COMMIT }))
    .filter((move) => move.before !== move.after);
}

async function httpBackend(
  project: Project,
  user: User,
  request: Request,
  { service, body, denied }: { readonly service: string; readonly body: Buffer; readonly denied: readonly string[] },
): Promise<Response> {
  const url = new URL(request.url);
  const encoding = request.headers.get("content-encoding");
  const protocol = request.headers.get("git-protocol");
  const result = await runGit(["http-backend"], {
    cwd: project.repository.path,
    input: body,
    env: {
      GIT_PROJECT_ROOT: project.repository.path,
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: `/${service}`,
      REQUEST_METHOD: request.method,
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: request.headers.get("content-type") ?? "",
      CONTENT_LENGTH: String(body.length),
      REMOTE_USER: user.username,
      REMOTE_ADDR: "127.0.0.1",
      SANDBOX_DENIED_REFS: denied.join(" "),
      ...(encoding === null ? {} : { HTTP_CONTENT_ENCODING: encoding }),
      ...(protocol === null ? {} : { GIT_PROTOCOL: protocol }),
    },
  });
  return cgiResponse(result.stdout);
}

function cgiResponse(output: Buffer): Response {
  const end = output.indexOf("\r\n\r\n");
  if (end === -1) return plain(500, "git http-backend gave no answer\n");
  const headers = new Headers();
  let status = 200;
  for (const line of output.subarray(0, end).toString().split("\r\n")) {
    const [, name = "", value = ""] = /^([^:]+):\s*(.*)$/.exec(line) ?? [];
    if (name.toLowerCase() === "status") status = Number.parseInt(value, 10);
    else if (name !== "") headers.append(name, value);
  }
  return new Response(new Uint8Array(output.subarray(end + 4)), { status, headers });
}

function plain(status: number, text: string): Response {
  return new Response(text, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
}
