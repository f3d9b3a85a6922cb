/** Who may publish: from a terminal or a CI job into what is shared, with GitLab's proof or with a broken glass. The steps follow each other. */
import { execFileSync } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { startRehearsal, type Rehearsal } from "../../src/rehearsal.ts";
import { readVerifiedAudit } from "../../src/flows/verify/audit.ts";
import { startPostgres, type Postgres } from "../bench/postgres.ts";
import { claimbot, environment, type Result } from "../cli/claimbot.ts";
import { edited, expectClean, logOf, propose } from "./actions.ts";
import { seedOf, type Seed } from "./seed.ts";

const STAGE = "environments/stage/ledger-stage.yaml";
const PROD = "environments/prod/ledger-prod.yaml";
const REASON = "GitLab is down and the bank is waiting";
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let postgres: Postgres | undefined;
let seed: Seed;
let r: Rehearsal;
let checkout: string;
let stage = 0;
let prod = 0;

beforeAll(async () => {
  postgres = await startPostgres();
  seed = await seedOf(["ledger-stage", "ledger-prod"]);
  r = await startRehearsal({ seed: seed.directory, ...(postgres && { databaseUrl: postgres.url }) });
  await r.settled();
  stage = await propose(r, { as: "sam", branch: "more", files: await edited(r, STAGE, "max: 4", "max: 5") });
  prod = await propose(r, { as: "sam", branch: "prod", files: await edited(r, PROD, "max: 8", "max: 9") });
  // From here on nobody releases but the terminal.
  await r.service.drain();
  r.service = { ...r.service, drain: async () => undefined };
  checkout = await mkdtemp(join(tmpdir(), "claimbot-checkout-"));
  git("clone", "--quiet", r.gitlab.project.repository.path, ".");
});
afterAll(async () => {
  expectClean(r);
  await r[Symbol.asyncDispose]();
  await seed[Symbol.asyncDispose]();
  await postgres?.[Symbol.asyncDispose]();
  await rm(checkout, { recursive: true, force: true });
});

function git(...words: readonly string[]): string {
  const who = ["-c", "user.name=Sam", "-c", "user.email=sam@example.org"];
  return execFileSync("git", [...who, ...words], { cwd: checkout, env: environment({}), encoding: "utf8" }).trim();
}

function pull(): void {
  git("fetch", "--quiet", "origin");
  git("reset", "--quiet", "--hard", "origin/main");
}

/** With the settings of the service, but for those named. */
async function apply(without: readonly RegExp[], ...words: readonly string[]): Promise<Result> {
  return applyOne("ledger-stage", without, ...words);
}

async function applyOne(name: string, without: readonly RegExp[], ...words: readonly string[]): Promise<Result> {
  const env = Object.fromEntries(Object.entries(r.env).filter(([name]) => !without.some((one) => one.test(name))));
  for (;;) {
    const options = { cwd: checkout, env: { ...env, GITLAB_USER_LOGIN: "ana" } };
    const result = await claimbot(["apply", name, "--yes", ...words], options);
    // Flux works at its own pace.
    if (!result.stdout.includes("Nothing is lost: apply goes on when it is run again")) return result;
  }
}

async function events(): Promise<readonly string[]> {
  const { entries, faults } = await readVerifiedAudit(r.store, AbortSignal.timeout(10_000));
  expect(faults).toEqual([]);
  return entries.flatMap(({ event }) =>
    event.kind === "Publication"
      ? [`${event.by.account} ${event.proof}`]
      : event.kind === "Decision" && event.environment === "ledger-stage"
        ? [`${event.outcome}${event.breakGlass === undefined ? "" : " glass"}`]
        : event.kind === "Effects" && event.environment === "ledger-stage"
          ? [event.outcome]
          : [],
  );
}

