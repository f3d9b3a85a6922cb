/** What each plan of a Cloudflare zone allows (facts of 2026-11-24), and what a claim asks of its zones. */
import { isDedicated } from "../../environment.ts";
import { zoneOf } from "../hostname.ts";
import type { Platform } from "../platform.generated.ts";
import { soundNames } from "./hostnames.ts";
import type { ClaimView } from "./rule.ts";

type Zone = Platform["spec"]["zones"][number];

export interface PlanLimits {
  readonly customRules: number;
  /** None on Free: its rate limits cannot be bound to host names. */
  readonly rateLimits: number;
  readonly maxPeriodSeconds: number;
}

export const PLAN_LIMITS: Readonly<Record<Zone["plan"], PlanLimits>> = {
  free: { customRules: 5, rateLimits: 0, maxPeriodSeconds: 10 },
  pro: { customRules: 20, rateLimits: 2, maxPeriodSeconds: 60 },
  business: { customRules: 100, rateLimits: 5, maxPeriodSeconds: 600 },
  // 5 to 100 rate limits by contract: Cloudflare's own judgement at review is the exact one.
  enterprise: { customRules: 1_000, rateLimits: 100, maxPeriodSeconds: 86_400 },
};

/** The zones in which a claim's names lie and which therefore carry its rules; none for types without a firewall. */
export function protectedZones(view: ClaimView, platform: Platform): readonly Zone[] {
  if (!isDedicated(view.claim.spec.type)) return [];
  return [...new Set(soundNames(view).flatMap(({ hostname }) => zoneOf(hostname, platform) ?? []))];
}

/** At the least: names that do not fit into one expression make more. */
export function customRulesOf({ claim }: ClaimView, platform: Platform): number {
  const { rules = [], allowCountries = [], blockCountries = [], allowIps = [], blockIps = [] } = claim.spec.waf ?? {};
  const baseline = platform.spec.waf?.baseline.length ?? 0;
  return (
    baseline +
    rules.length +
    Math.min(1, allowCountries.length + blockCountries.length) +
    Math.min(1, allowIps.length + blockIps.length)
  );
}

export interface ZoneUse {
  readonly zone: Zone;
  /** Rules that all claims ask for in the zone. */
  readonly total: number;
  /** The claims that go beyond the limit, each with its own share: what lives already comes first, so a newcomer is named. */
  readonly beyond: readonly { readonly view: ClaimView; readonly own: number }[];
}

/** The zones in which the claims ask for more than the plan allows. */
export function overfullZones(
  views: readonly ClaimView[],
  platform: Platform,
  live: ReadonlyMap<string, unknown>,
  countOf: (view: ClaimView) => number,
  limitOf: (limits: PlanLimits) => number,
): readonly ZoneUse[] {
  const asked = new Map<Zone, { readonly view: ClaimView; readonly own: number }[]>();
  for (const view of views) {
    const own = countOf(view);
    if (own === 0) continue;
    for (const zone of protectedZones(view, platform)) {
      const known = asked.get(zone);
      if (known === undefined) asked.set(zone, [{ view, own }]);
      else known.push({ view, own });
    }
  }
  return [...asked].flatMap(([zone, all]) => {
    const limit = limitOf(PLAN_LIMITS[zone.plan]);
    const total = all.reduce((sum, { own }) => sum + own, 0);
    if (total <= limit) return [];
    let sum = 0;
    const ordered = all.toSorted((a, b) => Number(live.has(b.view.name)) - Number(live.has(a.view.name)));
    const beyond = ordered.filter(({ own }) => (sum += own) > limit);
    return [{ zone, total, beyond }];
  });
}
