/** The firewall as values: the rules that an environment should have in each zone, bound to its hosts. */
import { strict as assert } from "node:assert";
import type { Claim } from "../../core/claim/claim.generated.ts";
import { expressionFault } from "../../core/claim/expression.ts";
import { formatNetwork, parseNetwork } from "../../core/claim/network.ts";
import type { Platform } from "../../core/claim/platform.generated.ts";
import { isDedicated, type Environment } from "../../core/environment.ts";
import type { JsonObject } from "../../core/json.ts";
import { sortResources, type Resource, type Resources } from "../../core/resource.ts";
import { hostName, zoneOf } from "../host-name.ts";

export const PHASES = ["http_request_firewall_custom", "http_ratelimit"] as const;
export type WafPhase = (typeof PHASES)[number];

/** A rule as we write it. */
export interface WafRule extends Resource {
  readonly kind: "custom-rule" | "rate-limit";
  readonly zone: string;
  readonly phase: WafPhase;
  /** The identity of a rule at Cloudflare: with the same ref it keeps its id and its history. */
  readonly ref: string;
  readonly expression: string;
  readonly action: string;
  readonly description: string;
  readonly enabled: boolean;
  readonly ratelimit?: JsonObject;
  /** Members that claimbot never writes: somebody added them by hand, and the next write takes them off. */
  readonly added?: JsonObject;
}

type Plan = Platform["spec"]["zones"][number]["plan"];
type Waf = NonNullable<Claim["spec"]["waf"]>;

/** What a rule is before it is bound to hosts. The key says where it comes from, so that no two can be the same. */
interface Draft {
  readonly key: string;
  readonly expression: string;
  readonly action: string;
  readonly description: string;
  readonly ratelimit?: (plan: Plan) => JsonObject;
}

/** Bytes of one expression (Cloudflare, 2026-11). */
const MAX_EXPRESSION_BYTES = 4_096;
/** Mitigation timeouts that exist on every plan that allows them, in seconds, and the longest of each plan (facts of 2026-11). */
const TIMEOUTS_SECONDS = [10, 60, 120, 300, 600, 3_600, 86_400];
const MAX_TIMEOUT_SECONDS: Readonly<Record<Plan, number>> = { free: 10, pro: 3_600, business: 86_400, enterprise: 86_400 };

const BASELINE_ACTIONS = { block: "block", challenge: "managed_challenge", log: "log" } as const;

/** What the environment should have: nothing for dev and sue, without host names, and when it is to go. */
export function desiredRules(environment: Environment): Resources<WafRule> {
  const { wish, type } = environment;
  if (wish === undefined || !isDedicated(type)) return [];
  const { spec } = wish.platform;
  const drafts = [...networkRules(wish.claim.spec.waf), ...namedRules(wish.claim.spec.waf, wish.platform)];
  const zones = spec.zones.map((zone) => zone.name);
  const byZone = Map.groupBy(new Set((wish.claim.spec.dns?.hostnames ?? []).map(hostName)), (name) => zoneOf(name, zones));
  return sortResources(
    [...byZone].flatMap(([zone, hosts]) => {
      assert(zone !== undefined, "every name lies in a zone of the platform: validation has checked it");
      const plan = spec.zones.find(({ name }) => hostName(name) === zone)?.plan ?? "free";
      return drafts.flatMap((draft) => rulesOf(environment, zone, plan, hosts, draft));
    }),
  );
}

/** By where a client is. They come first: what may not come at all need not be looked at. */
function networkRules(waf: Waf = {}): readonly Draft[] {
  const { allowIps = [], blockIps = [], allowCountries = [], blockCountries = [] } = waf;
  return [
    ...setRule("ip", networks(allowIps), networks(blockIps), "ip.src"),
    ...setRule("country", countries(allowCountries), countries(blockCountries), "ip.src.country"),
  ];
}

function setRule(key: string, allowed: readonly string[], blocked: readonly string[], field: string): readonly Draft[] {
  const set = allowed.length > 0 ? allowed : blocked;
  if (set.length === 0) return [];
  const within = `${field} in {${set.join(" ")}}`;
  const [expression, word] = allowed.length > 0 ? [`not ${within}`, "Only"] : [within, "Not"];
  return [{ key, expression, action: "block", description: `${word} from ${few(set)}` }];
}

function networks(texts: readonly string[]): readonly string[] {
  const parsed = texts.map((text) => {
    const network = parseNetwork(text);
    assert(network !== undefined, `${text} is an address or a network: validation has checked it`);
    return formatNetwork(network);
  });
  return [...new Set(parsed)].toSorted();
}

function countries(codes: readonly string[]): readonly string[] {
  return [...new Set(codes)].toSorted().map(quoted);
}

function few(items: readonly string[]): string {
  const shown = items.slice(0, 8).map((item) => item.replaceAll('"', ""));
  return shown.join(", ") + (items.length > shown.length ? ` and ${items.length - shown.length} more` : "");
}

