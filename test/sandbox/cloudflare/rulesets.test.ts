import { expect, test } from "vitest";
import { ApiError, type ErrorItem } from "../../../src/sandbox/cloudflare/api-error.ts";
import type { PlanName } from "../../../src/sandbox/cloudflare/plans.ts";
import { createRuleset, putEntryPoint } from "../../../src/sandbox/cloudflare/rulesets.ts";
import { idOf, newZone, saveRuleset, type Ruleset } from "../../../src/sandbox/cloudflare/zone.ts";

const CUSTOM = "http_request_firewall_custom";
const BLOCK = { action: "block", expression: 'http.host eq "a.example.org"' };
const LIMIT = { characteristics: ["cf.colo.id", "ip.src"], period: 10, requests_per_period: 20, mitigation_timeout: 10 };
const LOGIN = { action: "block", expression: 'http.request.uri.path eq "/login"', ratelimit: LIMIT };

function put(plan: PlanName, phase: string, rules: readonly unknown[], body: object = {}): Ruleset {
  let count = 0;
  const zone = newZone("example.org", plan, "2026-01-01T00:00:00.000Z");
  return putEntryPoint(
    zone,
    phase,
    { ...body, rules },
    { now: () => "2026-01-01T00:00:00.000Z", newId: () => idOf(String((count += 1))) },
  );
}

function errorsOf(act: () => unknown): readonly ErrorItem[] {
  try {
    act();
    return [];
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return error.errors;
  }
}

/** Where the refusals point; undefined for none. */
function pointers(plan: PlanName, phase: string, rules: readonly unknown[], body: object = {}): readonly (string | undefined)[] {
  return errorsOf(() => put(plan, phase, rules, body)).map(({ source }) => source?.pointer);
}

test.each([
  ["an empty expression", { ...BLOCK, expression: "" }, "/rules/0/expression"],
  ["an expression beyond 4 KB", { ...BLOCK, expression: `http.host eq "${"a".repeat(4090)}"` }, "/rules/0/expression"],
  ["an open parenthesis", { ...BLOCK, expression: "(ssl" }, "/rules/0/expression"],
  ["no action", { expression: "true" }, "/rules/0/action"],
  ["an action of another phase", { ...BLOCK, action: "redirect" }, "/rules/0/action"],
  ["an unknown member", { ...BLOCK, priority: 1 }, "/rules/0/priority"],
  ["skip without what to skip", { ...BLOCK, action: "skip" }, "/rules/0/action_parameters"],
  [
    "parameters of a challenge",
    { ...BLOCK, action: "managed_challenge", action_parameters: { a: 1 } },
    "/rules/0/action_parameters",
  ],
  ["logging of a block", { ...BLOCK, logging: { enabled: true } }, "/rules/0/logging"],
  ["enabled as text", { ...BLOCK, enabled: "yes" }, "/rules/0/enabled"],
  ["an empty ref", { ...BLOCK, ref: "" }, "/rules/0/ref"],
  ["an id that is not there", { ...BLOCK, id: "0".repeat(32) }, "/rules/0/id"],
  ["a rate limit in a custom rule", { ...BLOCK, ratelimit: LIMIT }, "/rules/0/ratelimit"],
])("refuses %s", (_, rule, pointer) => {
  expect(pointers("business", CUSTOM, [rule])).toEqual([pointer]);
});

test("says everything that is wrong at once", () => {
  expect(pointers("business", CUSTOM, [BLOCK, { action: "block" }, { expression: "true" }])).toEqual([
    "/rules/1/expression",
    "/rules/2/action",
  ]);
});

test("adds logging by itself where a rule skips", () => {
  const skip = { ...BLOCK, action: "skip", action_parameters: { phases: ["http_request_sbfm"] } };
  expect(put("business", CUSTOM, [skip]).rules).toMatchObject([{ logging: { enabled: true } }]);
  expect(put("business", CUSTOM, [{ ...skip, logging: { enabled: false } }]).rules).toMatchObject([
    { logging: { enabled: false } },
  ]);
});

test("refuses two rules with one ref", () => {
  expect(
    pointers("business", CUSTOM, [
      { ...BLOCK, ref: "a" },
      { ...BLOCK, ref: "a" },
    ]),
  ).toEqual(["/rules/1/ref"]);
});

test.each([
  ["name", { name: "ours" }],
  ["kind", { kind: "custom" }],
  ["phase", { phase: "http_ratelimit" }],
  ["surprise", { surprise: true }],
])("refuses to change %s of an entry point", (member, body) => {
  expect(pointers("business", CUSTOM, [], body)).toEqual([`/${member}`]);
});

test.each([
  ["free", 5],
  ["pro", 20],
  ["business", 100],
  ["enterprise", 1000],
] as const)("a zone of plan %s has room for %i custom rules", (plan, max) => {
  const rules = Array.from({ length: max }, (_, index) => ({ ...BLOCK, ref: `r${index}` }));
  expect(pointers(plan, CUSTOM, rules)).toEqual([]);
  expect(pointers(plan, CUSTOM, [...rules, BLOCK])).toEqual(["/rules"]);
});

