/** Laws that hold whoever is faster: which approvals count, what was begun goes on, and nothing is said or done twice. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Stale, Waiting } from "../../src/core/errors.ts";
import { HOLD_LABEL } from "../../src/core/gates.ts";
import type { Job } from "../../src/core/ports.ts";
import { PLAN_MARKER } from "../../src/core/render/plan-note.ts";
import { reportMarker } from "../../src/core/render/report-note.ts";
import { reviewsIn } from "../../src/core/reviews.ts";
import { forgeGround } from "../../src/flows/forge-ground.ts";
import { release } from "../../src/flows/release.ts";
import { review } from "../../src/flows/review.ts";
import { runRelease } from "../../src/flows/run-release.ts";
import { readVerifiedAudit } from "../../src/flows/verify/audit.ts";
import { readLog } from "../../src/targets/claim-store/claim-store.ts";
import { expectClean } from "./actions.ts";
import { movesInputs, type Case } from "./race-acts.ts";
import { startBench, type Bench } from "./race-bench.ts";
import { endOf, expectLive } from "./race-check.ts";
import { claimPath, claimText, hostnameOf } from "./race-seed.ts";

let bench: Bench;

beforeAll(async () => {
  bench = await startBench();
  await workAll({ kind: "sweep" });
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
  expectClean(bench);
});

async function workAll(job: Job): Promise<void> {
  await bench.work(job);
  for (const next of await bench.takeJobs()) await bench.work(next);
}

/** A merge request of one claim, not reviewed yet. */
async function opened(name: string, maxNodes = 3, source = name): Promise<Case> {
  await bench.gitlab.push({ branch: source, as: "sam", files: { [claimPath(name)]: claimText(name, { maxNodes }) } });
  return { name, iid: await bench.gitlab.openMergeRequest({ as: "sam", source }) };
}

async function reviewed(name: string, maxNodes?: number, source?: string): Promise<Case> {
  const about = await opened(name, maxNodes, source);
  for (const job of await bench.takeJobs()) await bench.work(job);
  return about;
}

/** Reviewed, approved and merged; nobody has released it yet. */
async function merged(name: string, maxNodes?: number, source?: string): Promise<Case> {
  const about = await reviewed(name, maxNodes, source);
  await bench.gitlab.approve(about.iid, { as: "jo" });
  await bench.gitlab.merge(about.iid, { as: "mara" });
  await bench.takeJobs();
  return about;
}

const releaseOf = ({ name }: Case): Job => ({ kind: "release", environment: name });

test("an approval from before the plan was stored does not count", async () => {
  const about = await opened("law-early");
  await bench.gitlab.approve(about.iid, { as: "jo" });
  for (const job of await bench.takeJobs()) await bench.work(job);
  await bench.gitlab.merge(about.iid, { as: "mara" });
  await bench.work(releaseOf(about));
  const { state, note, log } = await endOf(bench, about);
  expect({ state, log }).toEqual({ state: "held", log: [] });
  expect(note).toContain("approved before the plan was there");
});

test("an approval of an older head does not count, whatever was pushed", async () => {
  const about = await reviewed("law-older");
  await bench.gitlab.approve(about.iid, { as: "jo" });
  await bench.gitlab.push({ branch: about.name, as: "sam", files: { "README.md": "Only words\n" } });
  for (const job of await bench.takeJobs()) await bench.work(job);
  await bench.gitlab.merge(about.iid, { as: "mara" });
  await bench.work(releaseOf(about));
  const { state, note, log } = await endOf(bench, about);
  expect({ state, log }).toEqual({ state: "held", log: [] });
  expect(note).toContain("approved an older head");
});

test("a merge in the middle of another review leaves the plan that was approved", async () => {
  const about = await reviewed("law-merged");
  await bench.gitlab.approve(about.iid, { as: "jo" });
  await movesInputs(bench);
  await bench.takeJobs();
  const again = new RegExp(`^GET .*/merge_requests/${about.iid}$`);
  bench.strikeBefore(again, async () => void (await bench.gitlab.merge(about.iid, { as: "mara" })));
  await expect(review(bench.world, about.iid, bench.signal)).rejects.toThrow(Stale);
  bench.calm();
  for (const job of await bench.takeJobs()) await bench.work(job);
  await bench.work(releaseOf(about));
  const { state, note } = await endOf(bench, about);
  expect(state).toBe("held");
  // One digest away from going on, not an approval that nobody can give any more.
  expect(note).toContain("the world moved since the review");
  expect(note).not.toContain("approved before the plan was there");
});

test("a change by hand in the middle of a rollout: it comes back, is held, and says what it began", async () => {
  await bench.work(releaseOf(await merged("law-hand")));
  const about = await merged("law-hand", 4, "law-hand-again");
  const own = bench.cloudflare.records("example.org").find(({ name }) => name === hostnameOf(about.name));
  bench.strikeBefore(/^POST \/hook\//, async () => {
    bench.cloudflare.editRecord("example.org", own?.id ?? "", { proxied: false });
  });
  await expect(runRelease(bench.world, about.name, {}, bench.signal)).rejects.toThrow(Waiting);
  bench.calm();
  await bench.work(releaseOf(about));
  const { state, note } = await endOf(bench, about);
  expect(state).toBe("held");
  expect(note).toContain(`\`claims/${about.name}/00000002.json\` is not at its end`);
});

