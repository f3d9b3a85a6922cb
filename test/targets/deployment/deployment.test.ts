import { expect, test } from "vitest";
import { openForge } from "../../../src/adapters/gitlab/forge.ts";
import { Stalled } from "../../../src/core/errors.ts";
import { Secret } from "../../../src/core/secret.ts";
import type { Environment } from "../../../src/core/environment.ts";
import type { FaultKind } from "../../../src/sandbox/faults.ts";
import { startGitlab } from "../../../src/sandbox/gitlab/start-gitlab.ts";
import { deploymentTarget } from "../../../src/targets/deployment/deployment.ts";
import { markOf } from "../../../src/targets/deployment/model.ts";
import { anEnvironment, going, releaseOf } from "../an-environment.ts";

const SIGNAL = AbortSignal.timeout(600_000);
const stage = anEnvironment("stage");
const changed = anEnvironment("stage", { maxNodes: 7, hostnames: ["new.stage.example.org"] });
const gone = going(stage, []);

async function scene() {
  const gitlab = await startGitlab({ seed: { "platform.yaml": "kind: Platform\n" } });
  const { token } = gitlab.createBot();
  const forge = openForge({ url: gitlab.url, token: new Secret(token), project: "platform/static-environments" });
  const target = deploymentTarget(forge);
  const commit = await gitlab.head();
  /** One rollout; gives the verbs of what it changed. */
  const settle = async (environment: Environment): Promise<readonly string[]> => {
    const { resources } = await target.observe(environment, SIGNAL);
    const changes = target.diff(resources, target.desired(environment));
    if (changes.length > 0) await target.apply(changes, releaseOf(environment, [], commit), SIGNAL);
    return changes.map(({ verb }) => verb);
  };
  const writes = (): readonly string[] =>
    gitlab.faults.requests.filter(({ method }) => method !== "GET").map(({ method }) => method);
  return { gitlab, forge, target, commit, settle, writes, [Symbol.asyncDispose]: async () => gitlab[Symbol.asyncDispose]() };
}

test("tells GitLab of a new, a changed and a removed environment, each once", async () => {
  await using s = await scene();
  expect(await s.settle(stage)).toEqual(["create"]);
  expect(s.gitlab.environment("shop-stage")).toMatchObject({
    tier: "staging",
    externalUrl: "https://shop.stage.example.org",
    state: "available",
  });
  expect(s.gitlab.deployments("shop-stage")).toMatchObject([{ sha: s.commit, state: "success", ref: "main" }]);
  expect(await s.settle(stage)).toEqual([]);
  expect(await s.settle(changed)).toEqual(["update"]);
  expect(s.gitlab.environment("shop-stage")).toMatchObject({ externalUrl: "https://new.stage.example.org" });
  expect(await s.settle(gone)).toEqual(["delete"]);
  expect(s.gitlab.environment("shop-stage")).toMatchObject({ state: "stopped" });
  expect(await s.settle(gone)).toEqual([]);
  expect(await s.settle(stage)).toEqual(["create"]);
  expect(s.gitlab.environment("shop-stage")).toMatchObject({ state: "available" });
  expect(s.gitlab.unexpected).toEqual([]);
});

const WRITES = [
  ["the mark", "POST", /\/environments$/],
  ["the deployment", "POST", /\/deployments$/],
  ["the release in the mark", "PUT", /\/environments\//],
] as const;
const FAULTS: readonly FaultKind[] = [
  { kind: "cut-before" },
  { kind: "cut-after" },
  { kind: "status", status: 429, retryAfterSeconds: 60 },
];

test.each(WRITES.flatMap(([what, method, path]) => FAULTS.map((fault) => ({ what, method, path, fault, kind: fault.kind }))))(
  "a rollout that ends at $what ($kind) is finished by the next, with what was planned and nothing else",
  async ({ method, path, fault }) => {
    await using s = await scene();
    const toDo = async () => s.target.diff((await s.target.observe(stage, SIGNAL)).resources, s.target.desired(stage));
    const planned = await toDo();
    s.gitlab.faults.add({ method, path, fault, times: 9 });
    await s.settle(stage).catch((error: unknown) => expect(error).toHaveProperty("retryAfterMs"));
    s.gitlab.faults.clear();
    for (const change of await toDo()) expect(planned).toContainEqual(change);
    await s.settle(stage);
    expect(await s.settle(stage)).toEqual([]);
    expect(s.gitlab.environments()).toHaveLength(1);
    expect(s.gitlab.deployments("shop-stage")).toMatchObject([{ sha: s.commit, state: "success" }]);
  },
);

test("never takes over an environment that somebody else made", async () => {
  await using s = await scene();
  await s.forge.saveEnvironment({
    name: "shop-stage",
    tier: "other",
    externalUrl: "https://elsewhere.example.org",
    description: "The shop",
  });
  const before = JSON.stringify(s.gitlab.environment("shop-stage"));
  const { resources, contested } = await s.target.observe(stage, SIGNAL);
  expect(resources).toEqual([]);
  expect(contested).toHaveLength(1);
  await expect(s.settle(stage)).rejects.toThrow(Stalled);
  expect(await s.settle(gone)).toEqual([]);
  expect(JSON.stringify(s.gitlab.environment("shop-stage"))).toBe(before);
});

test("an environment that changed hands between plan and rollout is left alone", async () => {
  await using s = await scene();
  await s.settle(stage);
  const { resources } = await s.target.observe(gone, SIGNAL);
  await s.forge.saveEnvironment({
    name: "shop-stage",
    tier: "staging",
    externalUrl: undefined,
    description: markOf("other", "none"),
  });
  await expect(s.target.apply(s.target.diff(resources, []), releaseOf(gone), SIGNAL)).rejects.toThrow(Stalled);
  expect(s.gitlab.environment("shop-stage")).toMatchObject({ state: "available" });
});

test("takes three writes and at most seven calls for a new environment, beside the observation", async () => {
  await using s = await scene();
  await s.forge.project();
  const { resources } = await s.target.observe(stage, SIGNAL);
  s.gitlab.faults.requests.length = 0;
  await s.target.apply(s.target.diff(resources, s.target.desired(stage)), releaseOf(stage, [], s.commit), SIGNAL);
  expect(s.writes()).toEqual(["POST", "POST", "PUT"]);
  expect(s.gitlab.faults.requests.length).toBeLessThanOrEqual(7);
});
