/** A real remote for the tests: a bare repository, served by git itself over HTTP on loopback, with a password if one is asked for. */
import { execFileSync, spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtempSync, realpathSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PERSON = {
  GIT_AUTHOR_NAME: "Mara",
  GIT_AUTHOR_EMAIL: "mara@example.org",
  GIT_COMMITTER_NAME: "Jo",
  GIT_COMMITTER_EMAIL: "jo@example.org",
};

export interface Folder extends AsyncDisposable {
  readonly path: string;
}

export function temporaryFolder(): Folder {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "claimbot-test-")));
  return { path, [Symbol.asyncDispose]: async () => rm(path, { recursive: true, force: true }) };
}

export function run(directory: string, args: readonly string[], input?: string): string {
  const environment = { PATH: process.env["PATH"], HOME: directory, GIT_CONFIG_NOSYSTEM: "1", ...PERSON };
  return execFileSync("git", args, {
    cwd: directory,
    env: environment,
    encoding: "utf8",
    input: input ?? "",
    stdio: ["pipe", "pipe", "pipe"],
  }).trim();
}

/** Commits these files, and only these, on a ref of a bare repository; null content makes a symlink to nowhere. Returns the commit. */
export function commitFiles(
  bare: string,
  ref: string,
  files: Readonly<Record<string, string | null>>,
  parents: readonly string[] = [],
): string {
  const lines = Object.entries(files).map(([path, content]) => {
    const blob = run(bare, ["hash-object", "-w", "--stdin"], content ?? "nowhere");
    return `${content === null ? "120000" : "100644"} ${blob}\t${path}\0`;
  });
  const index = { ...process.env, GIT_INDEX_FILE: join(bare, `index-${Math.random()}`), HOME: bare };
  execFileSync("git", ["update-index", "--add", "-z", "--index-info"], { cwd: bare, env: index, input: lines.join("") });
  const tree = execFileSync("git", ["write-tree"], { cwd: bare, env: index, encoding: "utf8" }).trim();
  const commit = run(bare, ["commit-tree", tree, "-m", "change", ...parents.flatMap((parent) => ["-p", parent])]);
  run(bare, ["update-ref", "--", ref, commit]);
  return commit;
}

export interface Remote extends AsyncDisposable {
  readonly bare: string;
  readonly url: string;
  /** Authorization headers as they came; undefined where there was none. */
  readonly authorizations: (string | undefined)[];
}

export async function startRemote(password?: { readonly username: string; readonly token: string }): Promise<Remote> {
  const folder = temporaryFolder();
  const bare = join(folder.path, "claims.git");
  run(folder.path, ["init", "-q", "--bare", "-b", "main", bare]);
  const authorizations: (string | undefined)[] = [];
  const wanted = password && `Basic ${Buffer.from(`${password.username}:${password.token}`).toString("base64")}`;
  const server = createServer((request, response) => {
    authorizations.push(request.headers.authorization);
    if (wanted !== undefined && request.headers.authorization !== wanted) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end("HTTP Basic: Access denied");
      return;
    }
    const url = new URL(request.url ?? "/", "http://localhost");
    const cgi = spawn("git", ["http-backend"], {
      env: {
        PATH: process.env["PATH"],
        GIT_PROJECT_ROOT: folder.path,
        GIT_HTTP_EXPORT_ALL: "1",
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        REQUEST_METHOD: request.method,
        CONTENT_TYPE: request.headers["content-type"] ?? "",
        HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
        GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
        REMOTE_USER: "test",
      },
    });
    request.pipe(cgi.stdin);
    const chunks: Buffer[] = [];
    cgi.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    cgi.on("close", () => {
      const all = Buffer.concat(chunks);
      const end = all.indexOf("\r\n\r\n");
      const headers = Object.fromEntries(
        all
          .subarray(0, end)
          .toString("utf8")
          .split("\r\n")
          .map((line) => line.split(": ") as [string, string]),
      );
      const status = Number.parseInt(headers["Status"] ?? "200", 10);
      delete headers["Status"];
      response.writeHead(status, headers).end(all.subarray(end + 4));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    bare,
    url: `http://127.0.0.1:${port}/claims.git`,
    authorizations,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await folder[Symbol.asyncDispose]();
    },
  };
}
