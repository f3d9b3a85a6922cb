import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Environment, EnvironmentType } from "../../src/core/environment.ts";
import { changesOf, countChanges, planOf, riskOf, TARGET_NAMES, type Plan, type Step } from "../../src/core/plan.ts";
import type { Log, LogRecord } from "../../src/core/record.ts";
import type { Change, Resource } from "../../src/core/resource.ts";
import { anEnvironment, going } from "../targets/an-environment.ts";

interface Rule extends Resource {
  readonly action: string;
}

const rule = (key: string, action = "block"): Rule => ({ key, kind: "custom-rule", action });
const CREATE: Change = { verb: "create", key: "new", after: rule("new") };
const UPDATE: Change<Rule> = { verb: "update", key: "kept", before: rule("kept", "log"), after: rule("kept") };
const DELETE: Change = { verb: "delete", key: "old", before: rule("old") };

function step(target: Step["target"], ...changes: readonly Change[]): Step {
  return { target, changes, pending: [], contested: [] };
}

const STEPS: readonly Step[] = [step("claim-store"), step("flux", CREATE), step("waf", UPDATE, CREATE), step("dns", DELETE)];

const environment = anEnvironment("stage");
const plan = planOf(environment, STEPS, "inputs", "rules");
const digestOfPlan = (
  ...[of = environment, steps = STEPS, inputs = "inputs", rules = "rules"]: Partial<Parameters<typeof planOf>>
) => planOf(of, steps, inputs, rules).digest;

function reordered<T>(value: T): T {
  if (Array.isArray(value)) return value.map(reordered) as T;
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, member]) => [name, reordered(member)]),
  ) as T;
}

