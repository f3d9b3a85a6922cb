/** The command line as people run it: a real process, in a fresh git repository made from the starter. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { cp, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { openDirectoryStore } from "../../src/adapters/directory-store.ts";
import type { ObjectStore } from "../../src/core/ports.ts";
import type { Log } from "../../src/core/record.ts";
import { readLog } from "../../src/targets/claim-store/claim-store.ts";

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));
export const CLI = join(PROJECT, "bin/claimbot.js");
const STARTER = join(PROJECT, "static-environments");

/** Together they depend on nothing else. */
export const FEW = ["ledger-dev", "search-vectors-sue", "ledger-stage"];

export interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs claimbot to its end, with no terminal and no settings but those given. */
export async function claimbot(words: readonly string[], { cwd = tmpdir(), env = {} }: RunOptions = {}): Promise<Result> {
  return new Promise((done) => {
    const options = { cwd, env: environment(env), maxBuffer: 1e8 };
    const child = execFile(process.execPath, [CLI, ...words], options, (_error, stdout, stderr) => {
      done({ status: child.exitCode, stdout, stderr });
    });
    child.stdin?.end();
  });
}

/** Nothing of the one who runs the tests: above all no INIT_CWD and no setting. */
export function environment(env: Readonly<Record<string, string>>): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "", HOME: tmpdir(), TMPDIR: tmpdir(), LANG: "C.UTF-8", GIT_CONFIG_NOSYSTEM: "1", ...env };
}

export class ClaimRepository implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** One commit on `main`; with `only`, those of the starter's claims alone. */
  static async make({ only }: { readonly only?: readonly string[] } = {}): Promise<ClaimRepository> {
    const repository = new ClaimRepository(await realpath(await mkdtemp(join(tmpdir(), "claimbot-cli-"))));
    const isWanted = (source: string): boolean =>
      only === undefined || basename(dirname(dirname(source))) !== "environments" || only.includes(basename(source, ".yaml"));
    await cp(STARTER, repository.path, { recursive: true, filter: isWanted });
    await repository.git("init", "--quiet", "--initial-branch=main");
    await repository.commit("The starter");
    return repository;
  }

  /** Git as Mara, whatever the machine's configuration is. Throws what git says. */
  async git(...words: readonly string[]): Promise<string> {
    const who = ["-c", "user.name=Mara", "-c", "user.email=mara@example.org", "-c", "protocol.file.allow=always"];
    return new Promise((done, fail) => {
      execFile("git", [...who, ...words], { cwd: this.path, env: environment({}) }, (error, stdout, stderr) => {
        if (error === null) done(stdout.trim());
        else fail(new Error(`git ${words.join(" ")}: ${stderr}${stdout}`));
      });
    });
  }

  async commit(message: string): Promise<void> {
    await this.git("add", "--all");
    await this.git("commit", "--quiet", "--message", message);
  }

  async claimbot(...words: readonly string[]): Promise<Result> {
    return claimbot(words, { cwd: this.path });
  }

  /** Starts claimbot and does not wait: to be raced, or killed. */
  start(...words: readonly string[]): ChildProcess {
    return spawn(process.execPath, [CLI, ...words], { cwd: this.path, env: environment({}), stdio: "ignore" });
  }

  async read(path: string): Promise<string> {
    return readFile(join(this.path, path), "utf8");
  }

  async write(path: string, text: string): Promise<void> {
    await writeFile(join(this.path, path), text);
  }

  /** Replaces a text of a file; throws where it is not there. */
  async edit(path: string, before: string, after: string): Promise<void> {
    const text = await this.read(path);
    if (!text.includes(before)) throw new Error(`${path} does not hold ${before}`);
    await this.write(path, text.replace(before, after));
  }

  async store(): Promise<ObjectStore> {
    return openDirectoryStore(join(this.path, ".claimbot/store"));
  }

  /** Keys with their ETags below a prefix: two equal lists mean that nothing was written. */
  async objects(prefix = ""): Promise<readonly { readonly key: string; readonly etag: string }[]> {
    return (await this.store()).list(prefix);
  }

  /** The claim log of an environment; throws where its chain is broken. */
  async log(environment: string): Promise<Log> {
    return readLog(await this.store(), environment, AbortSignal.timeout(10_000));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
