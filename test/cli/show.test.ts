/** claimbot show and diff: the time machine over a directory store. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { readTime } from "../../src/cli/which.ts";
import { claimbot, ClaimRepository } from "./claimbot.ts";

/** Two publications of ledger-dev, more nodes and longer retention in the second, and a third record pair: gone. */
async function lived(): Promise<ClaimRepository> {
  const repository = await ClaimRepository.make({ only: ["ledger-dev"] });
  await repository.claimbot("apply", "--yes");
  await repository.edit("environments/dev/ledger-dev.yaml", "max: 2", "max: 3");
  await repository.commit("More nodes");
  await repository.claimbot("apply", "--yes");
  return repository;
}

test("show prints claim, versions, record and rules of the newest record, or of a number", async () => {
  await using repository = await lived();
  const commit = await repository.git("rev-parse", "--short=12", "HEAD~1");
  const newest = await repository.claimbot("show", "ledger-dev");
  expect({ status: newest.status, stderr: newest.stderr }).toEqual({ status: 0, stderr: "" });
  expect(newest.stdout).toMatch(/^ledger-dev {2}record 2 \(the newest\) {2}published /);
  expect(newest.stdout).toContain("max: 3");
  const first = await repository.claimbot("show", "ledger-dev", "--seq", "1");
  expect(first.stdout).toMatch(/^ledger-dev {2}record 1 \(the newest is 2\)/);
  expect(first.stdout).toContain(`commit ${commit} of local`);
  expect(first.stdout).toContain("max: 2");
  expect(first.stdout).toMatch(/^rules {2}[0-9a-f]{12}, adopted .* UTC\n {2}approvals: 0$/m);
});

test.each([
  ["2026-11-24", "end", "2026-11-24T23:59:59.999Z"],
  ["2026-11-24", "start", "2026-11-24T00:00:00.000Z"],
  ["2026-11-24T14:02:03Z", "end", "2026-11-24T14:02:03.999Z"],
  ["2026-11-24T14:02:03Z", "start", "2026-11-24T14:02:03.000Z"],
  ["2026-11-24T14:02+02:00", "end", "2026-11-24T12:02:59.999Z"],
  ["2026-11-24T14:02:03.5Z", "end", "2026-11-24T14:02:03.500Z"],
] as const)("%s is said less exactly than a record's time: to the %s it is %s", (word, edge, time) => {
  expect(readTime(word, edge)).toBe(time);
});

test("show --at gives what was there at that time, and says where there was nothing", async () => {
  await using repository = await lived();
  const [first, second] = await repository.log("ledger-dev");
  const at = await repository.claimbot("show", "ledger-dev", "--at", first?.at ?? "", "--format", "json");
  expect((JSON.parse(at.stdout) as { record: { sequence: number } }).record.sequence).toBe(1);
  const later = await repository.claimbot("show", "ledger-dev", "--at", second?.at ?? "", "--format", "json");
  expect((JSON.parse(later.stdout) as { record: { sequence: number } }).record.sequence).toBe(2);
  const before = await repository.claimbot("show", "ledger-dev", "--at", "2020-01-01");
  expect(before.status).toBe(1);
  expect(before.stderr).toContain("ledger-dev has no such record: it has records 1 to 2");
});

test("diff names what differs in claim and objects, in either direction, and nothing between a moment and itself", async () => {
  await using repository = await lived();
  const forth = await repository.claimbot("diff", "ledger-dev", "1");
  expect(forth.status).toBe(0);
  expect(forth.stdout).toContain("\nclaim\n  ~ spec.cluster.nodePools[general-restricted].max  2 → 3\n");
  expect(forth.stdout).toContain(
    "KubernetesCluster env-ledger-dev/ledger-dev.spec.nodePools[general-restricted].maxNodes  2 → 3",
  );
  const back = await repository.claimbot("diff", "ledger-dev", "newest", "1");
  expect(back.stdout).toContain("max  3 → 2");
  expect((await repository.claimbot("diff", "ledger-dev", "2", "newest")).stdout).toContain("Nothing differs.");
});

test("diff over a removal says that everything went", async () => {
  await using repository = await lived();
  await repository.git("rm", "--quiet", "environments/dev/ledger-dev.yaml");
  await repository.commit("Not needed any more");
  await repository.claimbot("apply", "--yes");
  const { stdout } = await repository.claimbot("diff", "ledger-dev", "2");
  expect(stdout).toMatch(/→ record [34] \(.*, (gone|is to go)\)/);
  expect(stdout).toMatch(/^ {2}− Namespace env-ledger-dev/m);
});

test.each([
  [["show"], "show needs the name of an environment"],
  [["show", "ledger-dev", "--seq", "1", "--at", "2026-01-01"], "say --at or --seq, not both"],
  [["show", "ledger-dev", "--at", "yesterday"], '"yesterday" is no moment: say 2026-11-24 or 2026-11-24T14:02:00Z'],
  [["show", "ledger-dev", "--seq", "last"], '"last" is no moment: say a number of the log, newest, 2026-11-24 or'],
  [["show", "ledger-dev", "--at", "2026-02-31T00:00:00Z"], "is no moment"],
  [["diff", "ledger-dev"], "diff needs the name of an environment and one or two moments"],
  [["diff", "ledger-dev", "1", "2", "3"], '"3" is one word too many'],
])("%j is wrong use", async (words, message) => {
  await using repository = await ClaimRepository.make({ only: ["ledger-dev"] });
  const { status, stderr } = await repository.claimbot(...words);
  expect({ status, says: stderr.includes(message) }).toEqual({ status: 2, says: true });
});

test("verify of a name that was never published is not good: it may be mistyped", async () => {
  await using repository = await ClaimRepository.make({ only: ["ledger-dev"] });
  await repository.claimbot("apply", "--yes");
  const { status, stderr } = await repository.claimbot("verify", "ledger-dev", "ledger-dve");
  expect({ status, stderr }).toEqual({ status: 1, stderr: "claimbot: ledger-dve has no record: it was never published\n" });
});

test("what only reads makes nothing beside the claims, and doctor leaves nothing that apply would refuse", async () => {
  await using repository = await ClaimRepository.make({ only: ["ledger-dev"] });
  for (const command of ["status", "audit", "doctor"]) await repository.claimbot(command);
  expect(await repository.git("status", "--porcelain", "--ignored")).toBe("");
  expect((await repository.claimbot("apply", "--yes")).status).toBe(0);
});

test.each<[string, readonly string[], number, string]>([
  ["of a name that was mistyped", ["audit", "--env", "ledger-devv"], 1, "entries of the audit log is of that"],
  ["as a report of one", ["audit", "--report", "--env", "ledger-devv"], 1, "entries of the audit log is of that"],
  ["of a store that is another", ["audit", "--dir", "."], 1, "has no audit log"],
  [
    "of a time that ends before it begins",
    ["audit", "--since", "2026-02-01", "--until", "2026-01-01"],
    2,
    "nothing lies between",
  ],
  ["to a place that a script left empty", ["backup", "--to", ""], 2, "--to is empty"],
])("nothing to tell %s is not told as good", async (what, words, status, said) => {
  await using repository = await lived();
  const env = what.includes("store") ? { CLAIMBOT_DATA_DIR: join(repository.path, ".git", "none") } : {};
  const result = await claimbot(words, { cwd: repository.path, env });
  expect({ status: result.status, isSaid: result.stderr.includes(said) }).toEqual({ status, isSaid: true });
});
