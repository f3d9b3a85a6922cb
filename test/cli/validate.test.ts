/** claimbot validate as a process: what it prints, in each format, and how it exits. */
import { mkdir, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { claimbot, ClaimRepository } from "./claimbot.ts";

/** A text of the starter, what somebody makes of it, where the mistake begins in that, and the rule that must find it. */
const MISTAKES: readonly (readonly [path: string, before: string, after: string, at: string, code: string])[] = [
  ["dev/ledger-dev.yaml", "region: fra", "region: mars", "mars", "claim/region-unknown"],
  ["dev/ledger-dev.yaml", "min: 1, max: 2", "min: 3, max: 2", "2}", "claim/pool-bounds"],
  ["dev/search-dev.yaml", "owner: discovery/search", "owner: discovery/nobody", "discovery/nobody", "claim/owner-unknown"],
  [
    "stage/payments-stage.yaml",
    "pay.stage.example.org",
    "pay.stage.exmaple.org",
    "pay.stage.exmaple.org",
    "claim/hostname-outside-zone",
  ],
  ["sue/shop-sue.yaml", "name: shop-sue", "name: shop-suf", "shop-suf", "claim/name-path"],
  ["prod/shop-prod.yaml", "action: managed_challenge", "action: destroy", "destroy", "schema/value"],
];

let broken: ClaimRepository;
let expected: readonly string[];

beforeAll(async () => {
  broken = await ClaimRepository.make();
  for (const [path, before, after] of MISTAKES) await broken.edit(`environments/${path}`, before, after);
  expected = await Promise.all(
    MISTAKES.map(async ([path, , , at, code]) => {
      const lines = (await broken.read(`environments/${path}`)).split("\n");
      const line = lines.findIndex((text) => text.includes(at));
      return `environments/${path}:${line + 1}:${(lines[line] ?? "").indexOf(at) + 1} ${code}`;
    }),
  );
});
afterAll(async () => broken[Symbol.asyncDispose]());

interface Found {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly code: string;
}

describe("the starter", () => {
  test("is good: exit 0, and one line that says so", async () => {
    await using repository = await ClaimRepository.make();
    const { status, stdout, stderr } = await repository.claimbot("validate");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^19 claims checked in \d+ ms: all good\.\n$/);
  });

  test("is good in each other format too", async () => {
    await using repository = await ClaimRepository.make();
    const [json, codeQuality, junit] = await Promise.all(
      ["json", "code-quality", "junit"].map(async (format) => repository.claimbot("validate", "--format", format)),
    );
    expect([json?.status, codeQuality?.status, junit?.status]).toEqual([0, 0, 0]);
    expect(JSON.parse(json?.stdout ?? "")).toEqual({ checked: 19, good: 19, diagnostics: [] });
    expect(JSON.parse(codeQuality?.stdout ?? "")).toEqual([]);
    expect(junit?.stdout).toContain('<testsuites name="claimbot" tests="19" failures="0"');
  });

  test("needs neither git nor a setting, and reads no setting", async () => {
    await using repository = await ClaimRepository.make({ only: ["ledger-dev"] });
    const env = { CLAIMBOT_GITLAB_URL: "not a url", PATH: "/nowhere" };
    expect((await claimbot(["validate"], { cwd: repository.path, env })).status).toBe(0);
  });
});

