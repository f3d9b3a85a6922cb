/** claimbot plan as a process: of the disk, and of the result of a merge. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { claimbot, ClaimRepository, FEW } from "./claimbot.ts";

interface Plans {
  readonly plans: readonly { readonly environment: string; readonly verb: string; readonly digest: string }[];
  readonly diagnostics: readonly { readonly code: string; readonly path: string }[];
}

/**
 *   main     A ── C      C: ledger-dev on another version of Kubernetes
 *             \
 *   feature    B         B: ledger-stage has more nodes, search-vectors-sue is gone
 *   clash      D         D: ledger-dev on a third version
 */
let repository: ClaimRepository;

beforeAll(async () => {
  repository = await ClaimRepository.make({ only: FEW });
  await repository.git("checkout", "--quiet", "-b", "feature");
  await repository.edit("environments/stage/ledger-stage.yaml", "min: 2, max: 4", "min: 2, max: 5");
  await repository.git("rm", "--quiet", "environments/sue/search-vectors-sue.yaml");
  await repository.commit("B");
  await repository.git("checkout", "--quiet", "-b", "clash", "main");
  await repository.edit("environments/dev/ledger-dev.yaml", 'version: "1.34"', 'version: "1.32"');
  await repository.commit("D");
  await repository.git("checkout", "--quiet", "main");
  await repository.edit("environments/dev/ledger-dev.yaml", 'version: "1.34"', 'version: "1.33"');
  await repository.commit("C");
});
afterAll(async () => repository[Symbol.asyncDispose]());

async function plansOf(...words: readonly string[]): Promise<Plans & { readonly status: number | null }> {
  const { status, stdout } = await repository.claimbot("plan", ...words, "--format", "json");
  return { status, ...(JSON.parse(stdout) as Plans) };
}

describe("the plan of a merge", () => {
  test("is that of the merge's result, and has the same digest the second time", async () => {
    const [first, second] = await Promise.all(
      [1, 2].map(async () => repository.claimbot("plan", "--base", "main", "--head", "feature")),
    );
    expect(first?.status).toBe(0);
    expect(first?.stdout).toMatch(/^ledger-stage +\+ new +[0-9a-f]{12} /m);
    // Only what feature changed: main's own commit is no part of it.
    expect(first?.stdout).not.toContain("ledger-dev");
    expect(second?.stdout).toBe(first?.stdout);
  });

  test("is the same when only somebody else's environment moves on the base", async () => {
    const before = await plansOf("--base", "main~1", "--head", "feature");
    const after = await plansOf("--base", "main", "--head", "feature");
    expect(after.plans.map(({ digest }) => digest)).toEqual(before.plans.map(({ digest }) => digest));
  });

  test("takes HEAD where no head is named", async () => {
    const named = await plansOf("--base", "feature", "--head", "main");
    expect((await plansOf("--base", "feature")).plans).toEqual(named.plans);
    expect(named.plans.map(({ environment }) => environment)).toEqual(["ledger-dev"]);
  });

  test("does not look at the disk", async () => {
    const before = await plansOf("--base", "main", "--head", "feature");
    await repository.write("environments/dev/nonsense-dev.yaml", "nonsense");
    const after = await plansOf("--base", "main", "--head", "feature");
    await rm(join(repository.path, "environments/dev/nonsense-dev.yaml"));
    expect(after).toEqual(before);
  });

  test("of two branches that conflict is none: exit 1, and the file is named", async () => {
    const { status, stdout, stderr } = await repository.claimbot("plan", "--base", "main", "--head", "clash");
    expect(status).toBe(1);
    expect(stdout + stderr).toContain("clash conflicts with main in environments/dev/ledger-dev.yaml");
    const { plans, diagnostics } = await plansOf("--base", "main", "--head", "clash");
    expect({ plans, codes: diagnostics.map(({ code }) => code) }).toEqual({ plans: [], codes: ["claim/merge-conflict"] });
  });

  test("of a branch that removes platform.yaml is none: exit 1, and nothing is taken for removed", async () => {
    await using other = await ClaimRepository.make({ only: FEW });
    await other.git("checkout", "--quiet", "-b", "careless");
    await other.git("rm", "--quiet", "platform.yaml");
    await other.commit("Without the platform");
    const { status, stdout } = await other.claimbot("plan", "--base", "main", "--head", "careless", "--format", "json");
    const { plans, diagnostics } = JSON.parse(stdout) as Plans;
    expect({ status, plans }).toEqual({ status: 1, plans: [] });
    expect(diagnostics.map(({ code }) => code)).toContain("platform/missing");
  });

  test("changes nothing: not the work tree, not the index, not a ref, not the claim store", async () => {
    const look = async (): Promise<readonly string[]> =>
      Promise.all([
        repository.git("status", "--porcelain", "--ignored"),
        repository.git("for-each-ref"),
        repository.git("count-objects", "-v"),
      ]);
    const before = await look();
    await repository.claimbot("plan", "--base", "main", "--head", "feature");
    expect(await look()).toEqual(before);
  });
});

