/** Systems that cannot be reached: the job waits and comes back, and nothing is said that is only half true. */
import { expect, test, vi } from "vitest";
import { startRehearsal, startServers } from "../../src/rehearsal.ts";
import {
  botNotes,
  edited,
  expectClean,
  idle,
  logOf,
  merge,
  noteOf,
  open,
  PLAN,
  planStatus,
  post,
  propose,
  report,
} from "./actions.ts";
import { seedOf } from "./seed.ts";
import { ServiceProcess, until } from "./service-process.ts";

const DEV = "environments/dev/ledger-dev.yaml";
const NAMES = "hostnames: [ledger.dev.example.org]";
vi.setConfig({ testTimeout: 120_000 });

test("Cloudflare goes away in the middle of a release, comes back, goes away again: in the end all is there, once", async () => {
  await using seed = await seedOf(["ledger-dev"]);
  await using r = await startRehearsal({ seed: seed.directory });
  await idle(r);
  const iid = await propose(r, {
    as: "sam",
    branch: "another-name",
    files: await edited(r, DEV, NAMES, "hostnames: [ledger.dev.example.org, books.dev.example.org]"),
  });
  const batch = { method: "POST", path: /dns_records\/batch/ };
  r.cloudflare.faults.add({ ...batch, fault: { kind: "status", status: 503, html: true } });
  r.cloudflare.faults.add({ ...batch, fault: { kind: "cut-before" } });
  r.cloudflare.faults.add({ ...batch, fault: { kind: "cut-after" } });
  const before = r.gitlab.faults.requests.length;
  await merge(r, iid);
  await idle(r);

  const outcomes = (await r.service.queue.reports({ key: "env:ledger-dev" })).map(({ outcome }) => outcome);
  expect(outcomes).toContain("waiting");
  expect(outcomes.filter((outcome) => !["done", "waiting", "stale"].includes(outcome))).toEqual([]);
  expect(r.cloudflare.records("example.org").filter(({ name }) => name === "books.dev.example.org")).toHaveLength(1);
  expect(await logOf(r, "ledger-dev")).toHaveLength(2);
  expect(noteOf(r, iid, report("ledger-dev"))).toContain("🟢 ledger-dev is live");
  // One note, edited: not one for each time that it waited.
  const created = r.gitlab.faults.requests
    .slice(before)
    .filter(({ method, path }) => method === "POST" && path.endsWith("/notes"));
  expect(created).toHaveLength(1);
  expectClean(r);
});

test("GitLab cannot take the report: it is said later, and it says how the release ended", async () => {
  await using seed = await seedOf(["ledger-dev"]);
  await using r = await startRehearsal({ seed: seed.directory });
  await idle(r);
  const iid = await propose(r, { as: "sam", branch: "unsaid", files: await edited(r, DEV, "max: 2", "max: 3") });
  // From the moment at which GitLab knows of the deployment.
  r.gitlab.faults.add({
    method: "POST",
    path: /\/deployments$/,
    fault: {
      kind: "meanwhile",
      act: () => r.gitlab.faults.add({ path: /\/notes/, fault: { kind: "status", status: 503, html: true }, times: 4 }),
    },
  });
  await merge(r, iid);
  await idle(r);
  expect(await logOf(r, "ledger-dev")).toHaveLength(2);
  expect(noteOf(r, iid, report("ledger-dev"))).toContain("🟢 ledger-dev is live");
  expectClean(r);
});

test("GitLab is down when the service starts: it takes webhooks all the same, and does the work when GitLab is back", async () => {
  await using seed = await seedOf(["ledger-dev"]);
  await using servers = await startServers({ seed: seed.directory });
  servers.gitlab.faults.add({ path: /^\//, fault: { kind: "cut-before" }, times: 1_000_000 });
  await using service = await ServiceProcess.start(servers.env);
  const iid = await open(servers, { as: "sam", branch: "early", files: await edited(servers, DEV, "max: 2", "max: 3") });
  await servers.gitlab.webhooksSettled();
  expect(servers.gitlab.deliveries.filter(({ event }) => event === "Merge Request Hook").map(({ outcome }) => outcome)).toEqual([
    202,
  ]);
  expect((await post(servers, "Push Hook", JSON.stringify(servers.gitlab.deliveries[0]?.payload))).status).toBe(202);
  expect((await fetch(`http://${servers.env["CLAIMBOT_LISTEN"]}/readyz`)).status).toBe(200);
  expect(service.isAlive).toBe(true);
  expect(botNotes(servers, iid, PLAN)).toEqual([]);

  servers.gitlab.faults.clear();
  await until(() => planStatus(servers, iid) === "success", "the plan, when GitLab is back");
  expect(noteOf(servers, iid, PLAN)).toContain("1 environment");
  await until(async () => (await logOf(servers, "ledger-dev")).length === 1, "the release of what the default branch holds");
  expect(await service.stop()).toBe(0);
  expectClean(servers);
});

test("told to stop in the middle of a release, it ends what it does, and the next one finds nothing half done", async () => {
  await using seed = await seedOf(["ledger-dev"]);
  await using servers = await startServers({ seed: seed.directory });
  let stopped: Promise<number | null> | undefined;
  let service: ServiceProcess | undefined;
  servers.cloudflare.faults.add({
    method: "POST",
    path: /dns_records\/batch/,
    fault: { kind: "meanwhile", act: () => void (stopped = service?.stop()) },
  });
  service = await ServiceProcess.start(servers.env);
  await until(() => stopped !== undefined, "the release");
  expect(await stopped).toBe(0);
  // The job that ran was let go on to its end: its receipt is there, and so is GitLab's deployment.
  expect((await servers.store.list("receipts/ledger-dev/")).map(({ key }) => key)).toEqual(["receipts/ledger-dev/00000001.json"]);
  expect(servers.gitlab.deployments("ledger-dev")).toHaveLength(1);
  await expect(fetch(`http://${servers.env["CLAIMBOT_LISTEN"]}/healthz`)).rejects.toThrow("fetch failed");
  expectClean(servers);
});
