/**
 * One run of git: no shell, a fixed environment, nobody's configuration, and both ways to fail told apart by exit code. What a
 * failure means is for the caller to say.
 */
import { spawn } from "node:child_process";
import { simpleGit } from "simple-git";

export interface GitPlace {
  /** The working directory of git. */
  readonly directory: string;
  /** Replaces everything that git would read from the surroundings; see `bareEnvironment`. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface GitRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface GitRunOptions {
  /** Exit codes that are an answer; only 0 without. */
  readonly codes?: readonly number[];
  readonly signal?: AbortSignal | undefined;
  /** 60 s without. */
  readonly deadlineMs?: number;
}

/** git said no, with an exit code that is no answer. */
export class GitFailure extends Error {
  override readonly name = "GitFailure";
  readonly exitCode: number;
  readonly stderr: string;

  constructor(command: string, exitCode: number, stderr: string) {
    super(`git ${command} failed (${exitCode}): ${stderr.trim().slice(0, 500)}`);
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

/** Took longer than its deadline and was ended. */
export class GitDeadline extends Error {
  override readonly name = "GitDeadline";
}

/** Throws GitFailure, GitDeadline, or the reason of the caller's signal. */
export async function git(place: GitPlace, args: readonly string[], options: GitRunOptions = {}): Promise<GitRun> {
  const { codes = [0], deadlineMs = 60_000 } = options;
  options.signal?.throwIfAborted();
  const deadline = AbortSignal.timeout(deadlineMs);
  const abort = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
  let exitCode = 0;
  let stderr = "";
  const environment = { ...place.environment };
  try {
    const stdout = await simpleGit({
      baseDir: place.directory,
      abort,
      allowEnvironment: Object.keys(environment),
      // These guard against values of others; ours are constants, but for the ones that `bareEnvironment` checks.
      unsafe: {
        allowUnsafeConfigEnvCount: true,
        allowUnsafeConfigPaths: true,
        allowUnsafeCredentialHelper: true,
        allowUnsafeFsMonitor: true,
        allowUnsafeHooksPath: true,
        allowUnsafeProtocolOverride: true,
        allowUnsafeAskPass: true,
      },
      // Exit 1 is "no" for some commands and a conflict for merge-tree, and simple-git takes it for success when stderr is empty.
      errors(error, result) {
        exitCode = result.exitCode;
        stderr = Buffer.concat(result.stdErr).toString("utf8");
        if (error instanceof Error) return error;
        return codes.includes(exitCode) ? undefined : Buffer.from(stderr || "no message");
      },
    })
      .env(environment)
      .raw([...args]);
    return { exitCode, stdout, stderr };
  } catch (error) {
    if (options.signal?.aborted) throw options.signal.reason;
    if (deadline.aborted) throw new GitDeadline(`git ${args[0]} took longer than ${deadlineMs} ms`);
    if (exitCode !== 0) throw new GitFailure(args[0] ?? "", exitCode, stderr);
    throw error;
  }
}

/** Runs git with bytes on both sides, and hands out what it prints as it comes. Throws GitFailure. */
export async function gitBytes(
  place: GitPlace,
  args: readonly string[],
  input: string,
  each: (chunk: Buffer) => void,
): Promise<void> {
  const child = spawn("git", args, { cwd: place.directory, env: place.environment, stdio: ["pipe", "pipe", "pipe"] });
  let stderr = "";
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 128));
  });
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
  child.stdout.on("data", each);
  // A git that dies closes its input; what it died of is in stderr.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const code = await ended;
  if (code !== 0) throw new GitFailure(args[0] ?? "", code, stderr);
}
