/** What a rate limit may be on a plan (developers.cloudflare.com, rate limiting parameters, 2026-11). */
import { notValid, type ErrorItem } from "./api-error.ts";
import { parseExpression } from "./expression.ts";
import { PERIODS_SECONDS, PLANS, type PlanName } from "./plans.ts";

const MEMBERS = [
  "characteristics",
  "period",
  "requests_per_period",
  "mitigation_timeout",
  "counting_expression",
  "requests_to_origin",
  "score_per_period",
  "score_response_header_name",
];
const CHARACTERISTIC =
  /^(cf\.colo\.id|cf\.unique_visitor_id|ip\.src(\.(country|asnum))?|ip\.geoip\.(country|asnum)|http\.host|http\.request\.uri\.path|http\.request\.(headers|cookies|uri\.args)\["[^"]+"\]|cf\.bot_management\.ja[34](_hash)?)$/;

export function rateLimitErrors(
  limit: Readonly<Record<string, unknown>>,
  action: unknown,
  expressionFields: readonly string[],
  plan: PlanName,
  pointer: string,
): readonly ErrorItem[] {
  const at = `${pointer}/ratelimit`;
  const limits = PLANS[plan];
  const unknown = Object.keys(limit).filter((name) => !MEMBERS.includes(name));
  const foreign = expressionFields.filter((field) => limits.rateLimitFields?.every((allowed) => !allowed.test(field)));
  return [
    ...unknown.map((name) => notValid(limit[name], `${at}/${name}`, "there is no such field")),
    ...foreign.map((field) => notValid(field, `${pointer}/expression`, `not entitled: the use of field ${field} is not allowed`)),
    ...characteristicsErrors(limit["characteristics"], limits.characteristics, `${at}/characteristics`),
    ...periodErrors(limit["period"], limits.maxPeriodSeconds, `${at}/period`),
    ...requestsErrors(limit, `${at}/requests_per_period`),
    ...timeoutErrors(limit["mitigation_timeout"] ?? 0, action, plan, `${at}/mitigation_timeout`),
    ...countingErrors(limit["counting_expression"], limits.countingExpression, `${at}/counting_expression`),
  ];
}

function characteristicsErrors(value: unknown, allowed: readonly string[] | undefined, at: string): readonly ErrorItem[] {
  if (!Array.isArray(value) || value.length === 0) return [notValid(value, at, "a list with at least one item is wanted")];
  const names: readonly unknown[] = value;
  if (!names.includes("cf.colo.id")) return [notValid(value, at, "cf.colo.id is mandatory")];
  if (names.includes("ip.src") && names.includes("cf.unique_visitor_id"))
    return [notValid(value, at, "ip.src and cf.unique_visitor_id exclude each other")];
  return names.flatMap((name) => {
    if (typeof name !== "string" || !CHARACTERISTIC.test(name)) return [notValid(name, at, "it is not a characteristic")];
    const entitled = name === "cf.colo.id" || allowed === undefined || allowed.includes(name);
    return entitled ? [] : [notValid(name, at, `not entitled: can be one of ${JSON.stringify(allowed)}`)];
  });
}

function periodErrors(value: unknown, maxSeconds: number, at: string): readonly ErrorItem[] {
  const allowed = PERIODS_SECONDS.filter((seconds) => seconds <= maxSeconds);
  if (typeof value === "number" && allowed.includes(value)) return [];
  return [notValid(value, at, `not entitled: the period ${String(value)} is not allowed, can be one of [${allowed.join(" ")}]`)];
}

function requestsErrors(limit: Readonly<Record<string, unknown>>, at: string): readonly ErrorItem[] {
  const value = limit["requests_per_period"];
  if (value === undefined && limit["score_per_period"] !== undefined) return [];
  return typeof value === "number" && Number.isInteger(value) && value >= 1
    ? []
    : [notValid(value, at, "a positive integer is wanted")];
}

/**
 * Missing counts as 0.
 *
 * | | challenges | block, log |
 * | --- | --- | --- |
 * | below Enterprise | 0 only | one of the allowed values, not 0 |
 * | Enterprise | any | any; 0 throttles |
 */
function timeoutErrors(value: unknown, action: unknown, plan: PlanName, at: string): readonly ErrorItem[] {
  const { maxTimeoutSeconds, throttling } = PLANS[plan];
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > maxTimeoutSeconds)
    return [notValid(value, at, `not entitled: it must be between 0 and ${maxTimeoutSeconds}`)];
  if (throttling) return [];
  if (typeof action === "string" && action.endsWith("challenge"))
    return value === 0 ? [] : [notValid(value, at, "it must be 0 when the action is a challenge")];
  const allowed = PERIODS_SECONDS.filter((seconds) => seconds <= maxTimeoutSeconds);
  return allowed.includes(value) ? [] : [notValid(value, at, `not entitled: can be one of [${allowed.join(" ")}]`)];
}

function countingErrors(value: unknown, entitled: boolean, at: string): readonly ErrorItem[] {
  if (value === undefined || value === "") return [];
  if (!entitled) return [notValid(value, at, "not entitled: custom counting expressions are not allowed")];
  const parsed = typeof value === "string" ? parseExpression(value) : { ok: false as const, message: "a string is wanted" };
  return parsed.ok ? [] : [notValid(value, at, `could not parse filter expression: ${parsed.message}`)];
}