describe("the digest of a plan", () => {
  test("is the same whatever the order of members and steps", () => {
    expect(planOf(reordered(environment), reordered(STEPS).toReversed(), "inputs", "rules")).toEqual(plan);
  });

  test("is the same in another run", () => {
    expect(plan.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(planOf(anEnvironment("stage"), STEPS, "inputs", "rules").digest).toBe(plan.digest);
  });

  const { wish } = environment;
  const withWaf = (waf: Step): readonly Step[] => STEPS.map((one) => (one.target === "waf" ? waf : one));
  test.each<[string, string]>([
    ["the environment", digestOfPlan({ ...environment, name: "other-stage" })],
    ["its type", digestOfPlan({ ...environment, type: "prod" })],
    ["the claim", digestOfPlan({ ...environment, wish: { ...wish!, claimDigest: "other" } })],
    ["that there is a claim", digestOfPlan(going(environment, []))],
    ["a locked version", digestOfPlan({ ...environment, wish: { ...wish!, versions: { x: { constraint: "^1.0.0" } } } })],
    ["the inputs", digestOfPlan(environment, STEPS, "other", "rules")],
    ["the rules", digestOfPlan(environment, STEPS, "inputs", "other")],
    ["inputs and rules, taken for each other", digestOfPlan(environment, STEPS, "rules", "inputs")],
    ["a change that is new", digestOfPlan(environment, withWaf(step("waf", UPDATE, CREATE, DELETE)))],
    ["a change that is not there", digestOfPlan(environment, withWaf(step("waf", UPDATE)))],
    ["the order of changes", digestOfPlan(environment, withWaf(step("waf", CREATE, UPDATE)))],
    [
      "what was observed before",
      digestOfPlan(environment, withWaf(step("waf", { ...UPDATE, before: rule("kept", "skip") }, CREATE))),
    ],
    ["what it becomes", digestOfPlan(environment, withWaf(step("waf", { ...UPDATE, after: rule("kept", "skip") }, CREATE)))],
    [
      "which target makes it",
      digestOfPlan(environment, [step("flux", CREATE, UPDATE), step("waf", CREATE), step("dns", DELETE)]),
    ],
    ["that a target is not configured", digestOfPlan(environment, withWaf({ target: "waf", missing: "no token" }))],
    ["that a target is not there at all", digestOfPlan(environment, STEPS.slice(1))],
  ])("changes with %s", (_, digest) => {
    expect(digest).not.toBe(plan.digest);
  });

  test("does not change with what is pending or contested, or with the words for what is missing: they come and go", () => {
    const noisy = STEPS.map((one) => ({ ...one, pending: ["Flux is at it"], contested: ["somebody's record"] }));
    const seen = planOf(environment, noisy, "inputs", "rules");
    expect(seen.digest).toBe(plan.digest);
    expect(seen.steps).toEqual(noisy);
    const missing = (text: string) => digestOfPlan(environment, [{ target: "dns", missing: text }]);
    expect(missing("no CLAIMBOT_CLOUDFLARE_TOKEN")).toBe(missing("kein Schlüssel"));
  });

  test("does not change with the log: what it says is in the changes", () => {
    expect(digestOfPlan({ ...environment, log: logOf(environment, "Publication") })).toBe(plan.digest);
  });
});

function logOf({ wish }: Environment, ...kinds: readonly LogRecord["kind"][]): Log {
  return kinds.map((kind, index): LogRecord => {
    const source = { project: "local", commit: "1".repeat(40), path: "", blob: "", approvers: [] };
    const base = { environment: "shop-stage", sequence: index + 1, at: "2026-11-24T08:00:00.000Z", source, planDigest: "" };
    if (kind !== "Publication") return { ...base, kind };
    return { ...base, kind, claim: wish!.claim, claimDigest: wish!.claimDigest, versions: {}, releaseDigest: "" };
  });
}

describe("the verb of a plan", () => {
  const gone = (log: Log): Environment => going(environment, log);
  test.each<[string, Environment, readonly Step[], Plan["verb"]]>([
    ["create before the first publication", environment, STEPS, "create"],
    ["change when it lives", { ...environment, log: logOf(environment, "Publication") }, STEPS, "change"],
    [
      "change when it comes back while it is going",
      { ...environment, log: logOf(environment, "Publication", "Tombstone") },
      STEPS,
      "change",
    ],
    [
      "create when it comes back after it is gone",
      { ...environment, log: logOf(environment, "Publication", "Tombstone", "Removed") },
      STEPS,
      "create",
    ],
    ["remove without a wish", gone(logOf(environment, "Publication")), [step("dns", DELETE)], "remove"],
    ["none without changes", environment, [step("dns"), step("waf")], "none"],
    ["none where nothing is configured", environment, [{ target: "dns", missing: "no token" }], "none"],
    ["none without a wish and without anything left", gone(logOf(environment, "Publication")), [step("dns")], "none"],
  ])("is %s", (_, of, steps, verb) => {
    expect(planOf(of, steps, "", "").verb).toBe(verb);
  });

  test("comes with the reason why there is no wish", () => {
    expect(planOf(gone([]), [], "", "")).toMatchObject({ gone: "removed", versions: {} });
    expect(planOf(gone([]), [], "", "")).not.toHaveProperty("claim");
    expect(plan).not.toHaveProperty("gone");
  });
});

describe("risk", () => {
  const of = (type: EnvironmentType, ...changes: readonly Change[]) =>
    planOf({ ...environment, type }, [step("dns", ...changes)], "", "");
  test.each<[string, Plan, ReturnType<typeof riskOf>]>([
    ["low: nothing changes in prod", of("prod"), "low"],
    ["medium: something comes in prod", of("prod", CREATE), "medium"],
    ["medium: something changes in prod", of("prod", UPDATE), "medium"],
    ["high: something of prod is deleted", of("prod", CREATE, DELETE), "high"],
    ["high: a prod environment goes", { ...of("prod", UPDATE), verb: "remove" }, "high"],
    ["low: something comes elsewhere", of("stage", CREATE), "low"],
    ["low: something changes elsewhere", of("dev", UPDATE), "low"],
    ["medium: something elsewhere is deleted", of("sue", DELETE), "medium"],
    ["medium: an environment elsewhere goes", { ...of("dev", UPDATE), verb: "remove" }, "medium"],
  ])("is %s", (_, plan, risk) => {
    expect(riskOf(plan)).toBe(risk);
  });
});

test("changes are listed target by target in the order of a rollout, each with its target", () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([...TARGET_NAMES]), (targets) => {
      const steps = targets.map((target) => step(target, { ...CREATE, key: target }));
      const listed = changesOf(planOf(environment, steps, "", ""));
      expect(listed.map(({ target }) => target)).toEqual(TARGET_NAMES.filter((name) => targets.includes(name)));
      expect(listed.every(({ target, change }) => change.key === target)).toBe(true);
    }),
  );
});

test("changes are counted by verb", () => {
  expect(countChanges([CREATE, DELETE, CREATE, UPDATE])).toEqual({ creates: 2, updates: 1, deletes: 1 });
});
