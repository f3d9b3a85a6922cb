/** claimbot events: reads the embedded database where nobody owns it, and says whom to ask where somebody does. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openLog } from "../../src/adapters/log.ts";
import { openQueue, type Queue } from "../../src/adapters/queue.ts";
import { claimbot, type Result } from "./claimbot.ts";

class DataDirectory implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<DataDirectory> {
    return new DataDirectory(await mkdtemp(join(tmpdir(), "claimbot-events-")));
  }

  async queue(): Promise<Queue> {
    return openQueue({ dataDirectory: this.path, log: openLog({ level: "error", secrets: [] }) });
  }

  async events(...words: readonly string[]): Promise<Result> {
    return claimbot(["events", ...words], { env: { CLAIMBOT_DATA_DIR: this.path } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

const EVENT = {
  id: "first",
  source: "gitlab",
  event: "Merge Request Hook",
  receivedAt: "2026-11-24T08:00:00.000Z",
  decision: "merge request 12: opened",
  jobs: [{ kind: "review", mergeRequest: 12 }],
} as const;
const PUSH = {
  ...EVENT,
  id: "second",
  event: "Push Hook",
  receivedAt: "2026-11-24T09:00:00.000Z",
  decision: "a push to another branch\n\u001B[31mthan the default",
  jobs: [],
};

test("lists what was decided and why, newest first; foreign text cannot break a line", async () => {
  await using data = await DataDirectory.make();
  {
    await using queue = await data.queue();
    await queue.accept(EVENT);
    await queue.accept(PUSH);
    // The service runs: its database is its own.
    const refused = await data.events();
    expect({ status: refused.status, stdout: refused.stdout }).toEqual({ status: 3, stdout: "" });
    expect(refused.stderr).toContain(`belongs to a running claimbot (process ${process.pid}`);
    expect(refused.stderr).toContain("Only the service itself can read its embedded database");
  }
  const all = await data.events();
  expect(all).toMatchObject({ status: 0, stderr: "" });
  expect(all.stdout.split("\n")).toEqual([
    "2026-11-24 09:00:00 UTC  gitlab: Push Hook            a push to another branch �[31mthan the default  → nothing to do",
    "2026-11-24 08:00:00 UTC  gitlab: Merge Request Hook   merge request 12: opened  → mr:12",
    "",
  ]);
  const newest = await data.events("--limit", "1", "--format", "json");
  expect(JSON.parse(newest.stdout)).toEqual({ events: [PUSH] });
});

test("makes no database where there is none", async () => {
  await using data = await DataDirectory.make();
  const result = await data.events();
  expect({ status: result.status, stdout: result.stdout }).toEqual({ status: 3, stdout: "" });
  expect(result.stderr).toContain(`there is no database below ${data.path}`);
});

test.each(["0", "-1", "many", "1.5"])("--limit=%s is wrong use", async (limit) => {
  expect(await claimbot(["events", `--limit=${limit}`])).toMatchObject({ status: 2, stdout: "" });
});
