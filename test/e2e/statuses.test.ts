/** Commit statuses, end to end: each says what is so, and at the end of every story none of ours runs or waits, on no commit at all. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { openLog } from "../../src/adapters/log.ts";
import { startRehearsal, type Rehearsal } from "../../src/rehearsal.ts";
import { edited, expectClean, expectStatusesEnded, idle, merge, noteOf, open, PLAN, planStatus, propose } from "./actions.ts";
import { seedOf, type Seed } from "./seed.ts";

const DEV = "environments/dev/ledger-dev.yaml";
const STAGE = "environments/stage/ledger-stage.yaml";
vi.setConfig({ testTimeout: 120_000 });

let seed: Seed;
let r: Rehearsal;
const lines: string[] = [];

beforeAll(async () => {
  seed = await seedOf(["ledger-dev", "ledger-stage"]);
  const log = openLog({ level: "warn", secrets: [], destination: { write: (line) => void lines.push(line) } });
  r = await startRehearsal({ seed: seed.directory, log });
  await idle(r);
});
afterEach(async () => {
  await idle(r);
  expectStatusesEnded(r);
  expectClean(r);
});
afterAll(async () => {
  await r[Symbol.asyncDispose]();
  await seed[Symbol.asyncDispose]();
});

/** `state: description` of claimbot/apply on a commit. */
const applied = (sha: string): readonly string[] =>
  r.gitlab
    .statuses(sha)
    .flatMap(({ name, state, description }) => (name === "claimbot/apply" ? [`${state}: ${description}`] : []));

const sweep = async (): Promise<void> => {
  await r.service.queue.enqueue({ kind: "sweep" });
  await idle(r);
};

