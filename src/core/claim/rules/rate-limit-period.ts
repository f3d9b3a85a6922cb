import { pointerOf } from "../places.ts";
import type { OfferRule } from "./rule.ts";
import { PLAN_LIMITS, protectedZones } from "./zone-plans.ts";

export const rateLimitPeriod: OfferRule = {
  about: "offer",
  code: "claim/rate-limit-period",
  summary: "The period of a rate limit is one that the plans of all the claim's zones allow.",
  wrong: `
# file: platform.yaml
spec:
  zones: [{name: example.org, plan: pro, certificates: ["*.stage.example.org"]}]
# file: environments/stage/payments-stage.yaml
spec:
  dns: {hostnames: [pay.stage.example.org]}
  waf:
    rateLimits: [{key: login, path: /login, requests: 20, periodSeconds: 120}]
                                                                         ^^^ error claim/rate-limit-period
`,
  right: `
# file: platform.yaml
spec:
  zones: [{name: example.org, plan: pro, certificates: ["*.stage.example.org"]}]
# file: environments/stage/payments-stage.yaml
spec:
  dns: {hostnames: [pay.stage.example.org]}
  waf:
    rateLimits: [{key: login, path: /login, requests: 20, periodSeconds: 60}]
`,
  check(view, platform) {
    const limits = view.claim.spec.waf?.rateLimits ?? [];
    if (limits.length === 0) return [];
    const zones = protectedZones(view, platform);
    return limits.flatMap(({ periodSeconds }, index) => {
      const zone = zones.find(
        ({ plan }) => periodSeconds > PLAN_LIMITS[plan].maxPeriodSeconds && PLAN_LIMITS[plan].rateLimits > 0,
      );
      if (zone === undefined) return [];
      return [
        {
          pointer: pointerOf("spec", "waf", "rateLimits", index, "periodSeconds"),
          message: `A period of ${periodSeconds} s is longer than the plan of ${zone.name} (${zone.plan}) allows.`,
          hint: `Use at most ${PLAN_LIMITS[zone.plan].maxPeriodSeconds} s, with fewer requests.`,
        },
      ];
    });
  },
};
