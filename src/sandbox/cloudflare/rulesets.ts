/** Writes to rulesets, as values: each gives the next ruleset or refuses. Whether it is kept is the caller's to decide (dry_run). */
import { isDeepStrictEqual } from "node:util";
import { ApiError, notValid, refusal, type ErrorItem } from "./api-error.ts";
import { PLANS } from "./plans.ts";
import { readRule, type SentRule } from "./rule-fields.ts";
import { entryPoint, type Rule, type Ruleset, type Stamp, type Zone } from "./zone.ts";

export const PHASES: readonly string[] = [
  "ddos_l7",
  "http_config_settings",
  "http_custom_errors",
  "http_log_custom_fields",
  "http_ratelimit",
  "http_request_cache_settings",
  "http_request_dynamic_redirect",
  "http_request_firewall_custom",
  "http_request_firewall_managed",
  "http_request_late_transform",
  "http_request_origin",
  "http_request_redirect",
  "http_request_sanitize",
  "http_request_sbfm",
  "http_request_transform",
  "http_response_compression",
  "http_response_firewall_managed",
  "http_response_headers_transform",
];

type Body = Readonly<Record<string, unknown>>;
const RULESET_MEMBERS = ["id", "name", "description", "kind", "phase", "version", "last_updated", "rules"];

/** PUT of a phase's entry point: replaces every rule, and creates the ruleset if there is none. */
export function putEntryPoint(zone: Zone, phase: string, body: Body, stamp: Stamp): Ruleset {
  const before = entryPoint(zone, phase);
  if (before !== undefined) return putRuleset(zone, before, body, stamp);
  const fresh = newRuleset("zone", phase, "default", stamp);
  refuse(headErrors(fresh, body));
  return withRules(zone, { ...fresh, ...descriptionOf(body) }, sentRules(body), stamp);
}

/** PUT of a ruleset: replaces every rule; name, kind and phase never change. */
export function putRuleset(zone: Zone, before: Ruleset, body: Body, stamp: Stamp): Ruleset {
  refuse(headErrors(before, body));
  return withRules(zone, { ...before, ...descriptionOf(body) }, sentRules(body), stamp);
}

/** POST of a ruleset. A phase has one entry point, so a second is refused. */
export function createRuleset(zone: Zone, body: Body, stamp: Stamp): Ruleset {
  const { name, kind, phase } = body;
  if (typeof name !== "string" || name === "") throw new ApiError(400, [notValid(name, "/name", "it is missing")]);
  if (typeof phase !== "string" || !PHASES.includes(phase))
    throw new ApiError(400, [notValid(phase, "/phase", "it is not a phase")]);
  if (kind !== "zone" && kind !== "custom")
    throw new ApiError(400, [notValid(kind, "/kind", "a zone has rulesets of kind zone and custom")]);
  const customs = [...zone.rulesets.values()].filter((ruleset) => ruleset.kind === "custom");
  const full = kind === "zone" ? entryPoint(zone, phase) !== undefined : customs.length >= PLANS[zone.plan].customRulesets;
  if (full) throw new ApiError(400, [notValid(kind, "/kind", `exceeded maximum number of ${kind} rulesets for phase ${phase}`)]);
  return withRules(zone, { ...newRuleset(kind, phase, name, stamp), ...descriptionOf(body) }, sentRules(body), stamp);
}

/** POST of a rule: at the end, or at `position`. */
export function addRule(zone: Zone, before: Ruleset, body: Body, stamp: Stamp): Ruleset {
  const { position, ...rule } = body;
  const rules: unknown[] = [...before.rules];
  rules.splice(position === undefined ? rules.length : placeOf(position, before.rules), 0, rule);
  if (typeof rule["ref"] === "string" && before.rules.some(({ ref }) => ref === rule["ref"]))
    throw new ApiError(400, [notValid(rule["ref"], "/ref", "another rule has it")]);
  return withRules(zone, before, rules, stamp, (index) => (rules[index] === rule ? "" : undefined));
}

/** PATCH of a rule: its whole definition, or only its place. A ref that is not sent goes back to the id. */
export function patchRule(zone: Zone, before: Ruleset, id: string, body: Body, stamp: Stamp): Ruleset {
  const old = ruleOf(before, id);
  const { position, ...definition } = body;
  if (definition["id"] !== undefined && definition["id"] !== id)
    throw new ApiError(400, [notValid(definition["id"], "/id", "the path names another rule")]);
  const onlyMoves = position !== undefined && Object.keys(definition).length === 0;
  const rule: unknown = onlyMoves ? old : { ref: id, ...definition, id };
  const others: unknown[] = before.rules.filter((other) => other !== old);
  const index = before.rules.indexOf(old);
  others.splice(position === undefined ? index : placeOf(position, others as readonly Rule[]), 0, rule);
  return withRules(zone, before, others, stamp, (at) => (others[at] === rule ? "" : undefined));
}

export function removeRule(zone: Zone, before: Ruleset, id: string, stamp: Stamp): Ruleset {
  const old = ruleOf(before, id);
  return withRules(
    zone,
    before,
    before.rules.filter((rule) => rule !== old),
    stamp,
  );
}

function ruleOf(ruleset: Ruleset, id: string): Rule {
  const rule = ruleset.rules.find((rule) => rule.id === id);
  if (rule === undefined) throw refusal(404, 10_002, `could not find rule with ID "${id}"`);
  return rule;
}

