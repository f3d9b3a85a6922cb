/** Commit statuses against a GitLab that refuses what the real one refuses: what is said is said once, and nothing stays running. */
import { describe, expect, test } from "vitest";
import { openForge } from "../../src/adapters/gitlab/forge.ts";
import { SILENT } from "../../src/core/log.ts";
import type { MergeRequest, StatusPart } from "../../src/core/ports.ts";
import { Secret } from "../../src/core/secret.ts";
import { endApply, endForgotten, finishApply, tellApply } from "../../src/flows/apply-status.ts";
import { examinePlanStatus, finishPlans, tellPlan } from "../../src/flows/plan-status.ts";
import type { Alarm, ForgeWorld } from "../../src/flows/world.ts";
import { startGitlab } from "../../src/sandbox/gitlab/start-gitlab.ts";
import { statusMemory } from "./status-memory.ts";

const signal = AbortSignal.timeout(600_000);
const live: StatusPart = { state: "settled", words: "live" };
const coming: StatusPart = { state: "waiting", words: "on its way" };
const held: StatusPart = { state: "held", words: "held: 1 of 2 approvals" };
const planned = { state: "success", description: "1 environment planned" } as const;

async function scene() {
  const gitlab = await startGitlab({
    seed: { "platform.yaml": "kind: Platform\n" },
    users: [
      { username: "mara", level: 40 },
      { username: "eve", level: 30 },
    ],
  });
  const { token } = gitlab.createBot();
  const forge = openForge({ url: gitlab.url, token: new Secret(token), project: "platform/static-environments" });
  const memory = { ...statusMemory(), stickyNote: async () => undefined };
  const alarms: Alarm[] = [];
  const world = { forge, memory, log: SILENT, alarm: (what: Alarm) => alarms.push(what) } as unknown as ForgeWorld;
  const opened = async (branch: string): Promise<MergeRequest> => {
    await gitlab.push({ branch, files: { [branch]: "x\n" }, as: "mara" });
    return forge.mergeRequest(await gitlab.openMergeRequest({ as: "mara", source: branch }));
  };
  return {
    gitlab,
    forge,
    memory,
    alarms,
    world,
    opened,
    merged: async (branch: string): Promise<MergeRequest> => {
      const { iid } = await opened(branch);
      await gitlab.merge(iid, { as: "mara" });
      return forge.mergeRequest(iid);
    },
    /** `state: description`, of a commit. */
    said: (sha: string | undefined) => gitlab.statuses(sha ?? "").map(({ state, description }) => `${state}: ${description}`),
    posts: () => gitlab.faults.requests.filter(({ method, path }) => method === "POST" && path.includes("/statuses/")).length,
    [Symbol.asyncDispose]: async () => gitlab[Symbol.asyncDispose](),
  };
}