/** The platform's baseline, always on, then what the claim adds. */
function namedRules(waf: Waf = {}, platform: Platform): readonly Draft[] {
  const baseline = platform.spec.waf?.baseline ?? [];
  return [
    ...baseline.map(({ key, description, expression }) => ({
      key: `base-${key}`,
      expression: contained(expression),
      action: BASELINE_ACTIONS[waf.mode ?? "block"],
      description,
    })),
    ...(waf.rules ?? []).map(({ key, description, expression, action }) => ({
      key: `rule-${key}`,
      expression: contained(expression),
      action,
      description,
    })),
    ...(waf.rateLimits ?? []).map(({ key, path, requests, periodSeconds }) => ({
      key: `rate-${key}`,
      expression: `starts_with(http.request.uri.path, ${quoted(path)})`,
      action: "block",
      description: `At most ${requests} requests in ${periodSeconds} s to ${path} from one address`,
      ratelimit: (plan: Plan) => ({
        // Counted in each data centre by itself: Cloudflare does not offer anything else.
        characteristics: ["cf.colo.id", "ip.src"],
        period: periodSeconds,
        requests_per_period: requests,
        mitigation_timeout: timeoutSeconds(periodSeconds, plan),
      }),
    })),
  ];
}

/** The shortest that lasts as long as the period, as far as the plan allows. */
function timeoutSeconds(periodSeconds: number, plan: Plan): number {
  const max = MAX_TIMEOUT_SECONDS[plan];
  return Math.min(TIMEOUTS_SECONDS.find((seconds) => seconds >= periodSeconds) ?? max, max);
}

/** One rule for all hosts of the zone; more, with `.2`, `.3` behind the key, where the names do not fit into one expression. */
function rulesOf(environment: Environment, zone: string, plan: Plan, hosts: readonly string[], draft: Draft): readonly WafRule[] {
  const phase: WafPhase = draft.ratelimit === undefined ? "http_request_firewall_custom" : "http_ratelimit";
  return chunked(hosts.toSorted(), draft.expression).map((some, index) => {
    const key = index === 0 ? draft.key : `${draft.key}.${index + 1}`;
    return {
      key: resourceKey(zone, phase, key),
      kind: kindOf(phase),
      zone,
      phase,
      ref: `${refPrefix(environment)}${key}`,
      expression: guarded(some, draft.expression),
      action: draft.action,
      description: `${environment.name}: ${draft.description}`,
      enabled: true,
      ...(draft.ratelimit && { ratelimit: draft.ratelimit(plan) }),
    };
  });
}

function chunked(hosts: readonly string[], expression: string): readonly (readonly string[])[] {
  const chunks: string[][] = [];
  for (const host of hosts) {
    const last = chunks.at(-1);
    if (last !== undefined && Buffer.byteLength(guarded([...last, host], expression)) <= MAX_EXPRESSION_BYTES) last.push(host);
    // What is too long by itself gets no shorter with fewer hosts: one rule, and Cloudflare says so at review.
    else if (last !== undefined && Buffer.byteLength(guarded([host], expression)) > MAX_EXPRESSION_BYTES) last.push(host);
    else chunks.push([host]);
  }
  return chunks;
}

/** The expression, bound to hosts. */
function guarded(hosts: readonly string[], expression: string): string {
  assert(hosts.length > 0, "a rule is bound to hosts");
  return normalExpression(`(http.host in {${hosts.map(quoted).join(" ")}}) and (${expression})`);
}

/** An expression of a person's. One that could leave its parentheses never gets here: validation refuses it. */
function contained(expression: string): string {
  assert(expressionFault(expression) === undefined, "an expression stays in its parentheses: validation has checked it");
  return expression;
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

/** White space outside strings as one space, and the older name of the country field as the newer: both are stored as they came. */
export function normalExpression(expression: string): string {
  return expression
    .replaceAll(/r(#*)"[^]*?"\1|"(?:[^"\\]|\\[^])*"|\s+|\bip\.geoip\.country\b/g, (part: string) =>
      /^\s/.test(part) ? " " : part === "ip.geoip.country" ? "ip.src.country" : part,
    )
    .trim();
}

/** `claimbot.<instance>.<environment>.`: what the refs of all its rules begin with. Keys have no dot but that of a chunk. */
export function refPrefix({ instance, name }: Pick<Environment, "instance" | "name">): string {
  return `claimbot.${instance}.${name}.`;
}

/** Unique in the environment, and for eyes: `example.org custom base-traversal`. */
export function resourceKey(zone: string, phase: WafPhase, key: string): string {
  return `${zone} ${phase === "http_ratelimit" ? "ratelimit" : "custom"} ${key}`;
}

export function kindOf(phase: WafPhase): WafRule["kind"] {
  return phase === "http_ratelimit" ? "rate-limit" : "custom-rule";
}
