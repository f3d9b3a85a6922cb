/** One bare repository, worked on by real git. */
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runGit, type GitResult } from "./git-process.ts";

export const NO_COMMIT = "0".repeat(40);
const COMMITS = /^[0-9a-f]{40} [0-9a-f]{40}$/;

export interface Signature {
  readonly name: string;
  readonly email: string;
  readonly at: Date;
}

export interface Commit {
  readonly sha: string;
  readonly parents: readonly string[];
  readonly authorName: string;
  readonly authorEmail: string;
  readonly authoredAt: string;
  readonly committerName: string;
  readonly committerEmail: string;
  readonly committedAt: string;
  readonly message: string;
}

export interface TreeEntry {
  readonly mode: string;
  readonly type: "blob" | "tree" | "commit";
  readonly id: string;
  readonly path: string;
}

export type FileChange =
  | { readonly kind: "write"; readonly path: string; readonly content: string | Uint8Array; readonly executable?: boolean }
  | { readonly kind: "delete"; readonly path: string }
  | { readonly kind: "move"; readonly from: string; readonly path: string };

// Refused pushes come from git itself, so that a client sees what GitLab's clients see.
const PRE_RECEIVE = `#!/bin/sh
while read -r old new ref; do
  for denied in $SANDBOX_DENIED_REFS; do
    if [ "$ref" = "$denied" ]; then
      echo "GitLab: You are not allowed to push code to protected branches on this project." >&2
      exit 1
    fi
  done
done
`;

export class BareRepository {
  readonly path: string;
  #last: Promise<unknown> = Promise.resolve();
  /** Two commits → whether the first is an ancestor of the second: asked for every merge request, by a process each. */
  readonly #ancestry = new Map<string, boolean>();
  /** Ids of commits that are there: none ever goes. */
  readonly #commits = new Set<string>();

  private constructor(path: string) {
    this.path = path;
  }

  static async create(path: string, defaultBranch: string): Promise<BareRepository> {
    await mkdir(path, { recursive: true });
    const repository = new BareRepository(path);
    await repository.git(["init", "--quiet", "--bare", `--initial-branch=${defaultBranch}`, "."]);
    await repository.git(["config", "http.receivepack", "true"]);
    await repository.git(["config", "receive.hideRefs", "refs/merge-requests"]);
    await repository.git(["config", "uploadpack.allowAnySHA1InWant", "true"]);
    await repository.git(["config", "uploadpack.allowFilter", "true"]);
    await repository.git(["config", "gc.auto", "0"]);
    const hook = join(path, "hooks", "pre-receive");
    await mkdir(join(path, "hooks"), { recursive: true });
    await writeFile(hook, PRE_RECEIVE);
    await chmod(hook, 0o755);
    return repository;
  }

  /** Runs one change after the other: whoever moves a ref and then looks at it must not be disturbed. */
  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  async run(args: readonly string[], input?: string | Uint8Array): Promise<GitResult> {
    return runGit(args, { cwd: this.path, ...(input === undefined ? {} : { input }) });
  }

  /** Throws when git fails. */
  async git(args: readonly string[], input?: string | Uint8Array): Promise<string> {
    const result = await this.run(args, input);
    if (result.code !== 0) throw new Error(`git ${args[0]} failed: ${result.stderr.trim()}`);
    return result.stdout.toString();
  }

