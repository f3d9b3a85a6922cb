/** Which of the rules that stand in a zone are an environment's own, by two keys: our ref, and a claim that could have asked for it. Pure. */
import type { Claim } from "../../core/claim/claim.generated.ts";
import type { Contested } from "../../core/contested.ts";
import { isDedicated, type Environment } from "../../core/environment.ts";
import type { JsonObject } from "../../core/json.ts";
import { zoneOf } from "../host-name.ts";
import { kindOf, normalExpression, refPrefix, resourceKey, type WafPhase, type WafRule } from "./model.ts";

/** A rule as it stands, with all its members. */
export type StandingRule = Readonly<Record<string, unknown>>;

/** What one environment has in one phase of one zone. */
export interface RulesView {
  readonly own: readonly WafRule[];
  /** Rules with our ref that no claim could have asked for. They stand in nobody's way: what is wanted is asked for. */
  readonly forged: readonly Contested[];
}

/** The key of a rule with our ref; undefined for anybody else's. */
export function ownKey(environment: Environment, rule: StandingRule): string | undefined {
  const { ref } = rule;
  const prefix = refPrefix(environment);
  if (typeof ref !== "string" || !ref.startsWith(prefix)) return undefined;
  const key = ref.slice(prefix.length);
  return /^[a-z0-9-]+(\.\d+)?$/.test(key) ? key : undefined;
}

/** Which rules of a phase are ours by both keys: our ref, and a claim that could have asked for it, there. */
export function viewRules(environment: Environment, zone: string, phase: WafPhase, standing: readonly StandingRule[]): RulesView {
  const own: WafRule[] = [];
  const forged: Contested[] = [];
  for (const rule of standing) {
    const key = ownKey(environment, rule);
    if (key === undefined) continue;
    if (isOwn(environment, zone, phase, rule)) own.push(normalised(zone, phase, key, rule));
    else
      forged.push({
        key: `${zone} ${phase} ${String(rule["ref"])}`,
        content: "",
        remark: `bears our ref, but no claim of ${environment.name} ever asked for it there`,
      });
  }
  return { own, forged };
}

/** True for rules that may be changed. */
export function isOwn(environment: Environment, zone: string, phase: WafPhase, rule: StandingRule): boolean {
  const key = ownKey(environment, rule);
  return key !== undefined && (phase === "http_ratelimit") === key.startsWith("rate-") && wasAsked(environment, zone, key);
}

/** The baseline is the platform's, and changes by itself: whoever has names in a zone asks for whatever it holds. */
function wasAsked(environment: Environment, zone: string, key: string): boolean {
  const named = key.replace(/\.\d+$/, "");
  return dedicatedClaims(environment).some(({ spec: { dns, waf = {} } }) => {
    if (!(dns?.hostnames ?? []).some((name) => zoneOf(name, environment.zones) === zone)) return false;
    return (
      named.startsWith("base-") ||
      (waf.rules ?? []).some((rule) => named === `rule-${rule.key}`) ||
      (waf.rateLimits ?? []).some((limit) => named === `rate-${limit.key}`) ||
      (named === "country" && (waf.allowCountries ?? waf.blockCountries) !== undefined) ||
      (named === "ip" && (waf.allowIps ?? waf.blockIps) !== undefined)
    );
  });
}

/** Claims of the log and the wish that have a firewall. */
function dedicatedClaims({ log, wish }: Environment): readonly Claim[] {
  const published = log.flatMap((record) => (record.kind === "Publication" ? [record.claim] : []));
  return [...published, ...(wish === undefined ? [] : [wish.claim])].filter(({ spec }) => isDedicated(spec.type));
}

/** The zones that may hold a rule of ours: those of names that a claim with a firewall ever asked for. */
export function zonesOf(environment: Environment): readonly string[] {
  const names = dedicatedClaims(environment).flatMap(({ spec }) => spec.dns?.hostnames ?? []);
  return [...new Set(names.map((name) => zoneOf(name, environment.zones)).filter((zone) => zone !== undefined))].toSorted();
}

/** What the server sets by itself, or gives back beside what was sent. */
const SERVED = ["id", "ref", "version", "last_updated", "categories"];
const OURS = ["expression", "action", "description", "enabled", "ratelimit"];

function normalised(zone: string, phase: WafPhase, key: string, rule: StandingRule): WafRule {
  const { expression, action, description, enabled, ratelimit } = rule;
  const added = Object.entries(rule).filter(([name, value]) => ![...SERVED, ...OURS].includes(name) && value !== undefined);
  return {
    key: resourceKey(zone, phase, key),
    kind: kindOf(phase),
    zone,
    phase,
    ref: String(rule["ref"]),
    expression: typeof expression === "string" ? normalExpression(expression) : "",
    action: typeof action === "string" ? action : "",
    description: typeof description === "string" ? description : "",
    // Missing means true. A missing timeout of a rate limit does not mean 0 on every plan, so that is kept as it is.
    enabled: enabled !== false,
    ...(ratelimit !== undefined && { ratelimit: limitOf(ratelimit) }),
    ...(added.length > 0 && { added: Object.fromEntries(added) as JsonObject }),
  };
}

/** Without what Cloudflare adds as a default. */
function limitOf(ratelimit: unknown): JsonObject {
  const members = Object.entries(ratelimit as JsonObject);
  return Object.fromEntries(
    members.filter(
      ([name, value]) => !(name === "requests_to_origin" && value === false) && !(name === "counting_expression" && value === ""),
    ),
  );
}
