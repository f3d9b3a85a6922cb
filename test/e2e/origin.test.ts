/** Which merge request answers for what the default branch says: what came past review, and what others approved, borrows no approval. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { PLATFORM_NAME } from "../../src/core/adopted.ts";
import { forgeGround } from "../../src/flows/forge-ground.ts";
import { expectClean } from "./actions.ts";
import { startBench, type Bench } from "./race-bench.ts";
import { claimPath, claimText } from "./race-seed.ts";

const NAME = "origin";
let bench: Bench;

beforeAll(async () => {
  bench = await startBench();
  await bench.work({ kind: "sweep" });
  await workAll();
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
  expectClean(bench);
});

async function workAll(): Promise<void> {
  for (let jobs = await bench.takeJobs(); jobs.length > 0; jobs = await bench.takeJobs())
    for (const job of jobs) await bench.work(job);
}

/** Opened by Sam, reviewed, merged by Mara; approved by these. Nobody has released it yet. */
async function merged(source: string, path: string, text: string, approvers: readonly string[]): Promise<number> {
  await bench.gitlab.push({ branch: source, as: "sam", files: { [path]: text } });
  const iid = await bench.gitlab.openMergeRequest({ as: "sam", source });
  await workAll();
  for (const as of approvers) await bench.gitlab.approve(iid, { as });
  await bench.gitlab.merge(iid, { as: "mara" });
  return iid;
}

async function inputsMerged(source: string): Promise<number> {
  const text = (await bench.gitlab.file("platform.yaml")) ?? "";
  const [, version = ""] = /chart: ingress\n(?:.*\n)*? +version: (\S+)\n/.exec(text) ?? [];
  return merged(source, "platform.yaml", text.replace(version, `${version}-${source}`), ["jo", "mara"]);
}

async function answersFor(environment: string): Promise<number | undefined> {
  const facts = await (await forgeGround(bench.world, bench.signal)).reviewFacts(environment);
  return facts === "unchecked" ? undefined : facts?.iid;
}

test("a claim that was pushed past review has nobody's approval, whatever planned it before", async () => {
  const own = await merged("own", claimPath(NAME), claimText(NAME, { maxNodes: 3 }), ["jo"]);
  expect(await answersFor(NAME)).toBe(own);
  await workAll();
  const inputs = await inputsMerged("chart");
  expect(await answersFor(NAME)).toBe(inputs);
  await workAll();
  const files = { [claimPath(NAME)]: claimText(NAME, { maxNodes: 4 }) };
  await bench.gitlab.push({ branch: bench.gitlab.project.defaultBranch, as: "mara", files });
  expect(await answersFor(NAME)).toBeUndefined();
  await workAll();
});

test("who approves a chart approves no rules that wait: their own merge request answers for them", async () => {
  const text = (await bench.gitlab.file("platform.yaml")) ?? "";
  const loose = text.replace(/(stage:\n(?: {6}.*\n)*? {6}approvals: )\d+/, "$10");
  expect(loose).not.toBe(text);
  const rules = await merged("loose", "platform.yaml", loose, []);
  await workAll();
  expect(await answersFor(PLATFORM_NAME)).toBe(rules);
  await inputsMerged("another-chart");
  expect(await answersFor(PLATFORM_NAME)).toBe(rules);
});