test("what was begun goes on to its end, although it is held and its approval withdrawn meanwhile", async () => {
  const about = await merged("law-begun");
  const letGo = bench.flux.holdBuild(about.name);
  await expect(runRelease(bench.world, about.name, {}, bench.signal)).rejects.toThrow(Waiting);
  expect((await endOf(bench, about)).state).toBe("on its way");
  await bench.gitlab.unapprove(about.iid, { as: "jo" });
  await bench.gitlab.edit(about.iid, { addLabels: [HOLD_LABEL] }, { as: "mara" });
  letGo();
  await bench.work(releaseOf(about));
  await expectLive(bench, about);
  const [record] = await readLog(bench.store, about.name);
  expect(record?.source.approvers).toEqual(["jo"]);
});

test("a change that overtakes one on its way closes its report, and has its own", async () => {
  const first = await merged("law-overtaken");
  const letGo = bench.flux.holdBuild(first.name);
  await expect(runRelease(bench.world, first.name, {}, bench.signal)).rejects.toThrow(Waiting);
  const second = await merged(first.name, 4, "law-overtaking");
  letGo();
  await bench.work(releaseOf(second));
  expect((await endOf(bench, first)).note).toContain(`Merge request ${second.iid} changed it before this one was at its end`);
  expect(["live", "held"]).toContain((await endOf(bench, second)).state);
});

test("a change that overtakes a held one closes its report when it is live", async () => {
  const first = await reviewed("law-held");
  await bench.gitlab.merge(first.iid, { as: "mara" });
  await bench.work(releaseOf(first));
  expect((await endOf(bench, first)).state).toBe("held");
  const second = await merged(first.name, 4, "law-held-again");
  await bench.work(releaseOf(second));
  await expectLive(bench, second);
  expect((await endOf(bench, first)).state).toBe("changed again");
});

test("two releases at once, of one claimbot: one record, one report", async () => {
  const about = await merged("law-two");
  const outcomes = await Promise.all([
    runRelease(bench.world, about.name, {}, bench.signal),
    runRelease(bench.world, about.name, {}, bench.signal),
  ]);
  expect(outcomes.map(({ kind }) => kind)).toEqual(["settled", "unchanged"]);
  await expectLive(bench, about);
  expect(await readLog(bench.store, about.name)).toHaveLength(1);
});

test("two releases at once, of two claimbots that know nothing of each other: one record", async () => {
  const about = await merged("law-replicas");
  const replica = async (): Promise<void> => {
    const ground = await forgeGround(bench.world, bench.signal);
    await release(bench.world, ground, about.name, {}, bench.signal);
  };
  await Promise.allSettled([replica(), replica(), replica()]);
  await bench.work(releaseOf(about));
  expect(await readLog(bench.store, about.name)).toHaveLength(1);
  expect(bench.cloudflare.records("example.org").filter(({ name }) => name.startsWith(`${about.name}.`))).toHaveLength(1);
  // GitLab takes the same deployment twice; all are of the one commit.
  expect(new Set(bench.gitlab.deployments(about.name).map(({ sha }) => sha)).size).toBe(1);
});

test("two reviews at once, by the queue and by a command: one note", async () => {
  const about = await opened("law-reviews");
  await bench.takeJobs();
  let second: Promise<unknown> = Promise.resolve();
  // The first one looked for its note and found none; the other gets all the time that it would need to look too, and write.
  bench.strikeBefore(/^POST .*\/notes$/, async () => {
    second = review(bench.world, about.iid, bench.signal, { fresh: true });
    await Promise.race([second, new Promise((resolve) => void setTimeout(resolve, 500))]);
  });
  await review(bench.world, about.iid, bench.signal);
  await second;
  bench.calm();
  expect(bench.gitlab.notes(about.iid).filter(({ body }) => body.startsWith(PLAN_MARKER))).toHaveLength(1);
});

test("a fan-out that comes twice changes nothing", async () => {
  const about = await merged("law-twice");
  await workAll({ kind: "fan-out" });
  await expectLive(bench, about);
  const seen = async (): Promise<unknown> => ({
    objects: await bench.store.list(""),
    records: bench.cloudflare.records("example.org"),
    deployments: bench.gitlab.deployments(),
    notes: bench.gitlab.notes(about.iid).map(({ id, body, updatedAt }) => ({ id, body, updatedAt })),
  });
  const before = await seen();
  await workAll({ kind: "fan-out" });
  await workAll({ kind: "fan-out" });
  expect(await seen()).toEqual(before);
});