describe("a terminal that would change what is shared", () => {
  test("is refused without GitLab, and told what is missing", async () => {
    const { status, stderr } = await apply([/GITLAB/]);
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /What is missing is GitLab's word .*: CLAIMBOT_GITLAB_URL, CLAIMBOT_GITLAB_TOKEN and CLAIMBOT_GITLAB_PROJECT/,
    );
    expect(await logOf(r, "ledger-stage")).toEqual([]);
  });

  test("is refused where HEAD was not merged through GitLab", async () => {
    git("commit", "--quiet", "--allow-empty", "--message", "Only here");
    const { status, stderr } = await apply([]);
    expect(status).toBe(3);
    expect(stderr).toMatch(/^claimbot: [0-9a-f]{12} is not on main of /);
    pull();
  });

  test("is held where nobody approved, and saying yes confirms nothing", async () => {
    const { status, stdout } = await apply([]);
    expect(status).toBe(3);
    expect(stdout).toContain("✗ ledger-stage  held: ");
    expect(stdout).toContain("this commit came without a merge request");
    expect(stdout).toContain("was not reviewed");
    expect(await logOf(r, "ledger-stage")).toEqual([]);
    // That it is held stands there already: the service said so, for the same reasons.
    expect(await events()).toEqual(["held", "ana gitlab"]);
  });

  test("publishes what was reviewed and approved, as the service would: the audit log knows what was shown and who pushed", async () => {
    await r.gitlab.approve(stage, { as: "mara" });
    await r.gitlab.merge(stage, { as: "jo" });
    pull();
    const { status, stdout, stderr } = await apply([/DATABASE_URL/]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).not.toContain("not checked here");
    expect(await logOf(r, "ledger-stage")).toMatchObject([
      { source: { project: r.gitlab.project.path, mergeRequest: stage, author: "sam", approvers: ["mara"] } },
    ]);
    const told = await events();
    expect(told.filter((event) => !event.startsWith("ana"))).toEqual(["held", "go", "settled"]);
    expect(new Set(told.filter((event) => event.startsWith("ana")))).toEqual(new Set(["ana gitlab"]));
    expect((await apply([])).stdout).toContain("Nothing changes.");
  });

  test("with the service's database, that knows it too", async ({ skip }) => {
    skip(postgres === undefined, "there is no PostgreSQL");
    for (const as of ["mara", "jo"]) await r.gitlab.approve(prod, { as });
    await r.gitlab.merge(prod, { as: "jo" });
    pull();
    const { status, stdout } = await applyOne("ledger-prod", []);
    expect({ status, stdout }).toMatchObject({ status: 0 });
    expect(await logOf(r, "ledger-prod")).toMatchObject([{ source: { mergeRequest: prod, approvers: ["mara", "jo"] } }]);
  });

  test("does nothing by an audit log that is broken, and says where", async () => {
    const store = join(r.env["CLAIMBOT_DATA_DIR"] ?? "", "store");
    const file = join(store, "audit/0000-00/00000001.json");
    const text = await readFile(file, "utf8");
    await chmod(file, 0o644);
    await writeFile(file, text.replace("sandbox", "sandbag"));
    const { status, stderr } = await apply([/DATABASE_URL/]);
    const audit = await claimbot(["audit", "--dir", seed.directory], { env: r.env });
    await writeFile(file, text);
    const second = (await r.store.list("audit/"))[1]?.key ?? "";
    expect(status).toBe(3);
    expect(stderr).toContain(`the audit log is broken at ${second}`);
    expect(audit.status).toBe(1);
    expect(audit.stderr).toContain(`THE AUDIT LOG IS BROKEN at ${second}`);
  });

  test("breaks the glass with a reason, which record and audit log keep", async () => {
    const before = (await logOf(r, "ledger-stage")).length;
    await r.gitlab.push({ branch: "main", as: "mara", files: await edited(r, STAGE, "max: 5", "max: 6") });
    pull();
    expect((await apply([])).status).toBe(3);
    expect(await logOf(r, "ledger-stage")).toHaveLength(before);
    const { status, stdout } = await apply([/GITLAB/], "--break-glass", REASON);
    expect({ status, stdout }).toMatchObject({ status: 0 });
    expect((await logOf(r, "ledger-stage")).at(-1)).toMatchObject({ breakGlass: REASON });
    const told = await events();
    expect(told.filter((event) => !event.startsWith("ana")).slice(-2)).toEqual(["go glass", "settled"]);
    expect(told.filter((event) => event.startsWith("ana")).at(-1)).toBe("ana break-glass");
  });

  test("and a service that was not there counts it for whoever watches", async () => {
    await r.restart();
    await r.settled();
    const page = await (await fetch(`${r.service.url}/metrics`)).text();
    expect(page).toContain("\nclaimbot_break_glass_total 1\n");
  });
});