  /** The commit behind a branch, tag or id. */
  async resolve(ref: string): Promise<string | undefined> {
    if (this.#commits.has(ref)) return ref;
    const result = await this.run(["rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`]);
    if (result.code !== 0) return undefined;
    const commit = result.stdout.toString().trim();
    this.#commits.add(commit);
    return commit;
  }

  async branchHead(branch: string): Promise<string | undefined> {
    return this.resolve(`refs/heads/${branch}`);
  }

  /** Branch name → commit. */
  async branches(): Promise<ReadonlyMap<string, string>> {
    const text = await this.git(["for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads"]);
    return new Map(
      text
        .split("\n")
        .filter(Boolean)
        .map((line): [string, string] => [line.slice(41), line.slice(0, 40)]),
    );
  }

  async isAncestor(ancestor: string, descendant: string): Promise<boolean> {
    const key = `${ancestor} ${descendant}`;
    const known = this.#ancestry.get(key);
    if (known !== undefined) return known;
    const { code } = await this.run(["merge-base", "--is-ancestor", ancestor, descendant]);
    // What is not there (128) may come; between two commits nothing ever changes.
    if (code <= 1 && COMMITS.test(key)) this.#ancestry.set(key, code === 0);
    return code === 0;
  }

  async mergeBase(refs: readonly string[]): Promise<string | undefined> {
    const result = await this.run(["merge-base", "--end-of-options", ...refs]);
    return result.code === 0 ? result.stdout.toString().trim() : undefined;
  }

  /** The merged tree; undefined for a conflict. */
  async mergeTree(target: string, head: string): Promise<string | undefined> {
    const result = await this.run(["merge-tree", "--write-tree", target, head]);
    if (result.code > 1) throw new Error(`git merge-tree failed: ${result.stderr.trim()}`);
    return result.code === 0 ? result.stdout.toString().split("\n")[0] : undefined;
  }

  async commitTree(tree: string, parents: readonly string[], message: string, by: Signature): Promise<string> {
    const date = `@${Math.floor(by.at.getTime() / 1000)} +0000`;
    const result = await runGit(["commit-tree", tree, ...parents.flatMap((parent) => ["-p", parent]), "-F", "-"], {
      cwd: this.path,
      input: message,
      env: {
        GIT_AUTHOR_NAME: by.name,
        GIT_AUTHOR_EMAIL: by.email,
        GIT_AUTHOR_DATE: date,
        GIT_COMMITTER_NAME: by.name,
        GIT_COMMITTER_EMAIL: by.email,
        GIT_COMMITTER_DATE: date,
      },
    });
    if (result.code !== 0) throw new Error(`git commit-tree failed: ${result.stderr.trim()}`);
    return result.stdout.toString().trim();
  }

  /** Moves a ref, if it still is where `expected` says. */
  async updateRef(ref: string, sha: string, expected?: string): Promise<void> {
    await this.git(["update-ref", ref, sha, ...(expected === undefined ? [] : [expected])]);
  }

  async deleteRef(ref: string): Promise<void> {
    await this.git(["update-ref", "-d", ref]);
  }

  /** Brings a commit and its history from another repository on this disk under a ref of this one. */
  async fetchFrom(other: BareRepository, sha: string, ref: string): Promise<void> {
    if (other.path === this.path) await this.updateRef(ref, sha);
    else await this.git(["fetch", "--quiet", "--no-tags", other.path, `+${sha}:${ref}`]);
  }

  /** One commit on top of `parent` (a first commit without); moves no branch. */
  async commit(options: {
    readonly parent: string | undefined;
    readonly message: string;
    readonly author: Signature;
    readonly committer: Signature;
    readonly changes: readonly FileChange[];
  }): Promise<string> {
    const signature = (who: Signature): string =>
      `${who.name.replaceAll(/[<>\n]/g, "")} <${who.email.replaceAll(/[<>\n]/g, "")}> ${Math.floor(who.at.getTime() / 1000)} +0000`;
    const message = Buffer.from(options.message);
    const parts: (string | Uint8Array)[] = [
      "commit refs/sandbox/new\nmark :1\n",
      `author ${signature(options.author)}\ncommitter ${signature(options.committer)}\n`,
      `data ${message.length}\n`,
      message,
      "\n",
    ];
    if (options.parent !== undefined) parts.push(`from ${options.parent}\n`);
    for (const change of options.changes) parts.push(...fastImport(change));
    parts.push("\nget-mark :1\ndone\n");
    const input = Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
    const sha = await this.git(["fast-import", "--quiet", "--force", "--done"], input);
    return sha.trim();
  }

  /** Newest first; `range` such as `main` or `base..head`. */
  async log(
    range: readonly string[],
    options: readonly string[] = [],
    paths: readonly string[] = [],
  ): Promise<readonly Commit[]> {
    const format = ["%H", "%P", "%an", "%ae", "%aI", "%cn", "%ce", "%cI", "%B"].map((field) => `${field}%x00`).join("");
    const text = await this.git([
      "log",
      `--format=${format}`,
      ...options,
      "--end-of-options",
      ...range,
      "--",
      ...paths.map((path) => `:(literal)${path}`),
    ]);
    const fields = text.split("\0");
    const commits: Commit[] = [];
    for (let start = 0; start + 9 <= fields.length; start += 9) {
      const [sha = "", parents = "", ...rest] = fields.slice(start, start + 9);
      const [authorName = "", authorEmail = "", authoredAt = "", committerName = "", committerEmail = "", committedAt = ""] =
        rest;
      commits.push({
        sha: sha.trim(),
        parents: parents.split(" ").filter(Boolean),
        authorName,
        authorEmail,
        authoredAt,
        committerName,
        committerEmail,
        committedAt,
        message: rest[6] ?? "",
      });
    }
    return commits;
  }

  /** Lines added and removed, against the first parent. */
  async stats(sha: string): Promise<{ additions: number; deletions: number; total: number }> {
    const text = await this.git(["show", "--numstat", "--format=", "--first-parent", "-m", sha]);
    const counts = text.split("\n").map((line) => line.split("\t").map(Number));
    const sum = (index: 0 | 1): number => counts.reduce((total, count) => total + (count[index] || 0), 0);
    return { additions: sum(0), deletions: sum(1), total: sum(0) + sum(1) };
  }

  /** Undefined when there is no such path. Trees are listed too, as GitLab does. */
  async tree(commit: string, path: string, recursive: boolean): Promise<readonly TreeEntry[] | undefined> {
    const result = await this.run(["ls-tree", "-z", "-t", ...(recursive ? ["-r"] : []), `${commit}:${path}`]);
    if (result.code !== 0) return undefined;
    return result.stdout
      .toString()
      .split("\0")
      .filter(Boolean)
      .map((line) => {
        const [head = "", name = ""] = line.split("\t");
        const [mode = "", type = "", id = ""] = head.split(" ");
        return { mode, type: type as TreeEntry["type"], id, path: path === "" ? name : `${path}/${name}` };
      });
  }

  /** The bytes, blob id and mode of a file. */
  async file(commit: string, path: string): Promise<{ bytes: Buffer; id: string; mode: string } | undefined> {
    // A path that leads out of the tree makes git fail: there is no such file either.
    const listing = await this.run(["ls-tree", "-z", "--full-tree", commit, "--", path]);
    const [mode, type, id] = listing.stdout.toString().split("\t")[0]?.split(" ") ?? [];
    if (mode === undefined || id === undefined || type !== "blob") return undefined;
    const blob = await this.run(["cat-file", "blob", id]);
    return { bytes: blob.stdout, id, mode };
  }
}

function fastImport(change: FileChange): readonly (string | Uint8Array)[] {
  switch (change.kind) {
    case "write": {
      const bytes = Buffer.from(change.content);
      return [
        `M ${change.executable ? "100755" : "100644"} inline ${quotePath(change.path)}\ndata ${bytes.length}\n`,
        bytes,
        "\n",
      ];
    }
    case "delete":
      return [`D ${quotePath(change.path)}\n`];
    case "move":
      return [`R ${quotePath(change.from)} ${quotePath(change.path)}\n`];
  }
}

function quotePath(path: string): string {
  return `"${path.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}
