/**
 * One owner for a directory, by a lock that a dying process always lets go. PGlite itself does not lock: two processes on one
 * directory lose acknowledged rows without an error (tried 2026-11-24).
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, realpathSync, unlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { Stalled } from "../core/errors.ts";

/** Creates the directory where it is missing and takes it, or throws Stalled with who has it. */
export async function ownDirectory(directory: string): Promise<AsyncDisposable> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = realpathSync(directory);
  const note = join(path, "owner");
  const release = await (lockName(path) === undefined ? lockByFile(path) : lockByName(lockName(path)!));
  if (release === undefined) throw taken(path, note);
  writeFileSync(note, `process ${process.pid}, since ${new Date().toISOString()}\n`);
  return { [Symbol.asyncDispose]: release };
}

type Release = () => Promise<void>;

// The kernel frees both kinds of name with the process: an abstract socket on Linux, a named pipe on Windows. Neither crosses
// containers: a volume shared by two of them needs PostgreSQL (deploy with one replica and strategy Recreate).
function lockName(path: string): string | undefined {
  const digest = createHash("sha256").update(path).digest("hex");
  if (process.platform === "linux") return `\0claimbot:${digest}`;
  if (process.platform === "win32") return `\\\\.\\pipe\\claimbot-${digest}`;
  return undefined;
}

async function lockByName(name: string): Promise<Release | undefined> {
  const server = createServer((socket) => socket.destroy());
  server.listen(name);
  try {
    await once(server, "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return undefined;
    throw error;
  }
  server.unref();
  return async () => {
    server.close();
    await once(server, "close");
  };
}

// Elsewhere: a file made exclusively, with the owner's process id; a file whose process is gone is taken over.
async function lockByFile(path: string): Promise<Release | undefined> {
  const file = join(path, "lock");
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      writeFileSync(file, String(process.pid), { flag: "wx" });
      return async () => unlinkSync(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      if (isAlive(Number(readFileSync(file, "utf8")))) return undefined;
      unlinkSync(file);
    }
  }
  return undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function taken(path: string, note: string): Stalled {
  const owner = existsSync(note) ? readFileSync(note, "utf8").trim() : "an unknown process";
  return new Stalled(
    `The data directory ${path} belongs to a running claimbot (${owner})`,
    "Ask that service, stop it first, or give this one another CLAIMBOT_DATA_DIR; several replicas need DATABASE_URL",
  );
}
