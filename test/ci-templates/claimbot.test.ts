/**
 * The CI template: what gitlab-ci-local makes of it (no container, no rsync), and its jobs' scripts run in a shell as GitLab's runner
 * would, in a clone of a repository made from the starter. `npx vitest run test/ci-templates -u` writes the golden files anew.
 */
import { execFile } from "node:child_process";
import { chmod, cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));
const TEMPLATE = join(PROJECT, "ci-templates/claimbot.yml");
const GOLDEN = join(PROJECT, "test/golden/ci-templates");
const MERGE_REQUEST = ["--variable", "CI_PIPELINE_SOURCE=merge_request_event"];

interface Result {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(
  command: string,
  words: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Result> {
  return new Promise((resolve) => {
    const base = { PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}`, HOME: cwd, LANG: "C.UTF-8" };
    execFile(command, [...words], { cwd, env: { ...base, ...env }, maxBuffer: 1e8 }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : typeof error.code === "number" ? error.code : -1, stdout, stderr });
    });
  });
}

/** Git as a person who has configured nothing else. */
async function git(cwd: string, ...words: readonly string[]): Promise<string> {
  const people = [
    "-c",
    "user.name=Mara",
    "-c",
    "user.email=mara@example.org",
    "-c",
    "init.defaultBranch=main",
    "-c",
    "protocol.file.allow=always",
  ];
  const { status, stdout, stderr } = await run("git", [...people, ...words], cwd, { GIT_CONFIG_NOSYSTEM: "1" });
  if (status !== 0) throw new Error(`git ${words.join(" ")}: ${stderr}`);
  return stdout.trim();
}

class Folder implements AsyncDisposable {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }
  static async make(): Promise<Folder> {
    return new Folder(await mkdtemp(join(tmpdir(), "claimbot-ci-")));
  }
  at(...names: readonly string[]): string {
    return join(this.path, ...names);
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

/** A repository made from the starter: `origin` is what GitLab has, `clone` what the runner has, on the branch `feature`. */
async function claimRepository(): Promise<Folder> {
  const folder = await Folder.make();
  await cp(join(PROJECT, "static-environments"), folder.at("origin"), { recursive: true });
  await git(folder.at("origin"), "init", "--quiet");
  await git(folder.at("origin"), "add", "--all");
  await git(folder.at("origin"), "commit", "--quiet", "--message", "The starter");
  await git(folder.at("origin"), "branch", "feature");
  await git(folder.path, "clone", "--quiet", "--branch", "feature", "origin", "clone");
  return folder;
}

async function ciLocal(cwd: string, ...words: readonly string[]): Promise<Result> {
  // Colours would be in the golden files.
  return run(process.execPath, [join(PROJECT, "node_modules/gitlab-ci-local/dist/index.js"), ...words], cwd, {
    NO_COLOR: "1",
    FORCE_COLOR: "0",
  });
}

interface Pipeline {
  readonly [job: string]: { readonly script: readonly string[]; readonly variables?: Readonly<Record<string, string>> };
}

async function pipelineOf(cwd: string): Promise<Pipeline> {
  const { stdout, stderr, status } = await ciLocal(cwd, "--preview");
  if (status !== 0) throw new Error(stderr);
  return parse(stdout) as Pipeline;
}

describe("the template, as gitlab-ci-local reads it", () => {
  test("becomes two jobs in the starter", async () => {
    await using folder = await claimRepository();
    const { stdout } = await ciLocal(folder.at("clone"), "--preview");
    await expect(stdout).toMatchFileSnapshot(join(GOLDEN, "starter.preview.yml"));
  });

  test("runs them for merge requests and for nothing else", async () => {
    await using folder = await claimRepository();
    const whenOf = async (...words: readonly string[]): Promise<unknown> => {
      const { stdout } = await ciLocal(folder.at("clone"), "--list-json", ...words);
      // Warnings come before the list.
      const jobs = JSON.parse(stdout.slice(stdout.search(/^\[$/m))) as readonly {
        readonly name: string;
        readonly when: string;
      }[];
      return jobs.map(({ name, when }) => [name, when]);
    };
    expect(await whenOf(...MERGE_REQUEST)).toEqual([
      ["claimbot:validate", "on_success"],
      ["claimbot:plan", "on_success"],
    ]);
    expect(await whenOf()).toEqual([
      ["claimbot:validate", "never"],
      ["claimbot:plan", "never"],
    ]);
  });

  test("takes every input", async () => {
    await using folder = await claimRepository();
    const inputs = `{image: "example.org/a/b@sha256:0123", command: node /claimbot/src/cli.ts, directory: claims/all, stage: check, prefix: env, keep: 1 week}`;
    const file = `stages: [check]\ninclude:\n  - local: ci-templates/claimbot.yml\n    inputs: ${inputs}\n`;
    await writeFile(folder.at("clone", ".gitlab-ci.yml"), file);
    const { stdout } = await ciLocal(folder.at("clone"), "--preview");
    await expect(stdout).toMatchFileSnapshot(join(GOLDEN, "every-input.preview.yml"));
  });

  test.each([
    [
      "a directory that ends the command",
      `{image: a, directory: ".; curl example.org"}`,
      "`directory` input: `.; curl example.org` does not match",
    ],
    ["a directory that is a substitution", `{image: a, directory: "$(id)"}`, "`directory` input: `$(id)` does not match"],
    ["a command that is two", `{image: a, command: "claimbot && id"}`, "`command` input: `claimbot && id` does not match"],
    ["a prefix of two lines", `{image: a, prefix: "a\\nb"}`, "`prefix` input: `a\nb` does not match"],
    ["an image with a blank", `{image: "a b"}`, "`image` input: `a b` does not match"],
    ["no image", "{}", "`image` input: required value has not been provided"],
  ])("refuses %s", async (_, inputs, reason) => {
    await using folder = await claimRepository();
    await writeFile(
      folder.at("clone", ".gitlab-ci.yml"),
      `include:\n  - local: ci-templates/claimbot.yml\n    inputs: ${inputs}\n`,
    );
    const { status, stdout, stderr } = await ciLocal(folder.at("clone"), "--preview");
    expect(status).not.toBe(0);
    expect(stdout + stderr).toContain(reason);
  });
});

describe("the template", () => {
  test("has only its two jobs: no global keyword changes somebody else's pipeline, and no secret is asked for", async () => {
    const text = await readFile(TEMPLATE, "utf8");
    const [inputs, jobs] = parseAllDocuments(text).map((document) => document.toJS() as Readonly<Record<string, object>>);
    expect(Object.keys(inputs ?? {})).toEqual(["spec"]);
    expect(Object.keys(jobs ?? {})).toEqual(["$[[ inputs.prefix ]]:validate", "$[[ inputs.prefix ]]:plan"]);
    for (const job of Object.values(jobs ?? {})) expect(Object.keys(job)).not.toContain("id_tokens");
    const code = text.replaceAll(/^ *#.*$/gm, "");
    expect(code).not.toMatch(/TOKEN|SECRET|PASSWORD|CI_JOB/);
  });
});

/** The same for each test, and slow to make. */
let starterPipeline: Promise<Pipeline> | undefined;

/** Runs a job's script as the runner does: one bash, which ends at the first command that fails. */
async function runJob(folder: Folder, job: string, env: Readonly<Record<string, string>>): Promise<Result> {
  const clone = folder.at("clone");
  starterPipeline ??= pipelineOf(clone);
  const { script = [], variables = {} } = (await starterPipeline)[job] ?? {};
  const path = `${folder.at("bin")}${delimiter}${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}`;
  const predefined = {
    CI_PROJECT_DIR: clone,
    CI_COMMIT_SHA: await git(clone, "rev-parse", "HEAD"),
    CI_MERGE_REQUEST_PROJECT_ID: "71",
    CI_MERGE_REQUEST_SOURCE_PROJECT_ID: "71",
    CI_MERGE_REQUEST_TARGET_BRANCH_NAME: "main",
    CI_MERGE_REQUEST_DIFF_BASE_SHA: await git(clone, "merge-base", "HEAD", "origin/main"),
  };
  return run("bash", ["-eo", "pipefail", "-c", script.join("\n")], clone, {
    ...variables,
    ...predefined,
    PATH: path,
    GIT_CONFIG_NOSYSTEM: "1",
    ...env,
  });
}

async function install(folder: Folder, script: string): Promise<void> {
  await cp(join(PROJECT, "ci-templates"), folder.at("bin"), { recursive: true });
  await writeFile(folder.at("bin", "claimbot"), `#!/bin/sh\n${script}\n`);
  await chmod(folder.at("bin", "claimbot"), 0o755);
}

/** Stands in for claimbot: writes down how it was called, says what its output was asked to be, and ends as it is told to. */
const STAND_IN = 'echo "$@" >> "$CALLS"\necho "out of: $*"\nexit "$STATUS"';

async function callsOf(folder: Folder): Promise<readonly string[]> {
  return (await readFile(folder.at("calls"), "utf8")).trimEnd().split("\n");
}

describe("the script of claimbot:validate", () => {
  test.each([0, 1, 2, 3])("makes both reports and keeps the exit code %i", async (status) => {
    await using folder = await claimRepository();
    await install(folder, STAND_IN);
    const result = await runJob(folder, "claimbot:validate", { CALLS: folder.at("calls"), STATUS: String(status) });
    expect(result.status).toBe(status);
    expect(result.stdout).toBe("out of: validate .\n");
    expect(await callsOf(folder)).toEqual(["validate . --format code-quality", "validate . --format junit", "validate ."]);
    expect(await readFile(folder.at("clone", "claimbot-code-quality.json"), "utf8")).toBe(
      "out of: validate . --format code-quality\n",
    );
    expect(await readFile(folder.at("clone", "claimbot-junit.xml"), "utf8")).toBe("out of: validate . --format junit\n");
  });

  test("leaves no empty report behind when claimbot could say nothing", async () => {
    await using folder = await claimRepository();
    await install(folder, "exit 3");
    expect((await runJob(folder, "claimbot:validate", {})).status).toBe(3);
    expect(await readFile(folder.at("clone", "claimbot-code-quality.json"), "utf8")).toBe("[]\n");
    await expect(readFile(folder.at("clone", "claimbot-junit.xml"))).rejects.toThrow("ENOENT");
  });
});

describe("the script of claimbot:plan", () => {
  test.each([0, 1, 2, 3])(
    "plans the branch against the target as it is now, shows the plan, and keeps the exit code %i",
    async (status) => {
      await using folder = await claimRepository();
      await install(folder, STAND_IN);
      await writeFile(folder.at("origin", "note.txt"), "main moved\n");
      await git(folder.at("origin"), "add", "--all");
      await git(folder.at("origin"), "commit", "--quiet", "--message", "Moved");
      const [base, head] = [
        await git(folder.at("origin"), "rev-parse", "main"),
        await git(folder.at("clone"), "rev-parse", "HEAD"),
      ];
      const result = await runJob(folder, "claimbot:plan", { CALLS: folder.at("calls"), STATUS: String(status) });
      const call = `plan . --base ${base} --head ${head}`;
      expect({ status: result.status, stdout: result.stdout }).toEqual({ status, stdout: `out of: ${call}\n` });
      expect(await callsOf(folder)).toEqual([`${call} --format json`, call]);
      expect(await readFile(folder.at("clone", "claimbot-plan.json"), "utf8")).toBe(`out of: ${call} --format json\n`);
      expect(await readFile(folder.at("clone", "claimbot-plan.txt"), "utf8")).toBe(`out of: ${call}\n`);
    },
  );

  test("plans the branch's own head where the pipeline runs on GitLab's merged result", async () => {
    await using folder = await claimRepository();
    await install(folder, STAND_IN);
    await runJob(folder, "claimbot:plan", { CALLS: folder.at("calls"), STATUS: "0", CI_MERGE_REQUEST_SOURCE_BRANCH_SHA: "0123" });
    expect((await callsOf(folder))[1]).toMatch(/ --head 0123$/);
  });

  test("plans a fork's branch against where it began, without asking the target, and says so", async () => {
    await using folder = await claimRepository();
    await install(folder, STAND_IN);
    const began = await git(folder.at("clone"), "rev-parse", "origin/main");
    const fork = { CI_MERGE_REQUEST_SOURCE_PROJECT_ID: "72", CI_MERGE_REQUEST_TARGET_BRANCH_NAME: "no-such-branch-here" };
    const { status, stderr } = await runJob(folder, "claimbot:plan", { CALLS: folder.at("calls"), STATUS: "0", ...fork });
    expect({ status, stderr }).toEqual({ status: 0, stderr: `From a fork: planned against ${began}, where the branch began.\n` });
    expect((await callsOf(folder))[1]).toContain(`--base ${began} `);
  });

  test("plans nothing in a shallow clone, and says what to do", async () => {
    await using folder = await claimRepository();
    await install(folder, STAND_IN);
    await git(folder.at("origin"), "commit", "--quiet", "--allow-empty", "--message", "Second");
    await rm(folder.at("clone"), { recursive: true });
    await git(folder.path, "clone", "--quiet", "--depth", "1", `file://${folder.at("origin")}`, "clone");
    const { status, stderr } = await runJob(folder, "claimbot:plan", { CALLS: folder.at("calls"), STATUS: "0" });
    expect({ status, stderr }).toEqual({ status: 3, stderr: expect.stringContaining("Leave GIT_DEPTH of this job at 0.") });
    await expect(callsOf(folder)).rejects.toThrow("ENOENT");
  });

  test("ends where the target cannot be fetched, without a plan against something else", async () => {
    await using folder = await claimRepository();
    await install(folder, STAND_IN);
    const { status } = await runJob(folder, "claimbot:plan", {
      CALLS: folder.at("calls"),
      STATUS: "0",
      CI_MERGE_REQUEST_TARGET_BRANCH_NAME: "gone",
    });
    expect(status).toBe(128);
    await expect(callsOf(folder)).rejects.toThrow("ENOENT");
  });
});

describe("with the real command line", () => {
  const REAL = `exec "${process.execPath}" "${join(PROJECT, "src/cli.ts")}" "$@"`;
  const paymentsProd = "environments/prod/payments-prod.yaml";

  async function edit(folder: Folder, path: string, from: string, to: string): Promise<void> {
    const before = await readFile(folder.at("clone", path), "utf8");
    expect(before).toContain(from);
    await writeFile(folder.at("clone", path), before.replace(from, to));
    await git(folder.at("clone"), "commit", "--quiet", "--all", "--message", `Change ${path}`);
  }

  test("claimbot:validate finds the starter good", async () => {
    await using folder = await claimRepository();
    await install(folder, REAL);
    const { status, stdout, stderr } = await runJob(folder, "claimbot:validate", {});
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain("19 claims checked");
    expect(JSON.parse(await readFile(folder.at("clone", "claimbot-code-quality.json"), "utf8"))).toEqual([]);
    expect(await readFile(folder.at("clone", "claimbot-junit.xml"), "utf8")).toMatch(/^<\?xml[^]*<testsuite/);
  });

  test("claimbot:validate names a mistake at its line, in the log and in both reports", async () => {
    await using folder = await claimRepository();
    await install(folder, REAL);
    await edit(folder, paymentsProd, "pay.example.com", "pay.exmaple.com");
    const { status, stdout } = await runJob(folder, "claimbot:validate", {});
    expect(status).toBe(1);
    expect(stdout).toContain("claim/hostname-outside-zone");
    const reported = JSON.parse(await readFile(folder.at("clone", "claimbot-code-quality.json"), "utf8")) as readonly object[];
    expect(reported).toEqual([
      expect.objectContaining({
        check_name: "claim/hostname-outside-zone",
        location: { path: paymentsProd, lines: { begin: 25 } },
      }),
    ]);
    expect(await readFile(folder.at("clone", "claimbot-junit.xml"), "utf8")).toContain("<failure");
  });

  test("claimbot:plan shows what the branch changes, and nothing that main changed meanwhile", async () => {
    await using folder = await claimRepository();
    await install(folder, REAL);
    await edit(folder, paymentsProd, "requests: 20", "requests: 5");
    const shopDev = folder.at("origin", "environments/dev/shop-dev.yaml");
    await writeFile(shopDev, (await readFile(shopDev, "utf8")).replace("max: 3", "max: 2"));
    await git(folder.at("origin"), "commit", "--quiet", "--all", "--message", "Main moved");
    const { status, stdout } = await runJob(folder, "claimbot:plan", {});
    expect(status).toBe(0);
    const { plans } = JSON.parse(await readFile(folder.at("clone", "claimbot-plan.json"), "utf8")) as {
      readonly plans: readonly { readonly environment: string }[];
    };
    expect(plans.map(({ environment }) => environment)).toEqual(["payments-prod"]);
    expect(stdout).toContain("payments-prod");
    expect(stdout).not.toContain("shop-dev");
    expect(await readFile(folder.at("clone", "claimbot-plan.txt"), "utf8")).toBe(stdout);
    // Asked again, it is the same plan, byte for byte.
    expect((await runJob(folder, "claimbot:plan", {})).stdout).toBe(stdout);
  });

  test("claimbot:plan fails on a mistake, and still leaves a readable artifact", async () => {
    await using folder = await claimRepository();
    await install(folder, REAL);
    await edit(folder, paymentsProd, "min: 2, max: 10", "min: 12, max: 10");
    expect((await runJob(folder, "claimbot:plan", {})).status).toBe(1);
    expect(await readFile(folder.at("clone", "claimbot-plan.txt"), "utf8")).toContain("claim/pool-bounds");
    expect(JSON.parse(await readFile(folder.at("clone", "claimbot-plan.json"), "utf8"))).toEqual(
      expect.objectContaining({ plans: [] }),
    );
  });
});