describe("the plan of the disk", () => {
  test("holds every environment, untracked files included, with what it could not look at", async () => {
    await using other = await ClaimRepository.make({ only: FEW });
    const text = await other.read("environments/dev/ledger-dev.yaml");
    const added = text.replace("name: ledger-dev", "name: ledger-try").replace("ledger.dev.example.org", "try.dev.example.org");
    await other.write(
      "environments/dev/ledger-try.yaml",
      added
        .replaceAll("name: ledger\n", "name: other\n")
        .replaceAll("ledger-export", "other-export")
        .replaceAll("[ledger]", "[other]"),
    );
    const { status, stdout } = await other.claimbot("plan");
    expect(status).toBe(0);
    expect([...stdout.matchAll(/^(\S+) +\+ new /gm)].map(([, name]) => name)).toEqual([
      "ledger-dev",
      "ledger-stage",
      "ledger-try",
      "search-vectors-sue",
    ]);
    expect(stdout).toContain("not planned: waf, dns (no CLAIMBOT_CLOUDFLARE_TOKEN)");
    expect(stdout).toContain("not checked here: approvals, hold, freeze (no CLAIMBOT_GITLAB_URL)");
  });

  test("needs no git repository", async () => {
    await using other = await ClaimRepository.make({ only: FEW });
    await rm(join(other.path, ".git"), { recursive: true });
    expect((await other.claimbot("plan")).status).toBe(0);
  });

  test("of claims with mistakes is none: exit 1, and the mistakes", async () => {
    await using other = await ClaimRepository.make({ only: FEW });
    await other.edit("environments/dev/ledger-dev.yaml", "region: fra", "region: mars");
    const { status, stdout } = await other.claimbot("plan");
    expect(status).toBe(1);
    expect(stdout).toContain("claim/region-unknown");
    expect(stdout).not.toMatch(/\+ new/);
  });

  test("without platform.yaml is none: exit 1, and a way out", async () => {
    await using other = await ClaimRepository.make({ only: FEW });
    await rm(join(other.path, "platform.yaml"));
    const { status, stdout } = await other.claimbot("plan");
    expect(status).toBe(1);
    expect(stdout).toContain("platform/missing");
    expect(stdout).toContain("a missing file never means that everything is to go");
  });
});

describe("a shallow clone", () => {
  test("has no plan of a merge: exit 3, with the way out", async () => {
    await using clone = await ClaimRepository.make({ only: FEW });
    await clone.git("clone", "--quiet", "--depth", "1", `file://${repository.path}`, "shallow");
    const cwd = join(clone.path, "shallow");
    const { status, stdout, stderr } = await claimbot(["plan", "--base", "HEAD", "--head", "HEAD"], { cwd });
    expect({ status, stdout }).toEqual({ status: 3, stdout: "" });
    expect(stderr).toContain("is a shallow clone");
    expect(stderr).toContain("git fetch --unshallow");
  });
});

describe("a claim repository in a folder of a larger one", () => {
  test("gives the same plan as one of its own", async () => {
    await using larger = await ClaimRepository.make({ only: [] });
    const own = await plansOf("--base", "main", "--head", "feature");
    await larger.git("fetch", "--quiet", repository.path, "main:of-main", "feature:of-feature");
    for (const [branch, start, tree] of [
      ["base", "main", "of-main~1"],
      ["feature", "base", "of-feature"],
      ["main", "base", "of-main"],
    ] as const) {
      await larger.git("checkout", "--quiet", "-B", branch, start);
      await larger.git("rm", "-r", "--quiet", "--ignore-unmatch", "claims");
      await larger.git("read-tree", "--prefix=claims/", "-u", tree);
      await larger.commit(branch);
    }
    const { status, stdout } = await claimbot(["plan", "claims", "--base", "main", "--head", "feature", "--format", "json"], {
      cwd: larger.path,
    });
    expect(status).toBe(0);
    expect((JSON.parse(stdout) as Plans).plans.map(({ environment, digest }) => ({ environment, digest }))).toEqual(
      own.plans.map(({ environment, digest }) => ({ environment, digest })),
    );
  });
});

describe("wrong use", () => {
  test.each([
    [["plan", "--head", "feature"], 2, "--head needs --base"],
    [["plan", "--base", "nowhere", "--head", "feature"], 3, 'has no commit "nowhere"'],
    [["plan", "--base", "main", "--head=--upload-pack=x"], 3, "has no commit"],
    [["plan", "--format", "yaml"], 2, "it may be text, json"],
    [["plan", "/nowhere"], 2, "is no claim repository"],
  ])("%j exits with %d", async (words, code, message) => {
    const { status, stdout, stderr } = await repository.claimbot(...words);
    expect({ status, stdout }).toEqual({ status: code, stdout: "" });
    expect(stderr).toContain(message);
  });

  test("a wrong setting is named, and so are all others: exit 2", async () => {
    const env = { CLAIMBOT_CLOUDFLARE_TOKEN: "short", CLAIMBOT_GITLAB_URL: "ftp://gitlab.example.org", CLAIMBOT_S3_BUCKET: "X" };
    const { status, stderr } = await claimbot(["plan"], { cwd: repository.path, env });
    expect(status).toBe(2);
    for (const name of ["CLAIMBOT_GITLAB_URL", "CLAIMBOT_S3_BUCKET"]) expect(stderr).toContain(name);
  });
});