test.each([
  ["free", 1],
  ["pro", 2],
  ["business", 5],
  ["enterprise", 100],
] as const)("a zone of plan %s has room for %i rate limits", (plan, max) => {
  const rules = Array.from({ length: max }, (_, index) => ({ ...LOGIN, ref: `r${index}` }));
  expect(pointers(plan, "http_ratelimit", rules)).toEqual([]);
  expect(pointers(plan, "http_ratelimit", [...rules, LOGIN])).toEqual(["/rules"]);
});

test("counts the rules of custom rulesets in the phase's quota", () => {
  const zone = newZone("example.org", "free", "2026-01-01T00:00:00.000Z");
  let count = 0;
  const stamp = { now: () => "2026-01-01T00:00:00.000Z", newId: () => idOf(String((count += 1))) };
  const body = { name: "shop", kind: "custom", phase: CUSTOM, rules: [BLOCK, BLOCK, BLOCK] };
  saveRuleset(zone, createRuleset(zone, body, stamp));
  expect(errorsOf(() => putEntryPoint(zone, CUSTOM, { rules: [BLOCK, BLOCK] }, stamp))).toEqual([]);
  expect(errorsOf(() => putEntryPoint(zone, CUSTOM, { rules: [BLOCK, BLOCK, BLOCK] }, stamp))).toMatchObject([{ code: 20_217 }]);
  expect(errorsOf(() => createRuleset(zone, { ...body, rules: [] }, stamp))).toMatchObject([{ source: { pointer: "/kind" } }]);
});

test.each([
  ["free", { period: 60 }, "period"],
  ["pro", { period: 60, mitigation_timeout: 60 }, undefined],
  ["pro", { period: 120 }, "period"],
  ["business", { period: 600 }, undefined],
  ["business", { period: 900 }, "period"],
  ["business", { period: 61 }, "period"],
  ["enterprise", { period: 86_400 }, undefined],
  ["business", { characteristics: ["ip.src"] }, "characteristics"],
  ["business", { characteristics: [] }, "characteristics"],
  ["business", { characteristics: ["cf.colo.id", "cf.unique_visitor_id"] }, undefined],
  ["business", { characteristics: ["cf.colo.id", "http.host"] }, "characteristics"],
  ["enterprise", { characteristics: ["cf.colo.id", "http.host"] }, undefined],
  ["business", { characteristics: ["cf.colo.id", "ip.src", "cf.unique_visitor_id"] }, "characteristics"],
  ["business", { requests_per_period: 0 }, "requests_per_period"],
  ["business", { mitigation_timeout: 0 }, "mitigation_timeout"],
  ["business", { mitigation_timeout: 61 }, "mitigation_timeout"],
  ["free", { mitigation_timeout: 60 }, "mitigation_timeout"],
  ["enterprise", { mitigation_timeout: 0 }, undefined],
  ["pro", { counting_expression: "true" }, "counting_expression"],
  ["business", { counting_expression: "(" }, "counting_expression"],
  ["business", { burst: 1 }, "burst"],
] as const)("a rate limit on plan %s: %j", (plan, change, member) => {
  const found = pointers(plan, "http_ratelimit", [{ ...LOGIN, ratelimit: { ...LIMIT, ...change } }]);
  expect(found).toEqual(member === undefined ? [] : [`/rules/0/ratelimit/${member}`]);
});

test("a challenge has no timeout below Enterprise", () => {
  const challenge = (timeout: number): object => ({
    ...LOGIN,
    action: "managed_challenge",
    ratelimit: { ...LIMIT, mitigation_timeout: timeout },
  });
  expect(pointers("pro", "http_ratelimit", [challenge(0)])).toEqual([]);
  expect(pointers("pro", "http_ratelimit", [challenge(10)])).toEqual(["/rules/0/ratelimit/mitigation_timeout"]);
  expect(pointers("enterprise", "http_ratelimit", [challenge(10)])).toEqual([]);
});

test.each([
  ["free", 'http.host eq "a"', "/rules/0/expression"],
  ["pro", 'http.host eq "a"', undefined],
  ["pro", 'http.request.method eq "POST"', "/rules/0/expression"],
  ["business", 'http.request.method eq "POST"', undefined],
  ["business", 'http.cookie eq "a"', "/rules/0/expression"],
  ["enterprise", 'http.cookie eq "a"', undefined],
] as const)("a rate limit on plan %s over %s", (plan, expression, pointer) => {
  expect(pointers(plan, "http_ratelimit", [{ ...LOGIN, expression }])).toEqual(pointer === undefined ? [] : [pointer]);
});

test.each([
  ["pro", { ...BLOCK, expression: 'http.host matches "a"' }, "/rules/0/expression"],
  ["business", { ...BLOCK, expression: 'http.host matches "a"' }, undefined],
  ["business", { ...BLOCK, action: "log" }, "/rules/0/action"],
  ["enterprise", { ...BLOCK, action: "log" }, undefined],
] as const)("a custom rule on plan %s: %j", (plan, rule, pointer) => {
  expect(pointers(plan, CUSTOM, [rule])).toEqual(pointer === undefined ? [] : [pointer]);
});

test("refuses in the words and with the code of the real API", () => {
  const [error] = errorsOf(() => put("free", "http_ratelimit", [{ ...LOGIN, ratelimit: { ...LIMIT, period: 45 } }]));
  expect(error).toEqual({
    code: 20_217,
    message: "'45' is not a valid value for period because not entitled: the period 45 is not allowed, can be one of [10]",
    source: { pointer: "/rules/0/ratelimit/period" },
  });
});
