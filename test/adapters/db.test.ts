import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openDatabase } from "../../src/adapters/db.ts";
import { ownDirectory } from "../../src/adapters/owner-lock.ts";
import { Stalled, Waiting } from "../../src/core/errors.ts";
import { Secret } from "../../src/core/secret.ts";

function temporaryDirectory() {
  const path = mkdtempSync(join(tmpdir(), "claimbot-db-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

test("a directory has one owner: the second is told which directory and whose", async () => {
  using directory = temporaryDirectory();
  await using _owner = await ownDirectory(join(directory.path, "data"));
  const second = ownDirectory(join(directory.path, "data"));
  await expect(second).rejects.toBeInstanceOf(Stalled);
  await expect(second).rejects.toThrow(`${directory.path}/data belongs to a running claimbot (process ${process.pid}, since 20`);
});

test("the owner lets a directory go", async () => {
  using directory = temporaryDirectory();
  await (await ownDirectory(directory.path))[Symbol.asyncDispose]();
  await using _owner = await ownDirectory(directory.path);
  expect(readFileSync(join(directory.path, "owner"), "utf8")).toContain(String(process.pid));
});

test("two directories have two owners", async () => {
  using directory = temporaryDirectory();
  await using _one = await ownDirectory(join(directory.path, "one"));
  await using _two = await ownDirectory(join(directory.path, "two"));
});

test("a process that is killed lets its directory go", async () => {
  using directory = temporaryDirectory();
  const program = `import { ownDirectory } from "./src/adapters/owner-lock.ts";
    await ownDirectory(process.argv[1]); console.log("owned"); setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", program, directory.path], {
    cwd: join(import.meta.dirname, "../.."),
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  await expect(ownDirectory(directory.path)).rejects.toThrow(`process ${child.pid}`);
  child.kill("SIGKILL");
  await once(child, "exit");
  await using _owner = await ownDirectory(directory.path);
});

test("the embedded database opens twice in a row, migrates once, and keeps its rows", async () => {
  using directory = temporaryDirectory();
  {
    await using database = await openDatabase({ dataDirectory: directory.path });
    await database.query("INSERT INTO claimbot.command (key) VALUES ($1)", ["note:1:2"]);
  }
  await using database = await openDatabase({ dataDirectory: directory.path });
  expect(await database.query("SELECT key FROM claimbot.command")).toEqual([{ key: "note:1:2" }]);
  const steps = (await database.query("SELECT step FROM claimbot.migration ORDER BY at, step")).map(({ step }) => step);
  expect(steps.length).toBeGreaterThan(1);
  expect(steps).toEqual([...steps.keys()]);
});

test("a transaction that throws leaves nothing behind", async () => {
  using directory = temporaryDirectory();
  await using database = await openDatabase({ dataDirectory: directory.path });
  const failing = database.transaction(async (tx) => {
    await tx.query("INSERT INTO claimbot.command (key) VALUES ('a')");
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  expect(await database.query("SELECT key FROM claimbot.command")).toEqual([]);
});

test("a PostgreSQL that does not answer is waited for, and its password is in no message", async () => {
  const opening = openDatabase({ databaseUrl: new Secret("postgresql://claimbot:canary-77@127.0.0.1:1/claimbot") });
  await expect(opening).rejects.toBeInstanceOf(Waiting);
  await expect(opening).rejects.toThrow(/^PostgreSQL does not answer \(ECONNREFUSED\)$/);
});
