/** claimbot events: reads the embedded database where nobody owns it, and asks the service that does. */
import { existsSync } from "node:fs";
import { mkdtemp, realpath, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openLog } from "../../src/adapters/log.ts";
import { openQueue, type Queue } from "../../src/adapters/queue.ts";
import { freePort } from "../../src/rehearsal.ts";
import { ServiceProcess } from "../e2e/service-process.ts";
import { claimbot, type Result } from "./claimbot.ts";

class DataDirectory implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<DataDirectory> {
    return new DataDirectory(await realpath(await mkdtemp(join(tmpdir(), "claimbot-events-"))));
  }

  get socket(): string {
    return join(this.path, "control/socket");
  }

  /** Of a service whose GitLab is not there: it takes webhooks and waits. */
  async settings(): Promise<Readonly<Record<string, string>>> {
    return {
      CLAIMBOT_DATA_DIR: this.path,
      CLAIMBOT_LISTEN: `127.0.0.1:${await freePort()}`,
      CLAIMBOT_GITLAB_URL: "http://127.0.0.1:1",
      CLAIMBOT_GITLAB_TOKEN: "glpat-0123456789abcdefghij",
      CLAIMBOT_GITLAB_PROJECT: "platform/static-environments",
      CLAIMBOT_WEBHOOK_SECRET: "6d1f0a9c".repeat(8),
    };
  }

  async fill(): Promise<void> {
    await using queue = await this.queue();
    await queue.accept(EVENT);
    await queue.accept(PUSH);
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

const LINES = [
  "2026-11-24 09:00:00 UTC  gitlab: Push Hook            a push to another branch �[31mthan the default  → nothing to do",
  "2026-11-24 08:00:00 UTC  gitlab: Merge Request Hook   merge request 12: opened  → mr:12",
  "",
];

test("lists what was decided and why, newest first; foreign text cannot break a line", async () => {
  await using data = await DataDirectory.make();
  await data.fill();
  const all = await data.events();
  expect(all).toMatchObject({ status: 0, stderr: "" });
  expect(all.stdout.split("\n")).toEqual(LINES);
  const newest = await data.events("--limit", "1", "--format", "json");
  expect(JSON.parse(newest.stdout)).toEqual({ events: [PUSH] });
});

test("an owner that answers nothing, such as an older claimbot, is named: exit 3", async () => {
  await using data = await DataDirectory.make();
  await using _ = await data.queue();
  const refused = await data.events();
  expect({ status: refused.status, stdout: refused.stdout }).toEqual({ status: 3, stdout: "" });
  expect(refused.stderr).toMatch(/the service that owns .* does not answer at .*\/control\/socket \(ENOENT\)/);
});

describe("a running service is asked", () => {
  test("and what it answers is what its database says once it has stopped", async () => {
    await using data = await DataDirectory.make();
    await data.fill();
    const meanwhile: Record<string, Result> = {};
    const calls = { text: [], json: ["--format", "json"], one: ["--limit", "1", "--format", "json"] } as const;
    {
      await using service = await ServiceProcess.start(await data.settings());
      for (const [name, words] of Object.entries(calls)) meanwhile[name] = await data.events(...words);
      expect(await service.stop()).toBe(0);
    }
    expect(existsSync(data.socket)).toBe(false);
    expect(meanwhile["text"]!.stdout.split("\n")).toEqual(LINES);
    for (const [name, words] of Object.entries(calls)) expect(meanwhile[name]).toEqual(await data.events(...words));
  });

  test("only its own user may ask: the socket and its folder are closed to all others, and no address leads there", async () => {
    await using data = await DataDirectory.make();
    const directory = join(data.path, "made-by-the-service");
    const env: Record<string, string> = { ...(await data.settings()), CLAIMBOT_DATA_DIR: directory };
    await using _ = await ServiceProcess.start(env);
    const modes = ["", "control", "control/socket"].map(async (path) => (await stat(join(directory, path))).mode & 0o777);
    expect(await Promise.all(modes)).toEqual([0o700, 0o700, 0o600]);
    expect((await fetch(`http://${env["CLAIMBOT_LISTEN"]}/events?limit=1`)).status).toBe(404);
  });

  test("the socket of a killed one is replaced by the next, and means nothing while there is none", async () => {
    await using data = await DataDirectory.make();
    await data.fill();
    {
      await using service = await ServiceProcess.start(await data.settings());
      service.kill();
    }
    expect(existsSync(data.socket)).toBe(true);
    expect((await data.events()).stdout.split("\n")).toEqual(LINES);
    await using _ = await ServiceProcess.start(await data.settings());
    expect((await data.events()).stdout.split("\n")).toEqual(LINES);
  });
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
