/** What a rule may be: reads one rule of a request, or says everything that is wrong with it. */
import { notValid, type ErrorItem } from "./api-error.ts";
import { parseExpression } from "./expression.ts";
import { PLANS, type PlanName } from "./plans.ts";
import { rateLimitErrors } from "./rate-limit.ts";
import type { Rule } from "./zone.ts";

/** A rule as it was sent: its identity, where given, and its definition with the defaults set. */
export interface SentRule {
  readonly id: string | undefined;
  readonly ref: string | undefined;
  readonly definition: Omit<Rule, "id" | "version" | "ref" | "last_updated">;
}

export interface RuleContext {
  readonly plan: PlanName;
  readonly phase: string;
}

const FIREWALL_ACTIONS = ["block", "challenge", "js_challenge", "managed_challenge", "log"];
/** Phases that claimbot or its story uses; in the others any action passes. */
const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  http_request_firewall_custom: [...FIREWALL_ACTIONS, "skip", "execute"],
  http_ratelimit: FIREWALL_ACTIONS,
  http_request_firewall_managed: ["execute", "skip", "log"],
};
const SENT = [
  "action",
  "action_parameters",
  "description",
  "enabled",
  "expression",
  "logging",
  "ratelimit",
  "exposed_credential_check",
];
/** Given by the server; accepted when they are sent back, and ignored but for id and ref. */
const SERVED = ["id", "ref", "version", "last_updated", "categories"];
const MAX_EXPRESSION_BYTES = 4096;

/** Collects into `errors`; the result is only of use when none was added. */
export function readRule(body: unknown, pointer: string, context: RuleContext, errors: ErrorItem[]): SentRule | undefined {
  if (body === null || typeof body !== "object" || Array.isArray(body)) {
    errors.push(notValid(body, pointer, "an object is wanted"));
    return undefined;
  }
  const sent = body as Readonly<Record<string, unknown>>;
  const before = errors.length;
  for (const name of Object.keys(sent)) {
    if (![...SENT, ...SERVED].includes(name)) errors.push(notValid(sent[name], `${pointer}/${name}`, "there is no such field"));
  }
  const fields = expressionErrors(sent["expression"], pointer, context, errors);
  errors.push(...actionErrors(sent, pointer, context));
  errors.push(...typeErrors(sent, pointer));
  const limit = sent["ratelimit"];
  if ((context.phase === "http_ratelimit") !== (limit !== undefined))
    errors.push(
      notValid(
        limit,
        `${pointer}/ratelimit`,
        `it ${limit === undefined ? "is missing" : "cannot be used"} in phase ${context.phase}`,
      ),
    );
  else if (isObject(limit)) errors.push(...rateLimitErrors(limit, sent["action"], fields, context.plan, pointer));
  if (errors.length > before) return undefined;
  return { id: sent["id"] as string | undefined, ref: sent["ref"] as string | undefined, definition: definitionOf(sent) };
}

/** With what the server adds by itself: `enabled`, and `logging` where a rule skips or executes. */
function definitionOf(sent: Readonly<Record<string, unknown>>): SentRule["definition"] {
  const rule = Object.fromEntries(SENT.filter((name) => sent[name] !== undefined).map((name) => [name, sent[name]]));
  const logs = sent["action"] === "skip" || sent["action"] === "execute";
  return {
    ...(logs && { logging: { enabled: true } }),
    ...(rule as Omit<SentRule["definition"], "enabled">),
    enabled: sent["enabled"] !== false,
  };
}

function expressionErrors(expression: unknown, pointer: string, { plan }: RuleContext, errors: ErrorItem[]): readonly string[] {
  const at = `${pointer}/expression`;
  const refuse = (reason: string): readonly string[] => {
    errors.push(notValid(expression, at, reason));
    return [];
  };
  if (typeof expression !== "string" || expression === "") return refuse("it is missing");
  if (Buffer.byteLength(expression) > MAX_EXPRESSION_BYTES) return refuse(`it is longer than ${MAX_EXPRESSION_BYTES} bytes`);
  const parsed = parseExpression(expression);
  if (!parsed.ok) return refuse(`the expression is invalid: ${parsed.message}`);
  if (parsed.operators.includes("matches") && !PLANS[plan].regex)
    return refuse("not entitled: the use of operator Matches is not allowed");
  return parsed.fields;
}

function actionErrors(
  sent: Readonly<Record<string, unknown>>,
  pointer: string,
  { plan, phase }: RuleContext,
): readonly ErrorItem[] {
  const { action, action_parameters: parameters } = sent;
  const at = `${pointer}/action`;
  if (typeof action !== "string" || !/^[a-z_]+$/.test(action)) return [notValid(action, at, "it is not an action")];
  if (ACTIONS[phase]?.includes(action) === false) return [notValid(action, at, `it cannot be used in phase ${phase}`)];
  if (action === "log" && !PLANS[plan].logAction)
    return [notValid(action, at, "not entitled: the use of action log is not allowed")];
  const parametersAt = `${pointer}/action_parameters`;
  if (action === "skip" && (!isObject(parameters) || Object.keys(parameters).length === 0))
    return [notValid(parameters, parametersAt, "skip needs to know what to skip")];
  if (action === "execute" && (!isObject(parameters) || typeof parameters["id"] !== "string"))
    return [notValid(parameters, parametersAt, "execute needs the id of a ruleset")];
  if (/challenge$|^log$/.test(action) && parameters !== undefined)
    return [notValid(parameters, parametersAt, `${action} has no parameters`)];
  return [];
}

function typeErrors(sent: Readonly<Record<string, unknown>>, pointer: string): readonly ErrorItem[] {
  const wrong = (name: string, good: boolean, wanted: string): readonly ErrorItem[] =>
    sent[name] === undefined || good ? [] : [notValid(sent[name], `${pointer}/${name}`, `${wanted} is wanted`)];
  const { enabled, description, ref, id, logging, ratelimit, action_parameters: parameters, action } = sent;
  return [
    ...wrong("enabled", typeof enabled === "boolean", "a boolean"),
    ...wrong("description", typeof description === "string", "a string"),
    ...wrong("ref", typeof ref === "string" && ref !== "", "a string"),
    ...wrong("id", typeof id === "string", "the id of a rule"),
    ...wrong("ratelimit", isObject(ratelimit), "an object"),
    ...wrong("action_parameters", isObject(parameters), "an object"),
    ...wrong(
      "logging",
      isObject(logging) && typeof logging["enabled"] === "boolean" && (action === "skip" || action === "execute"),
      "an object with enabled, and only for skip and execute,",
    ),
  ];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
