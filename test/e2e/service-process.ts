/** claimbot as a process of its own among a rehearsal's servers: to be killed, told to stop, and started again. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

export class ServiceProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #end: Promise<unknown>;
  /** What it wrote to standard error, for the message of a failed test. */
  errors = "";

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#end = once(child, "exit");
    child.stderr?.on("data", (text: Buffer) => (this.errors += text.toString()));
  }

  /** Resolves when it takes webhooks; rejects when it ends before. */
  static async start(env: Readonly<Record<string, string>>): Promise<ServiceProcess> {
    const service = new ServiceProcess(
      spawn(process.execPath, [MAIN], {
        env: { PATH: process.env["PATH"] ?? "", HOME: tmpdir(), CLAIMBOT_LOG_LEVEL: "error", ...env },
        stdio: ["ignore", "ignore", "pipe"],
      }),
    );
    await until(async () => !service.isAlive || (await isReady(env)), "claimbot is ready");
    return service;
  }

  get isAlive(): boolean {
    // From the moment at which it is killed: its end is only told later.
    return !this.#child.killed && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** kill -9: nothing of it runs any more, nor says goodbye. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** SIGTERM; gives the exit code. */
  async stop(): Promise<number | null> {
    this.#child.kill("SIGTERM");
    await this.#end;
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.#end;
  }
}

async function isReady(env: Readonly<Record<string, string>>): Promise<boolean> {
  try {
    return (await fetch(`http://${env["CLAIMBOT_LISTEN"]}/readyz`)).ok;
  } catch {
    return false; // Nobody listens yet.
  }
}

/** Looks again until it is so; throws with `what` after the time. */
export async function until(check: () => boolean | Promise<boolean>, what: string, timeoutMs = 60_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`not seen within ${timeoutMs} ms: ${what}`);
    await pause(25);
  }
}