test("a digest confirms its plan and no other, also where nothing had to be confirmed", async () => {
  const about = await merged("law-digest");
  const note = await bench.gitlab.comment(about.iid, `/claim apply ${about.name} ${"0".repeat(12)}`, { as: "jo" });
  const [command] = (await bench.takeJobs()).filter(({ kind }) => kind === "command");
  if (command === undefined) throw new Error("the command did not arrive");
  await bench.work(command);
  const answer = bench.gitlab.notes(about.iid).find(({ body }) => body.includes(`claimbot:answer:${note} -->`))?.body;
  expect(answer).toContain("is not the current plan");
  expect(answer).toContain("Nothing was done.");
  expect(await readLog(bench.store, about.name)).toEqual([]);
  // What comes of it is for a release of its own: this one is approved, and waits for nobody.
  for (const job of await bench.takeJobs()) await bench.work(job);
  await expectLive(bench, about);
});

test("who may say something was judged by a head: of another one nothing is released", async () => {
  const about = await merged("law-judged");
  const judgedAt = async (head: string): Promise<unknown> =>
    runRelease(bench.world, about.name, { judgedAt: head }, bench.signal).catch((error: unknown) => error);
  expect(await judgedAt("0".repeat(40))).toBeInstanceOf(Stale);
  expect((await endOf(bench, about)).log).toEqual([]);
  const [head = ""] = await bench.world.repository.fetch([`refs/heads/${bench.gitlab.project.defaultBranch}`]);
  expect(await judgedAt(head)).not.toBeInstanceOf(Stale);
  expect((await endOf(bench, about)).log).toHaveLength(1);
  for (const job of await bench.takeJobs()) await bench.work(job);
});

test("a command that is quicker than the review of its head is done after it", async () => {
  const about = await opened("law-quick");
  const note = await bench.gitlab.comment(about.iid, "/claim hold", { as: "mara" });
  const jobs = await bench.takeJobs();
  // Last come, first done.
  for (const job of jobs.toReversed()) await bench.work(job);
  expect(jobs.map(({ kind }) => kind)).toEqual(["review", "command"]);
  expect(bench.gitlab.mergeRequest(about.iid).labels).toContain(HOLD_LABEL);
  const answers = bench.gitlab.notes(about.iid).filter(({ body }) => body.includes(`claimbot:answer:${note} -->`));
  expect(answers.map(({ body }) => body)).toEqual([expect.not.stringContaining("Nothing was done")]);
  await bench.gitlab.close(about.iid, { as: "sam" });
  await bench.takeJobs();
});

test("inputs that were merged before are no matter of a later merge request: it plans what it touches", async () => {
  await workAll(releaseOf(await merged("law-bystander")));
  await movesInputs(bench);
  for (const job of await bench.takeJobs()) await workAll(job);
  const about = await reviewed("law-alone");
  const { plans = {} } = (await bench.world.memory.reviewedPlans(about.iid)) ?? {};
  expect(Object.keys(plans)).toEqual([about.name]);
  await bench.gitlab.close(about.iid, { as: "sam" });
  await bench.takeJobs();
});

test("an approval given while it was for another branch does not count when it comes back", async () => {
  const about = await reviewed("law-away");
  await bench.gitlab.push({ branch: "law-elsewhere", as: "mara", files: { "README.md": "Elsewhere\n" } });
  const target = async (targetBranch: string): Promise<void> => {
    await bench.gitlab.edit(about.iid, { targetBranch }, { as: "sam" });
    for (const job of await bench.takeJobs()) await bench.work(job);
  };
  await target("law-elsewhere");
  const { plans } = reviewsIn((await readVerifiedAudit(bench.store, bench.signal)).entries);
  expect(plans.get(about.iid)?.plans).toEqual({});
  await bench.gitlab.approve(about.iid, { as: "jo" });
  const [approval] = await bench.world.forge.approvals(about.iid);
  await target(bench.gitlab.project.defaultBranch);
  const shown = await bench.world.memory.reviewedPlans(about.iid);
  expect(shown?.plans).toHaveProperty(about.name);
  expect(Date.parse(shown?.storedAt ?? "")).toBeGreaterThanOrEqual(Date.parse(approval?.at ?? ""));
  await bench.gitlab.merge(about.iid, { as: "mara" });
  await bench.work(releaseOf(about));
  expect((await endOf(bench, about)).log).toEqual([]);
  await bench.takeJobs();
});

test("the hook of a new target is lost: the sweep takes the plan back", async () => {
  const about = await reviewed("law-target");
  await bench.gitlab.push({ branch: "law-other", as: "mara", files: { "README.md": "Elsewhere\n" } });
  bench.gitlab.dropNextWebhook(({ event }) => event === "Merge Request Hook");
  await bench.gitlab.edit(about.iid, { targetBranch: "law-other" }, { as: "sam" });
  expect(await bench.takeJobs()).toEqual([]);
  await workAll({ kind: "sweep" });
  const plans = bench.gitlab.notes(about.iid).filter(({ body }) => body.startsWith(PLAN_MARKER));
  expect(plans.map(({ body }) => body.split("\n")[1])).toEqual(["### ⚪ Not planned"]);
  expect(bench.gitlab.notes(about.iid).some(({ body }) => body.startsWith(reportMarker(about.name)))).toBe(false);
});
