/** memory: what the idle service holds, beside Node listening on a port and doing nothing else. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startRehearsal } from "../../src/rehearsal.ts";
import { scaled, type Bench, type Row } from "./bench.ts";
import { freePort, startPostgres } from "./postgres.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
/** The least of a service: Hono answers, nothing is stored. */
const BARE = `
  import { Hono } from "hono";
  import { startHttp } from "./src/http/start.ts";
  const [, host, port] = process.argv;
  await startHttp(new Hono().get("/readyz", (context) => context.text("ready")), { host, port: Number(port) });
`;
/** How long a service is left alone before it is weighed. */
const IDLE_MS = 15_000;

export const memory: Bench = async (scale) => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "claimbot-bench-"));
  await using world = await startRehearsal();
  // The rehearsal's own service would share its GitLab's webhooks; the one that is weighed runs alone, in a process of its own.
  await world.service.drain();
  const idleMs = scaled(IDLE_MS, scale);
  const weigh = async (what: string, words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<number> => {
    const port = await freePort();
    const listen = {
      CLAIMBOT_LOG_LEVEL: "error",
      CLAIMBOT_LISTEN: `127.0.0.1:${port}`,
      CLAIMBOT_DATA_DIR: join(folder.path, what),
    };
    return idleMiB([...words, "127.0.0.1", String(port)], { ...env, ...listen }, `http://127.0.0.1:${port}/readyz`, idleMs);
  };
  const bare = await weigh("bare", ["--input-type=module-typescript", "--eval", BARE]);
  const rows = [row("PGlite", await weigh("pglite", [MAIN], world.env), bare)];
  await using postgres = await startPostgres();
  if (postgres !== undefined) {
    const ours = await weigh("postgres", [MAIN], { ...world.env, DATABASE_URL: postgres.url });
    rows.push({ ...row("PostgreSQL", ours, bare), budget: { text: "< 120 MiB", holds: ours < 120 } });
  }
  return rows;
};

function row(database: string, ours: number, beside: number): Row {
  return { what: `the idle service on ${database}`, ours, beside, unit: "MiB", peer: "bare Hono, idle" };
}

/** Resident memory of a server that was ready and then left alone. */
async function idleMiB(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  ready: string,
  idleMs: number,
): Promise<number> {
  const child = spawn(process.execPath, words, { env: { ...process.env, ...env }, stdio: ["ignore", "ignore", "inherit"] });
  try {
    await answers(ready, child);
    await sleep(idleMs);
    return residentMiB(child.pid ?? 0);
  } finally {
    const ended = once(child, "exit");
    if (child.exitCode === null && child.kill("SIGTERM")) await ended;
  }
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`the service ended with ${child.exitCode}`);
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok === true) return;
    await sleep(100);
  }
  throw new Error(`${url} was not ready after a minute`);
}

function residentMiB(pid: number): number {
  const status = `/proc/${pid}/status`;
  const kib = existsSync(status)
    ? /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(status, "utf8"))?.[1]
    : execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" });
  return Number(kib) / 1024;
}