describe("a copy with mistakes", () => {
  test("exits 1, and lists every one of them at its line and column, under its file, with its code", async () => {
    const { status, stdout } = await broken.claimbot("validate");
    expect(status).toBe(1);
    const listed: string[] = [];
    let path = "";
    for (const line of stdout.split("\n")) {
      if (/^\S+\.yaml$/.test(line)) path = line;
      const [, place, code] = /^ {2}(\d+:\d+) +error .* (\w+\/[\w-]+)$/.exec(line) ?? [];
      if (place !== undefined) listed.push(`${path}:${place} ${code}`);
    }
    expect(listed.toSorted()).toEqual(expected.toSorted());
    expect(stdout).toMatch(/\n19 claims checked in \d+ ms: 14 good, 5 with 6 mistakes\.\n$/);
  });

  test("says the same in JSON", async () => {
    const { status, stdout } = await broken.claimbot("validate", "--format", "json");
    const { checked, good, diagnostics } = JSON.parse(stdout) as { checked: number; good: number; diagnostics: Found[] };
    expect({ status, checked, good }).toEqual({ status: 1, checked: 19, good: 14 });
    const listed = diagnostics.map(({ path, line, column, code }) => `${path}:${line}:${column} ${code}`);
    expect(listed.toSorted()).toEqual(expected.toSorted());
  });

  test("says the same in GitLab's Code Quality format", async () => {
    const { status, stdout } = await broken.claimbot("validate", "--format", "code-quality");
    const issues = JSON.parse(stdout) as { check_name: string; location: { path: string; lines: { begin: number } } }[];
    expect(status).toBe(1);
    expect(issues.map(({ check_name, location }) => `${location.path}:${location.lines.begin} ${check_name}`).toSorted()).toEqual(
      expected.map((text) => text.replace(/:\d+ /, " ")).toSorted(),
    );
  });

  test("says the same in JUnit's", async () => {
    const { status, stdout } = await broken.claimbot("validate", "--format", "junit");
    expect(status).toBe(1);
    expect(stdout).toContain('<testsuites name="claimbot" tests="19" failures="5"');
    for (const text of expected) expect(stdout).toContain(text.split(" ")[0]);
  });

  test("a file that is no YAML is one more mistake, and hides none of the others", async () => {
    await using repository = await ClaimRepository.make({ only: ["ledger-dev", "search-dev"] });
    await repository.write("environments/dev/search-dev.yaml", "apiVersion: claimbot/v1\nkind: [\n");
    await repository.edit("environments/dev/ledger-dev.yaml", "region: fra", "region: mars");
    const { status, stdout } = await repository.claimbot("validate", "--format", "json");
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: Found[] };
    expect(status).toBe(1);
    expect(new Set(diagnostics.map(({ path }) => path))).toEqual(
      new Set(["environments/dev/ledger-dev.yaml", "environments/dev/search-dev.yaml"]),
    );
  });

  test("a missing platform.yaml is a mistake, never an empty and good repository", async () => {
    await using repository = await ClaimRepository.make({ only: ["ledger-dev"] });
    await repository.git("rm", "--quiet", "platform.yaml");
    const { status, stdout } = await repository.claimbot("validate");
    expect(status).toBe(1);
    expect(stdout).toContain("platform/missing");
  });
});

describe("where it looks", () => {
  test("a directory that is given, relative to where the person stands: INIT_CWD, as npm sets it, not npm's own folder", async () => {
    const found = await claimbot(["validate", ".."], {
      cwd: dirname(broken.path),
      env: { INIT_CWD: join(broken.path, "environments") },
    });
    expect(found.status).toBe(1);
    expect(found.stdout).toContain("19 claims checked");
  });

  test("where the person stands, without a directory", async () => {
    const { stdout } = await claimbot(["validate"], { env: { INIT_CWD: broken.path } });
    expect(stdout).toContain("19 claims checked");
  });
});

describe("wrong use", () => {
  test.each([
    [["validate", "nowhere"], "is not a directory"],
    [["validate", "--format", "xml"], "it may be text, json, code-quality, junit"],
    [["validate", "--fromat", "json"], "--fromat"],
    [["validate", "a", "b"], '"b" is one word too many'],
  ])("%j exits 2, and says what is wrong on standard error alone", async (words, message) => {
    const { status, stdout, stderr } = await broken.claimbot(...words);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(message);
  });

  test("a file in the place of a directory exits 2", async () => {
    expect((await broken.claimbot("validate", "platform.yaml")).status).toBe(2);
  });
});

test("symbolic links and strange files are named, and never followed", async () => {
  await using repository = await ClaimRepository.make({ only: ["ledger-dev"] });
  await mkdir(join(repository.path, "environments/stage"), { recursive: true });
  await symlink("/etc/passwd", join(repository.path, "environments/stage/passwd-stage.yaml"));
  const { status, stdout } = await repository.claimbot("validate");
  expect(status).toBe(1);
  expect(stdout).toContain("environments/stage/passwd-stage.yaml");
  expect(stdout).not.toContain("root:");
});
