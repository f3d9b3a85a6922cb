/** kill -9 at every write of a commit status: whoever comes next ends it, and says nothing twice. */
import { expect, test, vi } from "vitest";
import { startServers, type Servers } from "../../src/rehearsal.ts";
import { edited, expectClean, expectStatusesEnded, open, PLAN, planStatus, noteOf } from "./actions.ts";
import { Crew } from "./crew.ts";
import { seedOf } from "./seed.ts";

const STAGE = "environments/stage/ledger-stage.yaml";
const STATUS = { method: "POST", path: /\/statuses\// } as const;
vi.setConfig({ testTimeout: 240_000 });

/** Every job of that name in a pipeline, not only the newest: one more is a second write. */
const written = ({ gitlab }: Servers, sha: string, name: string): readonly string[] =>
  gitlab.project.statuses
    .filter((status) => status.sha === sha && status.name === name)
    .map(({ state, description }) => `${state}: ${description}`);

test("of a plan, of a release on its way, and of its end", async () => {
  await using seed = await seedOf(["ledger-stage"]);
  // So long that claimbot, however slow, sees it on its way before it is live.
  await using servers = await startServers({ seed: seed.directory, sweepSeconds: 15, buildMs: 2_000 });
  await using crew = new Crew(servers);
  const { gitlab } = servers;
  await crew.keepAlive();

  const plan = crew.killAt([["the plan's status", ({ gitlab: server }) => server, STATUS]]);
  const iid = await crew.reviewed({ branch: "first", files: await edited(servers, STAGE, "min: 2, max: 4", "min: 2, max: 5") });
  expect(plan).toHaveLength(1);
  await crew.until(() => planStatus(servers, iid) === "success", "the plan's status");
  const head = gitlab.headOf(iid) ?? "";

  const release = crew.killAt([
    ["on its way", ({ gitlab: server }) => server, STATUS],
    ["its end", ({ gitlab: server }) => server, STATUS],
  ]);
  const merged = await gitlab.merge(iid, { as: "jo" });
  await crew.until(() => release.length === 2, "both kills");
  await crew.until(() => gitlab.deployments("ledger-stage").length === 1, "it is live");
  await crew.settled();

  expect(written(servers, merged, "claimbot/apply")).toEqual(["success: ledger-stage live"]);
  expect(written(servers, head, "claimbot/plan")).toEqual(["success: 1 environment planned"]);
  expectStatusesEnded(servers);
  expectClean(servers);
});

test("of a plan, while its head is pushed over, its merge request closed, or its branch deleted", async () => {
  await using seed = await seedOf(["ledger-stage"]);
  await using servers = await startServers({ seed: seed.directory, sweepSeconds: 15 });
  await using crew = new Crew(servers);
  const { gitlab } = servers;
  await crew.keepAlive();
  const heads: string[] = [];
  const iidOf = (branch: string): number => gitlab.project.mergeRequests.find((mr) => mr.sourceBranch === branch)?.iid ?? 0;
  const acts = {
    over: async () => void (await gitlab.push({ branch: "over", as: "sam", files: { "README.md": "Pushed over\n" } })),
    closed: async () => gitlab.close(iidOf("closed"), { as: "sam" }),
    gone: async () => gitlab.deleteBranch("gone", { as: "sam" }),
  };
  for (const [branch, act] of Object.entries(acts)) {
    let isDone = false;
    crew.killAnd(STATUS, async () => {
      await act();
      isDone = true;
    });
    const files = await edited(servers, STAGE, "min: 2, max: 4", "min: 2, max: 5");
    heads.push(gitlab.headOf(await open(servers, { as: "sam", branch, files })) ?? "");
    await crew.until(() => isDone, `killed while ${branch}`);
  }
  await crew.until(() => planStatus(servers, iidOf("over")) === "success", "the plan of the newer head");
  await crew.settled();

  expect(noteOf(servers, iidOf("over"), PLAN)).toContain("1 environment");
  for (const sha of heads) expect(written(servers, sha, "claimbot/plan").length).toBeLessThanOrEqual(1);
  expectStatusesEnded(servers);
  expectClean(servers);
});
