/** kill -9 in the middle of a release, at every kind of step, again and again: what is left converges, and nothing is there twice. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { startServers, type Servers } from "../../src/rehearsal.ts";
import type { SandboxServer } from "../../src/sandbox/server.ts";
import { botNotes, edited, expectClean, logOf, noteOf, PLAN, report } from "./actions.ts";
import { Crew, type Moment } from "./crew.ts";
import { seedOf } from "./seed.ts";

const STAGE = "environments/stage/ledger-stage.yaml";
const NAME = "ledger.stage.example.org";
vi.setConfig({ testTimeout: 180_000 });

const gitlab = (servers: Servers): SandboxServer => servers.gitlab;
const cloudflare = (servers: Servers): SandboxServer => servers.cloudflare;
const flux = (servers: Servers): SandboxServer => servers.flux;

const UP: readonly Moment[] = [
  ["the pointer is moved, and Flux is told", flux, { path: /^\/hook\// }],
  ["the firewall is written", cloudflare, { method: "PUT", path: /entrypoint$/ }],
  ["the name is exposed", cloudflare, { method: "POST", path: /dns_records\/batch/ }],
  ["GitLab is told of the environment", gitlab, { method: "POST", path: /\/environments$/ }],
  ["GitLab is told of the deployment", gitlab, { method: "POST", path: /\/deployments$/ }],
];
const DOWN: readonly Moment[] = [
  ["GitLab's environment is stopped", gitlab, { method: "POST", path: /\/environments\/\d+\/stop/ }],
  ["the name goes", cloudflare, { method: "POST", path: /dns_records\/batch/ }],
  ["the firewall is written", cloudflare, { method: "PUT", path: /entrypoint$/ }],
  ["Flux takes the protection off", flux, { path: /^\/hook\// }],
];

test("a first release and a removal, each killed at every kind of step", async () => {
  await using seed = await seedOf(["ledger-stage"]);
  await using servers = await startServers({ seed: seed.directory });
  await using crew = new Crew(servers);
  await crew.keepAlive();

  const first = await crew.reviewed({ branch: "first", files: await edited(servers, STAGE, "min: 2, max: 4", "min: 2, max: 5") });
  const kills = crew.killAt(UP);
  const atRecord = crew.killWhenThere("store/claims/ledger-stage/00000001.json");
  await servers.gitlab.merge(first, { as: "jo" });
  await crew.until(() => botNotes(servers, first, report("ledger-stage")).some((note) => note.includes("is live")), "it is live");
  await crew.until(() => kills.length === UP.length, "it was killed at every step");

  expect(kills).toEqual(UP.map(([what]) => what));
  await atRecord;
  expect((await logOf(servers, "ledger-stage")).map(({ kind }) => kind)).toEqual(["Publication"]);
  expect(pointersOf(servers)).toHaveLength(1);
  expect(servers.cloudflare.records("example.org").filter(({ name }) => name === NAME)).toHaveLength(1);
  const refs = (servers.cloudflare.ruleset("example.org", "http_request_firewall_custom")?.rules ?? []).map(({ ref }) => ref);
  expect(refs.length).toBeGreaterThan(0);
  expect(new Set(refs).size).toBe(refs.length);
  expect(noteOf(servers, first, report("ledger-stage"))).toContain("🟢");
  expect(servers.gitlab.environments().map(({ name }) => name)).toEqual(["ledger-stage"]);
  expect(servers.gitlab.deployments("ledger-stage")).toHaveLength(1);

  const second = await crew.reviewed({ branch: "second", files: { [STAGE]: null } });
  const killsDown = crew.killAt(DOWN);
  await servers.gitlab.merge(second, { as: "jo" });
  await crew.until(
    () => botNotes(servers, second, report("ledger-stage")).some((note) => note.includes("is gone")),
    "it is gone",
  );

  expect(killsDown).toEqual(DOWN.map(([what]) => what));
  expect((await logOf(servers, "ledger-stage")).map(({ kind }) => kind)).toEqual(["Publication", "Tombstone", "Removed"]);
  expect(servers.cloudflare.records("example.org").filter(({ name }) => name === NAME)).toEqual([]);
  expect(servers.cloudflare.ruleset("example.org", "http_request_firewall_custom")?.rules ?? []).toEqual([]);
  expect(servers.flux.objects().filter(({ metadata }) => metadata.namespace === "env-ledger-stage")).toEqual([]);
  expect(noteOf(servers, second, report("ledger-stage"))).toContain("🟢");
  expect(servers.gitlab.environment("ledger-stage")?.state).toBe("stopped");
  expectClean(servers);
});

test("the first report, killed when GitLab has it and claimbot does not know: it is found again, and not written twice", async () => {
  await using seed = await seedOf(["ledger-stage"]);
  await using servers = await startServers({ seed: seed.directory });
  await using crew = new Crew(servers);
  await crew.keepAlive();
  const kills = crew.killAt([["the plan note is written", gitlab, { method: "POST", path: /\/notes$/ }]]);
  const iid = await crew.reviewed({ branch: "noted", files: await edited(servers, STAGE, "min: 2, max: 4", "min: 2, max: 5") });
  expect(kills).toHaveLength(1);
  const reports = crew.killAt([["the report is written", gitlab, { method: "POST", path: /\/notes$/ }]]);
  await servers.gitlab.merge(iid, { as: "jo" });
  await crew.until(() => botNotes(servers, iid, report("ledger-stage")).some((note) => note.includes("is live")), "it is live");
  expect(reports).toHaveLength(1);
  expect(noteOf(servers, iid, PLAN)).toContain("1 environment: 1 new");
  expect(noteOf(servers, iid, report("ledger-stage"))).toContain("🟢");

  // Told to stop, it ends what it does and lets go: the same directory may be opened at once.
  await crew.keepAlive();
  expect(await crew.stop()).toBe(0);
  expectClean(servers);
});

/** Each version of the pointer is a file of its own. */
function pointersOf({ env }: Servers): readonly string[] {
  const folder = join(env["CLAIMBOT_DATA_DIR"] ?? "", "store/current");
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith("ledger-stage.yaml")) : [];
}