describe("claimbot/apply", () => {
  test("is one for all environments of a merge, and is written only when it says something else", async () => {
    await using s = await scene();
    const mr = await s.merged("two");
    await tellApply(s.world, mr, "shop-sue", coming, signal);
    await tellApply(s.world, mr, "payments-prod", coming, signal);
    expect(s.said(mr.mergedCommit)).toEqual(["running: shop-sue on its way"]);
    expect(s.posts()).toBe(1);
    await tellApply(s.world, mr, "shop-sue", live, signal);
    expect(s.posts()).toBe(1);
    await tellApply(s.world, mr, "payments-prod", held, signal);
    await tellApply(s.world, mr, "payments-prod", held, signal);
    expect(s.said(mr.mergedCommit)).toEqual(["failed: payments-prod held: 1 of 2 approvals · shop-sue live"]);
    expect(s.posts()).toBe(2);
    await tellApply(s.world, mr, "payments-prod", live, signal);
    expect(s.said(mr.mergedCommit)).toEqual(["success: payments-prod live · shop-sue live"]);
    expect(s.gitlab.statuses(mr.mergedCommit ?? "")[0]?.targetUrl).toBe(mr.webUrl);
    expect(await s.memory.openStatuses()).toEqual([]);
  });

  test("of twenty environments that are told of at once ends in what is so of all", async () => {
    await using s = await scene();
    const mr = await s.merged("many");
    const names = Array.from({ length: 20 }, (_, index) => `e${index}`);
    await Promise.all(names.map(async (name) => tellApply(s.world, mr, name, coming, signal)));
    await Promise.all(names.map(async (name) => tellApply(s.world, mr, name, live, signal)));
    expect(s.said(mr.mergedCommit)).toHaveLength(1);
    expect(s.said(mr.mergedCommit)[0]).toMatch(/^success: e0 live · e1 live .*$/);
  });

  test("of a change that a newer one overtook is ended, whether it ran or was held, also by one without a merge request", async () => {
    await using s = await scene();
    const [first, second, third] = [await s.merged("first"), await s.merged("second"), await s.merged("third")];
    await tellApply(s.world, first, "a", coming, signal);
    await tellApply(s.world, second, "a", held, signal);
    expect(s.said(first.mergedCommit)).toEqual([`canceled: a changed again by !${second.iid}`]);
    await tellApply(s.world, third, "b", coming, signal);
    expect(s.said(second.mergedCommit)).toEqual(["failed: a held: 1 of 2 approvals"]);
    await tellApply(s.world, undefined, "a", coming, signal);
    await tellApply(s.world, undefined, "b", coming, signal);
    expect(s.said(second.mergedCommit)).toEqual(["canceled: a changed again"]);
    expect(s.said(third.mergedCommit)).toEqual(["canceled: b changed again"]);
  });

  test.each([
    ["by a connection that was cut", { kind: "cut-before" }, 2],
    ["by a rate limit", { kind: "status", status: 429, retryAfterSeconds: 60 }, 2],
  ] as const)("whose write was ended %s is written by whoever looks next", async (_, fault, posts) => {
    await using s = await scene();
    const mr = await s.merged("cut");
    await tellApply(s.world, mr, "a", coming, signal);
    s.gitlab.faults.requests.length = 0;
    s.gitlab.faults.add({ method: "POST", path: /\/statuses\//, fault, times: 3 });
    await tellApply(s.world, mr, "a", live, signal).catch((error: unknown) => expect(error).toHaveProperty("retryAfterMs"));
    s.gitlab.faults.clear();
    await finishApply(s.world, new Set(), signal);
    expect(s.said(mr.mergedCommit)).toEqual(["success: a live"]);
    expect(s.posts()).toBeGreaterThanOrEqual(posts);
    expect(await s.memory.openStatuses()).toEqual([]);
  });

  test("that GitLab has and claimbot does not know of is looked up, and not written twice", async () => {
    await using s = await scene();
    const mr = await s.merged("unknown");
    await tellApply(s.world, mr, "a", live, signal);
    const known = await s.memory.status(mr.mergedCommit ?? "", "claimbot/apply");
    if (known === undefined) throw new Error("it is remembered");
    await s.memory.rememberStatus({ ...known, said: undefined });
    s.gitlab.faults.requests.length = 0;
    await finishApply(s.world, new Set(), signal);
    expect(s.posts()).toBe(0);
    expect(await s.memory.openStatuses()).toEqual([]);
  });

  test("stays running for what is at work, and is ended for what nobody works on", async () => {
    await using s = await scene();
    const mr = await s.merged("orphan");
    await tellApply(s.world, mr, "a", coming, signal);
    await finishApply(s.world, new Set(["a"]), signal);
    expect(s.said(mr.mergedCommit)).toEqual(["running: a on its way"]);
    await finishApply(s.world, new Set(["b"]), signal);
    expect(s.said(mr.mergedCommit)).toEqual(["success: a nothing left to do"]);
  });

  test("of an overtaken change that a lost database does not know any more is ended, where it runs", async () => {
    await using s = await scene();
    const mr = await s.merged("forgotten");
    const sha = mr.mergedCommit ?? "";
    await endForgotten(s.world, mr, "a", 9, signal);
    expect(s.said(sha)).toEqual([]);
    await s.forge.setStatus(sha, "main", { name: "claimbot/apply", state: "running", description: "a on its way" });
    await endForgotten(s.world, mr, "a", 9, signal);
    expect(s.said(sha)).toEqual(["canceled: a changed again by !9"]);
  });

  test("is ended by an error of our own, and says where to look", async () => {
    await using s = await scene();
    const mr = await s.merged("broken");
    await tellApply(s.world, mr, "a", coming, signal);
    await endApply(s.world, "a", "own error", signal);
    expect(s.said(mr.mergedCommit)).toEqual(["failed: a stopped by an error of claimbot's own: see its log"]);
  });

  test("goes on in the pipeline where it began, although a newer one came up: there it would run for ever", async () => {
    await using s = await scene();
    const mr = await s.merged("pipelines");
    const sha = mr.mergedCommit ?? "";
    await tellApply(s.world, mr, "a", coming, signal);
    await s.gitlab.startPipeline(sha, "main");
    await tellApply(s.world, mr, "a", live, signal);
    expect(s.gitlab.allStatuses().map(({ state }) => state)).toEqual(["success"]);
  });
});

describe("claimbot/plan", () => {
  test("that says the same is not written again; after a push it is", async () => {
    await using s = await scene();
    const mr = await s.opened("same");
    await tellPlan(s.world, mr, planned, signal);
    await tellPlan(s.world, await s.forge.mergeRequest(mr.iid), planned, signal);
    expect(s.posts()).toBe(1);
    await s.gitlab.push({ branch: "same", files: { same: "y\n" }, as: "mara" });
    await tellPlan(s.world, await s.forge.mergeRequest(mr.iid), planned, signal);
    expect(s.posts()).toBe(2);
  });

  test("of somebody else is an alarm, once, and ours is written over it", async () => {
    await using s = await scene();
    const mr = await s.opened("forged");
    await tellPlan(s.world, mr, { state: "failed", description: "1 mistake" }, signal);
    expect(await examinePlanStatus(s.world, mr, signal)).toBe(false);
    const { sha = "" } = mr;
    await s.gitlab.setStatus({ sha, ref: "forged", state: "success", name: "claimbot/plan" }, { as: "eve" });
    expect(s.said(sha)).toEqual(["success: null"]);
    expect(await examinePlanStatus(s.world, mr, signal)).toBe(true);
    expect(s.alarms).toEqual(["forged-status"]);
    const now = await s.forge.mergeRequest(mr.iid);
    await tellPlan(s.world, now, { state: "failed", description: "1 mistake" }, signal);
    expect(s.said(sha)).toEqual(["failed: 1 mistake"]);
    expect(await examinePlanStatus(s.world, now, signal)).toBe(false);
    expect(s.alarms).toHaveLength(1);
  });

  test("that a newer pipeline does not have is written there too", async () => {
    await using s = await scene();
    const mr = await s.opened("newer");
    const { sha = "" } = mr;
    await tellPlan(s.world, mr, planned, signal);
    const newer = await s.gitlab.startPipeline(sha, "refs/merge-requests/1/head");
    await s.gitlab.setStatus({ sha, pipelineId: newer, state: "success", name: "lint" }, { as: "mara" });
    expect(await examinePlanStatus(s.world, mr, signal)).toBe(true);
    const now = await s.forge.mergeRequest(mr.iid);
    await tellPlan(s.world, now, planned, signal);
    expect(s.gitlab.allStatuses().filter(({ name, pipeline }) => name === "claimbot/plan" && pipeline.id === newer)).toHaveLength(
      1,
    );
    expect(await examinePlanStatus(s.world, now, signal)).toBe(false);
  });

  test.each(["running", "pending", "success", undefined] as const)(
    "whose write was cut off on a head that nobody has any more, and is %s there, is at its end",
    async (state) => {
      await using s = await scene();
      const mr = await s.opened("superseded");
      const { sha = "", iid: mergeRequest } = mr;
      if (state !== undefined) {
        await s.forge.setStatus(sha, "superseded", { name: "claimbot/plan", state, description: "x" });
      }
      const part = { sha, name: "claimbot/plan", mergeRequest, parts: {}, said: undefined, pipelineId: undefined } as const;
      await s.memory.rememberStatus(part);
      await finishPlans(s.world, new Set([sha]), signal);
      expect(await s.memory.openStatuses()).toHaveLength(1);
      await finishPlans(s.world, new Set(), signal);
      expect(await s.memory.openStatuses()).toEqual([]);
      expect(s.gitlab.statuses(sha).map((one) => one.state)).toEqual(
        state === undefined ? [] : [state === "success" ? "success" : "canceled"],
      );
    },
  );
});