describe("claimbot/apply", () => {
  test("is one for two environments: on its way, held as long as one is, then live", async () => {
    const files = { ...(await edited(r, DEV, "max: 2", "max: 3")), ...(await edited(r, STAGE, "max: 4", "max: 5")) };
    const iid = await propose(r, { as: "sam", branch: "both", files });
    const sha = await r.gitlab.merge(iid, { as: "mara" });
    await idle(r);
    expect(applied(sha)).toEqual(["failed: ledger-stage held: 0 of 1 approval · ledger-dev live"]);
    const [status] = r.gitlab.statuses(sha).filter(({ name }) => name === "claimbot/apply");
    expect(status?.ref).toBe("main");
    expect(status?.targetUrl).toMatch(new RegExp(`/merge_requests/${iid}$`));

    // The next one overtakes what is held, and nothing else.
    const next = await propose(r, { as: "sam", branch: "next", files: await edited(r, STAGE, "max: 5", "max: 6") });
    await r.gitlab.approve(next, { as: "mara" });
    await idle(r);
    const second = await r.gitlab.merge(next, { as: "jo" });
    await idle(r);
    expect(applied(second)).toEqual(["success: ledger-stage live"]);
    expect(applied(sha)).toEqual([`success: ledger-dev live · ledger-stage changed again by !${next}`]);
  });

  test("is written twice for a release that waits for Flux, and not again by whoever looks", async () => {
    const iid = await propose(r, { as: "sam", branch: "waits", files: await edited(r, DEV, "max: 3", "max: 4") });
    const before = r.gitlab.faults.requests.length;
    const sha = await r.gitlab.merge(iid, { as: "mara" });
    await idle(r);
    await sweep();
    expect(applied(sha)).toEqual(["success: ledger-dev live"]);
    const posts = r.gitlab.faults.requests.slice(before).filter(({ method, path }) => method === "POST" && path.includes(sha));
    expect(posts).toHaveLength(2);
  });

  test("fails where a release stops, and says why", async () => {
    const iid = await propose(r, { as: "sam", branch: "stops", files: await edited(r, DEV, "max: 4", "max: 5") });
    r.gitlab.faults.add({ method: "PUT", path: /\/environments\//, fault: { kind: "status", status: 403 }, times: 9 });
    const sha = await r.gitlab.merge(iid, { as: "mara" });
    await idle(r);
    expect(applied(sha)[0]).toMatch(/^failed: ledger-dev stopped: .*GitLab.*/);
    r.gitlab.faults.clear();
    await sweep();
    expect(applied(sha)).toEqual(["success: ledger-dev live"]);
  });
});

describe("claimbot/plan", () => {
  test("of a head that was pushed over, of a closed merge request and of a branch that is gone is not left running", async () => {
    const base = await edited(r, DEV, "max: 5", "max: 6");
    for (const [branch, act] of [
      [
        "pushed-over",
        async () => void (await r.gitlab.push({ branch: "pushed-over", as: "sam", files: { "README.md": "x\n" } })),
      ],
      ["closed-meanwhile", async () => r.gitlab.close(r.gitlab.project.mergeRequests.length, { as: "sam" })],
      ["gone-meanwhile", async () => r.gitlab.deleteBranch("gone-meanwhile", { as: "sam" })],
    ] as const) {
      r.gitlab.faults.add({ method: "POST", path: /\/statuses\//, fault: { kind: "meanwhile", act } });
      await open(r, { as: "sam", branch, files: base });
      await idle(r);
      await sweep();
      expectStatusesEnded(r);
    }
  });

  test("that somebody else set is an alarm: in the log and the metrics, and written over by ours", async () => {
    const iid = await propose(r, { as: "sam", branch: "forged", files: await edited(r, DEV, "max: 5", "max: 99") });
    expect(planStatus(r, iid)).toBe("failed");
    await r.gitlab.setStatus(
      {
        sha: r.gitlab.headOf(iid) ?? "",
        ref: "forged",
        name: "claimbot/plan",
        state: "success",
        description: "1 environment planned",
      },
      { as: "sam" },
    );
    expect(planStatus(r, iid)).toBe("success");
    lines.length = 0;
    await sweep();
    expect(planStatus(r, iid)).toBe("failed");
    expect(lines.filter((line) => line.includes("set by somebody else"))).toHaveLength(1);
    expect(lines.join("")).toContain('"by":"sam"');
    expect(await (await fetch(`${r.service.url}/metrics`)).text()).toContain('claimbot_alarms_total{alarm="forged-status"} 1');
    await sweep();
    expect(lines.filter((line) => line.includes("set by somebody else"))).toHaveLength(1);
  });

  test("fails where there will be no plan, and says why; the next look mends it", async () => {
    r.cloudflare.faults.add({ path: /./, fault: { kind: "status", status: 403 }, times: 30 });
    const iid = await propose(r, { as: "sam", branch: "no-plan", files: await edited(r, STAGE, "max: 6", "max: 7") });
    const [status] = r.gitlab.statuses(iid);
    expect([status?.state, status?.description]).toEqual(["failed", expect.stringMatching(/^cannot be planned: .*Cloudflare/)]);
    r.cloudflare.faults.clear();
    await sweep();
    expect(planStatus(r, iid)).toBe("success");
    expect(noteOf(r, iid, PLAN)).toContain("1 environment");
  });

  test("goes to the pipeline that GitLab asks before a merge, and into a newer one when that comes up", async () => {
    const iid = await propose(r, { as: "sam", branch: "pipelines", files: await edited(r, DEV, "max: 5", "max: 7") });
    const sha = r.gitlab.headOf(iid) ?? "";
    const newer = await r.gitlab.startPipeline(sha, `refs/merge-requests/${iid}/head`);
    await r.gitlab.setStatus({ sha, pipelineId: newer, name: "lint", state: "success" }, { as: "mara" });
    await sweep();
    expect(r.gitlab.statuses(sha).filter(({ name, pipeline }) => name === "claimbot/plan" && pipeline.id === newer)).toHaveLength(
      1,
    );
    await merge(r, iid);
  });
});
