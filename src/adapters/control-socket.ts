/**
 * The socket by which the command line asks the service that owns a data directory: a Unix domain socket in a folder that only the
 * service's own user may enter. The service's side is http/control.ts.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmod, lstat, mkdir, realpath, rm } from "node:fs/promises";
import { request, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Stalled } from "../core/errors.ts";

const SOCKET = "socket";
/** Bytes of a socket's path: 108 with the end mark on Linux, 104 elsewhere. */
const LONGEST_PATH = 103;
const DEADLINE_MS = 10_000;

/** Makes the folder, takes away what a killed service left in it, and gives the path to listen at. Only for the directory's owner. */
export async function prepareControlSocket(directory: string): Promise<string> {
  const folder = await controlFolder(directory);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await refuseForeign(folder);
  await chmod(folder, 0o700);
  const path = join(folder, SOCKET);
  await rm(path, { force: true });
  return path;
}

/** What the service that owns the directory answers to GET `target`, read as JSON. Throws Stalled where none answers well. */
export async function askService(directory: string, target: string): Promise<unknown> {
  const folder = await controlFolder(directory);
  try {
    await refuseForeign(folder);
    return JSON.parse(await get(join(folder, SOCKET), target));
  } catch (error) {
    if (error instanceof Stalled) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new Stalled(
      `the service that owns ${directory} does not answer at ${join(folder, SOCKET)} (${code ?? "an answer that cannot be read"})`,
      WAYS_OUT[code ?? ""] ?? "Look at its log, which has one line for each webhook, or stop it first",
      { cause: error },
    );
  }
}

const WAYS_OUT: Readonly<Record<string, string>> = {
  EACCES: "Run this as the user that the service runs as",
  ENOENT: "It is just starting, or is an older claimbot: try again, look at its log, or stop it first",
  ECONNREFUSED: "It is just starting or stopping: try again",
};

/** In the data directory; where that path is too long for a socket, below the temporary folder, by the directory's digest. */
async function controlFolder(directory: string): Promise<string> {
  const path = await realpath(directory);
  const folder = join(path, "control");
  if (Buffer.byteLength(join(folder, SOCKET)) <= LONGEST_PATH) return folder;
  return join(tmpdir(), `claimbot-${createHash("sha256").update(path).digest("hex").slice(0, 16)}`);
}

/** In a temporary folder anybody may put something under our name, and answer in our place. */
async function refuseForeign(folder: string): Promise<void> {
  const found = await lstat(folder);
  if (found.isDirectory() && found.uid === process.getuid?.()) return;
  throw new Stalled(
    `${folder} is not a folder of this user`,
    "Run this as the user that the service runs as; if that is so, find out who made the folder, and take it away",
  );
}

async function get(socketPath: string, target: string): Promise<string> {
  const asked = request({ socketPath, path: target, signal: AbortSignal.timeout(DEADLINE_MS) });
  asked.end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  const body = await text(response);
  if (response.statusCode === 200) return body;
  throw Object.assign(new Error(body), { code: `HTTP ${response.statusCode}` });
}
