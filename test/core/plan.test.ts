import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Environment, EnvironmentType } from "../../src/core/environment.ts";
import {
  changesOf,
  countChanges,
  isCleared,
  obstaclesOf,
  planOf,
  riskOf,
  TARGET_NAMES,
  type Plan,
  type Step,
} from "../../src/core/plan.ts";
import type { Contested } from "../../src/core/contested.ts";
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

/** Somebody's record that is in nobody's way. */
const FOREIGN: Contested = { key: "A new", content: "192.0.2.7", remark: "is not ours" };
const BLOCKS = { key: "new", wayOut: "Delete it." };
/** Beside something that is ours already. */
const BESIDE = { key: "kept", wayOut: "Delete it." };
const there = (over: Partial<Contested> = {}): Contested => ({ ...FOREIGN, blocks: BLOCKS, ...over });
const withContested = (...contested: readonly Contested[]): readonly Step[] =>
  STEPS.map((one) => (one.target === "waf" ? { ...step("waf", UPDATE, CREATE), contested } : one));

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

  test("does not change with what is pending, with what is in nobody's way, or with the words for what is missing", () => {
    const noisy = STEPS.map((one) => ({ ...one, pending: ["Flux is at it"], contested: [FOREIGN, there({ blocks: BESIDE })] }));
    const seen = planOf(environment, noisy, "inputs", "rules");
    expect(seen.digest).toBe(plan.digest);
    expect(seen.steps).toEqual(noisy);
    const missing = (text: string) => digestOfPlan(environment, [{ target: "dns", missing: text }]);
    expect(missing("no CLAIMBOT_CLOUDFLARE_TOKEN")).toBe(missing("kein Schlüssel"));
  });

  const contested = (...all: readonly Contested[]) => digestOfPlan(environment, withContested(...all));
  test("changes with what stands in the way of something that it makes: what it is, what it holds, and where", () => {
    const digests = [
      plan.digest,
      contested(there()),
      contested(there({ key: "AAAA new" })),
      contested(there({ content: "192.0.2.8" })),
      contested(there(), there({ content: "192.0.2.8" })),
      digestOfPlan(environment, withWaf(step("waf", UPDATE))),
    ];
    expect(new Set(digests).size).toBe(digests.length);
  });

  test("does not change with who made it, when, what can be done, or in which order it was found", () => {
    expect(contested(there({ remark: "is not ours (changed today)", blocks: { ...BLOCKS, wayOut: "Ask." } }))).toBe(
      contested(there()),
    );
    const two = [there(), there({ content: "192.0.2.8" })] as const;
    expect(contested(...two.toReversed())).toBe(contested(...two));
  });

  test("does not change with the log: what it says is in the changes", () => {
    expect(digestOfPlan({ ...environment, log: logOf(environment, "Publication") })).toBe(plan.digest);
  });
});

describe("what stands in the way", () => {
  const of = (...contested: readonly Contested[]) => planOf(environment, withContested(...contested), "inputs", "rules");

  test("is what is contested at something that the plan makes, with its target", () => {
    expect(obstaclesOf(of(FOREIGN, there({ blocks: BESIDE }), there()))).toEqual([{ target: "waf", obstacle: there() }]);
    expect(obstaclesOf(plan)).toEqual([]);
  });

  const eight = there({ content: "192.0.2.8" });
  const moved = planOf(environment, withContested().toSpliced(3, 1, step("dns")), "inputs", "rules");
  test.each<[boolean, string, Plan, Plan]>([
    [true, "it is gone", of(there()), of()],
    [true, "one of two is gone", of(there(), eight), of(eight)],
    [true, "nothing is another", of(there()), of(there())],
    [false, "it came", of(), of(there())],
    [false, "it is another", of(there()), of(eight)],
    [false, "it is gone, and a change is another", of(there()), moved],
    [false, "it is gone, and other rules judge", of(there()), planOf(environment, STEPS, "inputs", "other")],
  ])("is cleared (%s) where %s", (cleared, _, reviewed, now) => {
    expect(isCleared(reviewed, now)).toBe(cleared);
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
