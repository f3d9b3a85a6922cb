/** Commands that only show: render, status, history, schema, and what claimbot says of itself. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { digestOfBytes } from "../../src/core/json.ts";
import { claimbot, ClaimRepository, CLI, environment, FEW } from "./claimbot.ts";

let repository: ClaimRepository;
beforeAll(async () => {
  repository = await ClaimRepository.make({ only: FEW });
  await repository.claimbot("apply", "ledger-dev", "--yes");
});
afterAll(async () => repository[Symbol.asyncDispose]());

describe("render", () => {
  test("prints the bundle that is published: byte for byte what the release's digest names", async () => {
    const { status, stdout } = await repository.claimbot("render", "ledger-dev");
    const head = (await repository.log("ledger-dev")).at(-1);
    expect(status).toBe(0);
    expect(digestOfBytes(stdout)).toBe(head?.kind === "Publication" ? head.releaseDigest : undefined);
    const kinds = parseAllDocuments(stdout).map((document) => (document.toJS() as { kind: string }).kind);
    expect(kinds[0]).toBe("Namespace");
    expect(kinds).toContain("KubernetesCluster");
  });

  test("prints one that is not published yet too, and writes nothing", async () => {
    const before = await repository.objects();
    const { status, stdout } = await repository.claimbot("render", "ledger-stage");
    expect(status).toBe(0);
    expect(stdout).toContain("namespace: env-ledger-stage");
    expect(await repository.objects()).toEqual(before);
  });

  test("of a claim with mistakes prints them: exit 1", async () => {
    await using broken = await ClaimRepository.make({ only: FEW });
    await broken.edit("environments/dev/ledger-dev.yaml", "region: fra", "region: mars");
    const { status, stdout } = await broken.claimbot("render", "ledger-dev");
    expect(status).toBe(1);
    expect(stdout).toContain("claim/region-unknown");
    expect(stdout).not.toContain("kind: Namespace");
  });
});

describe("status and history", () => {
  test("say of an unknown environment that it was never published: exit 1", async () => {
    const [status, history] = await Promise.all([
      repository.claimbot("status", "ledger-stage"),
      repository.claimbot("history", "ledger-stage"),
    ]);
    expect(status).toMatchObject({ status: 1, stderr: "" });
    expect(status.stdout).toMatch(/^ledger-stage +not published\n$/);
    expect(history).toEqual({ status: 1, stdout: "ledger-stage was never published.\n", stderr: "" });
  });

  test("say of an empty store that nothing is published: exit 0", async () => {
    await using empty = await ClaimRepository.make({ only: FEW });
    expect(await empty.claimbot("status")).toEqual({ status: 0, stdout: "Nothing is published yet.\n", stderr: "" });
  });

  test("refuse a log that somebody changed: exit 3, and the object is named", async () => {
    await using damaged = await ClaimRepository.make({ only: ["ledger-dev"] });
    await damaged.claimbot("apply", "--yes");
    const path = ".claimbot/store/claims/ledger-dev/00000001.json";
    await chmod(`${damaged.path}/${path}`, 0o644);
    await damaged.edit(path, '"max":2', '"max":9');
    for (const words of [["history", "ledger-dev"], ["status"], ["plan"], ["apply", "--yes"]]) {
      const { status, stdout, stderr } = await damaged.claimbot(...words);
      expect({ words, status }).toEqual({ words, status: 3 });
      // Status has a line for each environment; the others can say nothing else.
      expect(words[0] === "status" ? stdout : stderr).toContain("claims/ledger-dev/00000001.json");
    }
  });
});

describe("schema", () => {
  test.each(["claim", "platform"])("prints that of a %s, the one that validates", async (name) => {
    const { status, stdout } = await claimbot(["schema", name]);
    expect(status).toBe(0);
    expect(stdout).toBe(readFileSync(`schemas/${name}.v1.schema.json`, "utf8"));
  });
});

describe("wrong use exits 2, says why on standard error, and prints nothing", () => {
  test.each([
    [["frobnicate"], 'there is no command "frobnicate"'],
    [["--version-of-nothing"], "there is no command"],
    [["history"], "needs the name"],
    [["render"], "needs the name"],
    [["render", "nowhere-dev"], '"nowhere-dev"'],
    [["schema", "nothing"], "claim or platform"],
    [["status", "--long"], "--long"],
    [["history", "../platform"], "cannot be the name of an environment"],
    [["status", "../../../etc"], "cannot be the name of an environment"],
    [["render", "a/b"], "cannot be the name of an environment"],
    [["history", "platform"], "not an environment"],
    [["status", "--dir", "/nowhere"], "is no claim repository"],
    [["serve", "now"], "one word too many"],
    [["sandbox", "--port", "http"], "--port"],
  ])("%j", async (words, message) => {
    const { status, stdout, stderr } = await repository.claimbot(...words);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("    at ");
  });
});

test("without a word, and with help, it lists every command and the exit codes", async () => {
  const [bare, help] = await Promise.all([claimbot([]), claimbot(["help"])]);
  expect(bare).toEqual(help);
  expect(help.status).toBe(0);
  for (const name of ["validate", "plan", "apply", "render", "status", "history", "schema", "serve", "sandbox"]) {
    expect(help.stdout).toContain(`\n  claimbot ${name}`);
  }
  expect(help.stdout).toContain("Exit codes: 0 good, 1 mistakes in claims, 2 wrong use, 3 the world is not ready.");
});

test("--help after a command says how that one is used, and does nothing else", async () => {
  const { status, stdout } = await repository.claimbot("apply", "--yes", "--help");
  expect(status).toBe(0);
  expect(stdout).toContain("claimbot apply [name…] [--dir DIR]");
  expect(await repository.log("ledger-stage")).toHaveLength(0);
});

test("a reader that goes away, such as head, is no error", async () => {
  const stderr = await new Promise<string>((done) => {
    const line = `'${process.execPath}' '${CLI}' plan --format json | head -c 10 >/dev/null`;
    execFile("sh", ["-c", line], { cwd: repository.path, env: environment({}) }, (_error, _stdout, text) => done(text));
  });
  expect(stderr).toBe("");
});

test("colour is for a terminal alone", async () => {
  const { stdout } = await claimbot(["plan"], { cwd: repository.path, env: { FORCE_COLOR: "", TERM: "xterm-256color" } });
  expect(stdout).not.toContain("\u001B");
});
