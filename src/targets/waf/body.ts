/** The body of a PUT, which replaces every rule of a phase: others' rules exactly as they are, ours as one block among them. Pure. */
import { strict as assert } from "node:assert";
import type { Environment } from "../../core/environment.ts";
import { sameJson } from "../../core/json.ts";
import type { Change } from "../../core/resource.ts";
import type { WafPhase, WafRule } from "./model.ts";
import { isOwn, ownKey, viewRules, type StandingRule } from "./ownership.ts";

/** The server's to give: not sent back (Cloudflare's description marks them as read-only, 2026-11). */
const SERVER_MEMBERS = ["version", "last_updated", "categories"];

/** A rule as a request may hold it. */
export function definitionOf(rule: StandingRule): StandingRule {
  return Object.fromEntries(Object.entries(rule).filter(([name]) => !SERVER_MEMBERS.includes(name)));
}

/**
 * All rules of the phase after the changes; undefined when they are made already. Others' rules keep their order and every member; ours
 * come as one block where the first of them stands, else behind the last rule of this instance, else at the end.
 */
export function rulesAfter(
  environment: Environment,
  zone: string,
  phase: WafPhase,
  standing: readonly StandingRule[],
  changes: readonly Change<WafRule>[],
): readonly StandingRule[] | undefined {
  const now = new Map(viewRules(environment, zone, phase, standing).own.map((rule) => [rule.ref, rule]));
  const mine = (rule: StandingRule): boolean => isOwn(environment, zone, phase, rule);
  const block = new Map(standing.filter(mine).map((rule) => [String(rule["ref"]), definitionOf(rule)]));
  let isDone = true;
  for (const change of changes) {
    const { ref } = change.verb === "delete" ? change.before : change.after;
    const before = now.get(ref);
    if (change.verb === "delete") {
      isDone &&= before === undefined;
      block.delete(ref);
    } else if (before === undefined || !sameJson(before, change.after)) {
      isDone = false;
      block.set(ref, requestOf(environment, change.after));
    }
  }
  if (isDone) return undefined;
  const others = standing.filter((rule) => !mine(rule)).map(definitionOf);
  const place = placeOf(environment, standing, mine);
  const ours = [...block.values()].toSorted(
    (a, b) => rankOf(environment, a) - rankOf(environment, b) || compare(a["ref"], b["ref"]),
  );
  return [...others.slice(0, place), ...ours, ...others.slice(place)];
}

function requestOf(
  environment: Environment,
  { ref, expression, action, description, enabled, ratelimit }: WafRule,
): StandingRule {
  assert(ownKey(environment, { ref }) !== undefined, "only rules of the environment are written");
  assert(expression.startsWith("(http.host in {"), "every rule of ours is bound to its hosts");
  return { ref, expression, action, description, enabled, ...(ratelimit && { ratelimit }) };
}

/** How many rules of others come before our block. */
function placeOf(environment: Environment, standing: readonly StandingRule[], mine: (rule: StandingRule) => boolean): number {
  const first = standing.findIndex(mine);
  if (first >= 0) return first;
  const last = standing.findLastIndex(
    ({ ref }) => typeof ref === "string" && ref.startsWith(`claimbot.${environment.instance}.`),
  );
  return last >= 0 ? last + 1 : standing.length;
}

const ORDER = ["ip", "country", "base", "rule", "rate"];

/** By where a rule comes from, then by key: a rule's place does not depend on when it was made. */
function rankOf(environment: Environment, rule: StandingRule): number {
  return ORDER.findIndex((kind) => ownKey(environment, rule)?.startsWith(kind));
}

function compare(a: unknown, b: unknown): number {
  return String(a) < String(b) ? -1 : 1;
}

/** True when two lists of rules say the same, whatever the server has added. A rule that got its id only now is the same by its ref. */
export function sameRules(a: readonly StandingRule[], b: readonly StandingRule[]): boolean {
  return sameJson(a.map(comparable), b.map(comparable));
}

function comparable(rule: StandingRule): StandingRule {
  const { id, ref, enabled, description, ...rest } = definitionOf(rule);
  return { ...rest, ref: ref ?? id, enabled: enabled ?? true, description: description ?? "" };
}

/**
 * Puts what somebody changed from `before` to `after` on top of `now`, which did not have it: added rules come back behind the same
 * neighbour, changed ones are changed and removed ones removed, unless `now` has moved on there itself.
 */
export function reapplied(
  before: readonly StandingRule[],
  after: readonly StandingRule[],
  now: readonly StandingRule[],
): readonly StandingRule[] {
  if (sameRules(before, now)) return after.map((rule) => restored(rule, find(now, rule)));
  const result = now
    .filter((rule) => {
      const was = find(before, rule);
      return !(was !== undefined && find(after, rule) === undefined && sameRules([was], [rule]));
    })
    .map((rule) => {
      const was = find(before, rule);
      const next = find(after, rule);
      return was !== undefined && next !== undefined && sameRules([was], [rule]) ? restored(next, rule) : definitionOf(rule);
    });
  for (const [index, rule] of after.entries()) {
    if (find(before, rule) !== undefined || find(result, rule) !== undefined) continue;
    const neighbour = after[index - 1];
    const place = neighbour === undefined ? 0 : result.findIndex((other) => refOf(other) === refOf(neighbour)) + 1;
    result.splice(place, 0, restored(rule, undefined));
  }
  return result;
}

/** The ref of a rule, which is its id where nobody gave it one. */
function refOf(rule: StandingRule): unknown {
  return rule["ref"] ?? rule["id"];
}

function find(rules: readonly StandingRule[], rule: StandingRule): StandingRule | undefined {
  return rules.find((other) => refOf(other) === refOf(rule));
}

/** A rule as it was, for a ruleset in which `standing` is what is left of it. An id that went is not taken again: its ref says who it is. */
function restored(rule: StandingRule, standing: StandingRule | undefined): StandingRule {
  const { id: _, ...definition } = definitionOf(rule);
  return standing?.["id"] === undefined ? { ...definition, ref: refOf(rule) } : { ...definition, id: standing["id"] };
}