function newRuleset(kind: Ruleset["kind"], phase: string, name: string, stamp: Stamp): Ruleset {
  return { id: stamp.newId(), name, description: "", kind, phase, version: "0", last_updated: stamp.now(), rules: [] };
}

function descriptionOf(body: Body): { readonly description?: string } {
  return typeof body["description"] === "string" ? { description: body["description"] } : {};
}

function sentRules(body: Body): readonly unknown[] {
  const rules = body["rules"];
  if (!Array.isArray(rules)) throw new ApiError(400, [notValid(rules, "/rules", "a list is wanted")]);
  return rules;
}

function headErrors(before: Ruleset, body: Body): readonly ErrorItem[] {
  const fixed = (["name", "kind", "phase"] as const).filter((name) => body[name] !== undefined && body[name] !== before[name]);
  const unknown = Object.keys(body).filter((name) => !RULESET_MEMBERS.includes(name));
  return [
    ...fixed.map((name) => notValid(body[name], `/${name}`, "it cannot be changed")),
    ...unknown.map((name) => notValid(body[name], `/${name}`, "there is no such field")),
  ];
}

/** The next version with these rules. A rule sent with the id or ref of one that is there keeps its id; an unchanged one keeps all. */
function withRules(
  zone: Zone,
  before: Ruleset,
  sent: readonly unknown[],
  stamp: Stamp,
  pointerOf: (index: number) => string | undefined = () => undefined,
): Ruleset {
  const errors: ErrorItem[] = [];
  const pointers = sent.map((_, index) => pointerOf(index) ?? `/rules/${index}`);
  const read = sent.map((rule, index) =>
    // A rule of ours that is passed through was valid when it came.
    before.rules.includes(rule as Rule)
      ? (rule as Rule)
      : readRule(rule, pointers[index] ?? "", { plan: zone.plan, phase: before.phase }, errors),
  );
  refuse([...errors, ...quotaErrors(zone, before, sent.length)]);
  const taken = new Map<string, string>();
  const rules = read.map((rule, index) => {
    if (rule === undefined) throw new Error("a rule without errors was read");
    const next = "definition" in rule ? identified(before, rule, pointers[index] ?? "", stamp) : rule;
    for (const name of ["id", "ref"] as const) {
      if (taken.has(`${name} ${next[name]}`))
        throw new ApiError(400, [notValid(next[name], `${pointers[index]}/${name}`, "another rule has it")]);
      taken.set(`${name} ${next[name]}`, next.id);
    }
    return next;
  });
  return { ...before, version: String(Number(before.version) + 1), last_updated: stamp.now(), rules };
}

function identified(before: Ruleset, { id, ref, definition }: SentRule, pointer: string, stamp: Stamp): Rule {
  const byId = before.rules.find((rule) => rule.id === id);
  if (id !== undefined && byId === undefined)
    throw new ApiError(400, [notValid(id, `${pointer}/id`, "the ruleset has no such rule")]);
  const old = byId ?? before.rules.find((rule) => rule.ref === ref);
  const ruleId = old?.id ?? stamp.newId();
  const next = { ...definition, ref: ref ?? ruleId };
  if (old !== undefined) {
    const { id: _id, version: _version, last_updated: _updated, ...was } = old;
    if (isDeepStrictEqual(was, next)) return old;
  }
  return { id: ruleId, version: String(Number(old?.version ?? 0) + 1), ...next, last_updated: stamp.now() };
}

/** The quota is of the phase: the rules of custom rulesets count too. */
function quotaErrors(zone: Zone, { phase, id }: Ruleset, count: number): readonly ErrorItem[] {
  const limits = PLANS[zone.plan];
  const max =
    phase === "http_request_firewall_custom"
      ? limits.customRules
      : phase === "http_ratelimit"
        ? limits.rateLimitRules
        : undefined;
  const others = [...zone.rulesets.values()].filter((ruleset) => ruleset.phase === phase && ruleset.id !== id);
  const total = others.reduce((sum, { rules }) => sum + rules.length, count);
  if (max === undefined || total <= max) return [];
  return [notValid(total, "/rules", `exceeded the maximum number of rules in the phase ${phase}: ${total} out of ${max}`)];
}

/** The index that exactly one of before, after and index (from 1) stands for. An empty id means the first or the last. */
function placeOf(position: unknown, rules: readonly Rule[]): number {
  const [member, ...more] = Object.entries(position ?? {});
  if (member === undefined || more.length > 0)
    throw new ApiError(400, [notValid(position, "/position", "exactly one of before, after and index is wanted")]);
  const [name, value] = member;
  const wrong = (reason: string): ApiError => new ApiError(400, [notValid(value, `/position/${name}`, reason)]);
  if (name === "index") {
    const good = typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= rules.length + 1;
    if (!good) throw wrong("it is out of range");
    return value - 1;
  }
  if (name !== "before" && name !== "after") throw wrong("there is no such field");
  if (value === "") return name === "before" ? 0 : rules.length;
  const index = rules.findIndex(({ id }) => id === value);
  if (index < 0) throw wrong("the ruleset has no such rule");
  return name === "before" ? index : index + 1;
}

function refuse(errors: readonly ErrorItem[]): void {
  if (errors.length > 0) throw new ApiError(400, errors);
}
