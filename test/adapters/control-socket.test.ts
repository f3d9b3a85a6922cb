/** The socket between the command line and the service: where it lies, and what is refused. */
import { chmod, mkdir, mkdtemp, realpath, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { askService, prepareControlSocket } from "../../src/adapters/control-socket.ts";
import { controlApp, startControl } from "../../src/http/control.ts";
import type { Delivery } from "../../src/core/ports.ts";

const log = { debug() {}, info() {}, warn() {}, error() {} };

async function folder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "claimbot-control-")));
  return { path, [Symbol.asyncDispose]: async () => rm(path, { recursive: true, force: true }) };
}

/** Answers with as many deliveries as were asked for, or throws. */
async function serve(directory: string, fails = false): Promise<AsyncDisposable> {
  const deliveries = async (limit: number): Promise<readonly Delivery[]> => {
    if (fails) throw new Error("the database is gone");
    return Array.from({ length: limit }, (_, index) => ({
      id: String(index),
      source: "gitlab",
      event: "Push Hook",
      receivedAt: "2026-11-24T09:00:00.000Z",
      decision: "a push",
      jobs: [],
    }));
  };
  return startControl(controlApp({ deliveries, log }), await prepareControlSocket(directory));
}

test("a path that is too long for a socket lies below the temporary folder instead, closed to all others", async () => {
  await using data = await folder();
  const deep = join(data.path, "d".repeat(120));
  await mkdir(deep);
  const path = await prepareControlSocket(deep);
  expect(path.startsWith(tmpdir())).toBe(true);
  expect(path).not.toContain("ddd");
  expect(Buffer.byteLength(path)).toBeLessThan(104);
  expect((await stat(join(path, ".."))).mode & 0o777).toBe(0o700);
  {
    await using _ = await serve(deep);
    expect(await askService(deep, "/events?limit=2")).toMatchObject({ events: [{ id: "0" }, { id: "1" }] });
  }
  await rm(join(path, ".."), { recursive: true });
});

test("the longest path that a socket may have is still the data directory's own", async () => {
  await using data = await folder();
  const long = join(data.path, "d".repeat(103 - Buffer.byteLength(join(data.path, "/control/socket")) - 1));
  await mkdir(long);
  expect(Buffer.byteLength(await prepareControlSocket(long))).toBe(103);
  await using _ = await serve(long);
  expect(await askService(long, "/events?limit=1")).toMatchObject({ events: [{ id: "0" }] });
});

test("a folder that was left open is closed", async () => {
  await using data = await folder();
  await mkdir(join(data.path, "control"));
  await chmod(join(data.path, "control"), 0o777);
  await prepareControlSocket(data.path);
  expect((await stat(join(data.path, "control"))).mode & 0o777).toBe(0o700);
});

test("what is not a folder of our own is not asked, and not listened in", async () => {
  await using data = await folder();
  await symlink(tmpdir(), join(data.path, "control"));
  await expect(prepareControlSocket(data.path)).rejects.toThrow(/is not a folder of this user/);
  await expect(askService(data.path, "/events?limit=1")).rejects.toThrow(/is not a folder of this user/);
});

test.runIf(process.getuid?.() === 0)("nor is one of another user", async () => {
  await using data = await folder();
  const { chown } = await import("node:fs/promises");
  await mkdir(join(data.path, "control"));
  await chown(join(data.path, "control"), 65_534, 65_534);
  await expect(askService(data.path, "/events?limit=1")).rejects.toThrow(/is not a folder of this user/);
});

test.each([
  ["/events?limit=0", "HTTP 400"],
  ["/events?limit=100000", "HTTP 400"],
  ["/events", "HTTP 400"],
  ["/events?limit=1%20OR%201", "HTTP 400"],
  ["/locks", "HTTP 404"],
])("%s is refused: %s", async (target, code) => {
  await using data = await folder();
  await using _ = await serve(data.path);
  await expect(askService(data.path, target)).rejects.toThrow(code);
});

test("an error of the database reaches the asker as a refusal without its words", async () => {
  await using data = await folder();
  await using _ = await serve(data.path, true);
  await expect(askService(data.path, "/events?limit=1")).rejects.toThrow(/does not answer at .*HTTP 500/);
});
