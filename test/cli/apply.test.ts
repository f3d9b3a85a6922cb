/** claimbot apply as a process, into a directory store: what it asks and prints, raced by another one, and killed anywhere. */
import { execFile, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { readVerifiedAudit } from "../../src/flows/verify/audit.ts";
import { recordKey } from "../../src/core/record.ts";
import { claimbot, ClaimRepository, CLI, environment, FEW } from "./claimbot.ts";

describe("apply --yes", () => {
  test("publishes what HEAD asks for; again, it changes nothing and says so; history and status show it", async () => {
    await using repository = await ClaimRepository.make({ only: FEW });
    const commit = await repository.git("rev-parse", "HEAD");
    const plan = await repository.claimbot("plan");
    const first = await repository.claimbot("apply", "--yes");
    expect({ status: first.status, stderr: first.stderr }).toEqual({ status: 0, stderr: "" });
    // The plan comes first, as plan prints it.
    expect(first.stdout.startsWith(plan.stdout.split("\n\nnot planned")[0] ?? "?")).toBe(true);
    for (const name of FEW)
      expect(first.stdout).toMatch(new RegExp(`^✓ ${name}  claims/${name}/00000001.json  plan [0-9a-f]{12}$`, "m"));

    // The data directory ignores itself.
    expect(existsSync(join(repository.path, ".claimbot/store"))).toBe(true);
    expect(await repository.git("status", "--porcelain")).toBe("");

    const written = await repository.objects();
    const again = await repository.claimbot("apply", "--yes");
    expect({ status: again.status, says: again.stdout.split("\n")[0] }).toEqual({ status: 0, says: "Nothing changes." });
    expect(await repository.objects()).toEqual(written);

    const history = await repository.claimbot("history", "ledger-dev");
    expect(history.stdout).toMatch(
      new RegExp(
        `^00000001  \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC  Publication  release [0-9a-f]{12}  plan [0-9a-f]{12}  commit ${commit.slice(0, 12)}\n$`,
      ),
    );
    const status = await repository.claimbot("status");
    expect(status.stdout.split("\n").filter((line) => /^\S+ +live +record 1 /.test(line))).toHaveLength(FEW.length);
  });

  test("publishes a change as the next record, and points to it alone", async () => {
    await using repository = await ClaimRepository.make({ only: FEW });
    await repository.claimbot("apply", "--yes");
    await repository.edit("environments/dev/ledger-dev.yaml", "max: 2", "max: 3");
    await repository.commit("More nodes");
    const { status, stdout } = await repository.claimbot("apply", "--yes");
    expect(status).toBe(0);
    expect(stdout).toContain("✓ ledger-dev  claims/ledger-dev/00000002.json");
    expect(stdout).not.toContain("ledger-stage");
    const log = await repository.log("ledger-dev");
    expect(log.map(({ sequence, kind }) => `${sequence} ${kind}`)).toEqual(["1 Publication", "2 Publication"]);
    await expectWhole(repository, ["ledger-dev"], 2);
  });

  test("publishes only what is named, from anywhere: --dir is relative to where the person stands", async () => {
    await using repository = await ClaimRepository.make({ only: FEW });
    const env = { INIT_CWD: join(repository.path, "environments/dev") };
    const { status, stdout } = await claimbot(["apply", "ledger-dev", "--dir", "../..", "--yes"], { env });
    expect(status).toBe(0);
    expect(stdout).not.toContain("ledger-stage");
    expect(await repository.log("ledger-dev")).toHaveLength(1);
    expect(await repository.log("ledger-stage")).toHaveLength(0);
  });

  test("adopts changed rules as a plan of their own, after the environments that were planned under the old ones", async () => {
    await using repository = await ClaimRepository.make({ only: FEW });
    await repository.claimbot("apply", "--yes");
    await repository.edit("platform.yaml", "retentionDays: 30", "retentionDays: 31");
    await repository.edit("platform.yaml", "version: 0.21.0", "version: 0.22.0");
    await repository.commit("Longer retention, and a newer Kong");
    const plan = await repository.claimbot("plan");
    expect(plan.stdout).toMatch(/^platform +~ changed/m);
    expect(plan.stdout).toContain("retentionDays  30 → 31");
    const { status, stdout } = await repository.claimbot("apply", "--yes");
    expect(status).toBe(0);
    expect(
      stdout
        .split("\n")
        .filter((line) => line.startsWith("✓"))
        .map((line) => line.split("  ").slice(0, 2)),
    ).toEqual([
      ["✓ ledger-stage", "claims/ledger-stage/00000002.json"],
      ["✓ platform", "claims/platform/00000002.json"],
    ]);
    expect((await repository.claimbot("apply", "--yes")).stdout.split("\n")[0]).toBe("Nothing changes.");
  });

  test("begins a removal, says what it waits for, and rolls out the others: exit 3", async () => {
    await using repository = await ClaimRepository.make({ only: FEW });
    await repository.claimbot("apply", "--yes");
    await repository.git("rm", "--quiet", "environments/dev/ledger-dev.yaml");
    await repository.edit("environments/stage/ledger-stage.yaml", "max: 4", "max: 5");
    await repository.commit("Without ledger-dev");
    const { status, stdout } = await repository.claimbot("apply", "--yes");
    expect(status).toBe(3);
    expect(stdout).toMatch(/^ledger-dev +− removed/m);
    expect(stdout).toMatch(/^… ledger-dev {2}Flux takes the protection off ledger-dev\. Nothing is lost/m);
    expect(stdout).toContain("✓ ledger-stage  claims/ledger-stage/00000002.json");
    expect((await repository.log("ledger-dev")).at(-1)?.kind).toBe("Tombstone");
    expect((await repository.claimbot("status", "ledger-dev")).stdout).toMatch(/^ledger-dev +being removed +record 2 /);
  });

  test("writes a reason that breaks the glass into the record, and history shows it", async () => {
    await using repository = await ClaimRepository.make({ only: FEW });
    const reason = "GitLab is down and the bank is waiting";
    const { status } = await repository.claimbot("apply", "ledger-stage", "--yes", "--break-glass", reason);
    expect(status).toBe(0);
    expect((await repository.log("ledger-stage")).at(-1)?.breakGlass).toBe(reason);
    expect((await repository.claimbot("history", "ledger-stage")).stdout).toContain(`BREAK GLASS: ${reason}`);
  });
});

describe("apply refuses, and does nothing", () => {
  test.each([
    ["without a terminal and without --yes", ["apply"], 2, "say --yes, or nothing is done"],
    ["a name that HEAD does not have", ["apply", "ledger-devv", "--yes"], 2, '"ledger-devv"'],
    [
      "to break the glass without a reason",
      ["apply", "--yes", "--break-glass", "urgent"],
      2,
      "an auditor will understand, of at least 10 characters",
    ],
    [
      "to keep a token for years as the reason",
      ["apply", "--yes", "--break-glass", "the pipeline needs glpat-abcdefghij0123456789"],
      2,
      "holds what looks like a token",
    ],
    ["an unknown option", ["apply", "--force"], 2, "--force"],
  ])("%s", async (_what, words, code, message) => {
    await using repository = await ClaimRepository.make({ only: FEW });
    const { status, stdout, stderr } = await repository.claimbot(...words);
    expect({ status, stdout }).toEqual({ status: code, stdout: "" });
    expect(stderr).toContain(message);
    await expectNothing(repository);
  });

  test.each([
    ["a change", async (repository: ClaimRepository) => repository.edit("platform.yaml", "maxNodes: 20", "maxNodes: 21")],
    [
      "an untracked file",
      async (repository: ClaimRepository) => repository.write("environments/dev/new-dev.yaml", "kind: Environment\n"),
    ],
    [
      "a staged removal",
      async (repository: ClaimRepository) =>
        void (await repository.git("rm", "--quiet", "--cached", "environments/dev/ledger-dev.yaml")),
    ],
  ])("a tree with %s", async (_what, soil) => {
    await using repository = await ClaimRepository.make({ only: FEW });
    await soil(repository);
    const { status, stderr } = await repository.claimbot("apply", "--yes");
    expect(status).toBe(2);
    expect(stderr).toContain("has changes that HEAD does not have");
    await expectNothing(repository);
  });

  test("claims with mistakes: exit 1, and the mistakes", async () => {
    await using repository = await ClaimRepository.make({ only: FEW });
    await repository.edit("environments/dev/ledger-dev.yaml", "region: fra", "region: mars");
    await repository.commit("Mars");
    const { status, stdout } = await repository.claimbot("apply", "--yes");
    expect(status).toBe(1);
    expect(stdout).toContain("claim/region-unknown");
    await expectNothing(repository);
  });

  test("to touch a remote system without GitLab's word on approvals", async () => {
    await using repository = await ClaimRepository.make({ only: FEW });
    const env = { CLAIMBOT_CLOUDFLARE_TOKEN: "f".repeat(40), CLAIMBOT_CLOUDFLARE_URL: "http://127.0.0.1:9/client/v4" };
    const { status, stderr } = await claimbot(["apply", "--yes"], { cwd: repository.path, env });
    expect(status).toBe(2);
    expect(stderr).toContain("Cloudflare would be changed");
    await expectNothing(repository);
  });

  test("an older commit than the one that is published: exit 3, with the way out", async () => {
    await using repository = await ClaimRepository.make({ only: FEW });
    await repository.edit("environments/dev/ledger-dev.yaml", "max: 2", "max: 3");
    await repository.commit("More nodes");
    await repository.claimbot("apply", "--yes");
    await repository.git("checkout", "--quiet", "HEAD~1");
    const { status, stdout } = await repository.claimbot("apply", "--yes");
    expect(status).toBe(3);
    expect(stdout).toMatch(/^✗ ledger-dev {2}.* does not come after .*release its newest commit$/m);
    expect(await repository.log("ledger-dev")).toHaveLength(1);
  });
});

// What util-linux calls script gives a process a terminal; it is there on every Linux that has a login.
describe.skipIf(!existsSync("/usr/bin/script"))("apply on a terminal", () => {
  async function onTerminal(repository: ClaimRepository, answer: string): Promise<string> {
    return new Promise((done, fail) => {
      const line = `'${process.execPath}' '${CLI}' apply; echo "exit $?"`;
      const child = execFile(
        "script",
        ["-qec", line, "/dev/null"],
        { cwd: repository.path, env: environment({}) },
        (error, stdout) => (error === null ? done(stdout) : fail(error)),
      );
      child.stdout?.on("data", (text: string) => {
        if (text.includes("[y/N]")) child.stdin?.write(`${answer}\n`);
      });
    });
  }

  test("prints the plan, asks, and goes on with y", async () => {
    await using repository = await ClaimRepository.make({ only: FEW });
    const shown = await onTerminal(repository, "y");
    expect(shown.indexOf("+ claim")).toBeGreaterThan(0);
    expect(shown.indexOf("Roll out 3 plans? [y/N]")).toBeGreaterThan(shown.indexOf("+ claim"));
    expect(shown).toContain("exit 0");
    expect(await repository.log("ledger-dev")).toHaveLength(1);
  });

  test.each(["n", "", "yesterday"])("does nothing with %j", async (answer) => {
    await using repository = await ClaimRepository.make({ only: FEW });
    const shown = await onTerminal(repository, answer);
    expect(shown).toContain("Nothing was done.");
    expect(shown).toContain("exit 0");
    await expectNothing(repository);
  });
});

describe("two at once", () => {
  test("write one whole log, and both say that it is well", async () => {
    await using repository = await ClaimRepository.make({ only: FEW });
    for (const sequence of [1, 2]) {
      if (sequence === 2) {
        await repository.edit("environments/dev/ledger-dev.yaml", "max: 2", "max: 3");
        await repository.edit("environments/stage/ledger-stage.yaml", "max: 4", "max: 5");
        await repository.commit("More nodes");
      }
      const both = await Promise.all([1, 2].map(async () => repository.claimbot("apply", "--yes")));
      expect(both.map(({ status, stderr }) => ({ status, stderr }))).toEqual(both.map(() => ({ status: 0, stderr: "" })));
      await expectWhole(repository, ["ledger-dev", "ledger-stage"], sequence);
    }
    await expectWhole(repository, ["search-vectors-sue"], 1);
  });

  test("and one of them killed leave one whole log", async () => {
    await using repository = await ClaimRepository.make({ only: FEW });
    const [doomed, other] = [repository.start("apply", "--yes"), repository.start("apply", "--yes")];
    await killAfterWrite(repository, doomed);
    const [code] = await exitOf(other);
    expect(code).toBe(0);
    await expectWhole(repository, FEW, 1);
    const again = await repository.claimbot("apply", "--yes");
    expect(again.stdout.split("\n")[0]).toBe("Nothing changes.");
  });
});

describe("kill -9", () => {
  test("after each single thing that apply writes: the next one goes on, and it ends as if nothing had been", async () => {
    await using repository = await ClaimRepository.make({ only: ["ledger-dev", "ledger-stage"] });
    const kills = await applyThroughKills(repository);
    // An adoption, and for each environment at least plan, record, bundle, pointer and receipt.
    expect(kills).toBeGreaterThan(5);
    await expectWhole(repository, ["ledger-dev", "ledger-stage"], 1);
    expect((await repository.claimbot("apply", "--yes")).stdout.split("\n")[0]).toBe("Nothing changes.");

    await repository.edit("environments/dev/ledger-dev.yaml", "max: 2", "max: 3");
    await repository.commit("More nodes");
    expect(await applyThroughKills(repository)).toBeGreaterThan(1);
    await expectWhole(repository, ["ledger-dev"], 2);
    await expectWhole(repository, ["ledger-stage"], 1);
  }, 60_000);
});

/** Applies again and again, each time killed as soon as it has written something, until one gets to its end. Gives the number of kills. */
async function applyThroughKills(repository: ClaimRepository): Promise<number> {
  for (let kills = 0; kills < 50; kills += 1) {
    const killed = await killAfterWrite(repository, repository.start("apply", "--yes"));
    if (!killed) return kills;
  }
  throw new Error("apply did not get to its end");
}

/** False when it had ended well before it could be killed. */
async function killAfterWrite(repository: ClaimRepository, child: ChildProcess): Promise<boolean> {
  const before = await files(repository);
  const end = exitOf(child);
  while (child.exitCode === null && (await files(repository)).length === before.length) await pause(2);
  child.kill("SIGKILL");
  const [code, signal] = await end;
  if (signal === null) expect(code).toBe(0);
  return signal !== null;
}

async function exitOf(child: ChildProcess): Promise<[code: number | null, signal: string | null]> {
  if (child.exitCode !== null || child.signalCode !== null) return [child.exitCode, child.signalCode];
  return (await once(child, "exit")) as [number | null, string | null];
}

/** Every file of the store that is more than a writer's temporary one. */
async function files(repository: ClaimRepository): Promise<readonly string[]> {
  const store = join(repository.path, ".claimbot/store");
  if (!existsSync(store)) return [];
  const entries = await readdir(store, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.parentPath.endsWith("@incoming"))
    .map(({ parentPath, name }) => join(parentPath, name));
}

/** The log has so many records in one chain, each with its receipt, plan and bundle; and one pointer, to the newest, was moved as often. */
async function expectWhole(repository: ClaimRepository, names: readonly string[], records: number): Promise<void> {
  const { entries, faults } = await readVerifiedAudit(await repository.store(), AbortSignal.timeout(10_000));
  expect(faults).toEqual([]);
  const keys = new Set((await repository.objects()).map(({ key }) => key));
  for (const name of names) {
    const log = await repository.log(name);
    expect(log.map(({ sequence, kind }) => `${sequence} ${kind}`)).toEqual(
      Array.from({ length: records }, (_, index) => `${index + 1} Publication`),
    );
    for (const { sequence, planDigest } of log) {
      expect(keys).toContain(`receipts/${name}/${String(sequence).padStart(8, "0")}.json`);
      expect(keys).toContain(`plans/${planDigest}.json`);
      // The decision before the record, the end before the receipt.
      const ofPlan = entries.flatMap(({ event }) => ("planDigest" in event && event.planDigest === planDigest ? [event] : []));
      expect(ofPlan[0]).toMatchObject({ kind: "Decision", outcome: "go" });
      expect(ofPlan.at(-1)).toMatchObject({ kind: "Effects", outcome: "settled", record: { key: recordKey(name, sequence) } });
    }
    const head = log.at(-1);
    if (head?.kind !== "Publication") throw new Error("the log ends in a publication");
    const pointers = (await files(repository)).filter((path) => path.includes(`/current/${name}.yaml`)).toSorted();
    expect(pointers).toHaveLength(records);
    const pointer = await readFile(pointers.at(-1) ?? "", "utf8");
    expect(pointer).toContain(`releases/${name}/${head.releaseDigest}`);
    expect(keys).toContain(`releases/${name}/${head.releaseDigest}/bundle.yaml`);
  }
}

/** No claim, no plan, no pointer: nothing but the folders of an empty store. */
async function expectNothing(repository: ClaimRepository): Promise<void> {
  expect(await files(repository)).toEqual([]);
}
