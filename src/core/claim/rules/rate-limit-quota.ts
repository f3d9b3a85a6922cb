import type { TreeRule } from "./rule.ts";
import { overfullZones, PLAN_LIMITS } from "./zone-plans.ts";

export const rateLimitQuota: TreeRule = {
  about: "tree",
  code: "claim/rate-limit-quota",
  summary: "All claims of a zone together ask for at most the rate limits that its plan allows.",
  wrong: `
# file: platform.yaml
spec:
  zones: [{name: example.org, plan: pro, certificates: ["*.stage.example.org"]}]
# file: environments/stage/payments-stage.yaml
spec:
  dns: {hostnames: [pay.stage.example.org]}
  waf:
    rateLimits:
    ^^^^^^^^^^ error claim/rate-limit-quota
      - {key: login, path: /login, requests: 20, periodSeconds: 60}
      - {key: search, path: /search, requests: 60, periodSeconds: 60}
      - {key: orders, path: /orders, requests: 60, periodSeconds: 60}
`,
  right: `
# file: platform.yaml
spec:
  zones: [{name: example.org, plan: pro, certificates: ["*.stage.example.org"]}]
# file: environments/stage/payments-stage.yaml
spec:
  dns: {hostnames: [pay.stage.example.org]}
  waf:
    rateLimits:
      - {key: login, path: /login, requests: 20, periodSeconds: 60}
`,
  check: ({ views, platform, live }) =>
    platform === undefined
      ? []
      : overfullZones(
          views,
          platform,
          live,
          ({ claim }) => claim.spec.waf?.rateLimits?.length ?? 0,
          ({ rateLimits }) => rateLimits,
        ).flatMap(({ zone, total, beyond }) =>
          beyond.map(({ view, own }) => ({
            path: view.path,
            pointer: "/spec/waf/rateLimits",
            atKey: true as const,
            message: `${zone.name} (plan ${zone.plan}) has room for ${PLAN_LIMITS[zone.plan].rateLimits} rate limits; all claims ask for ${total}, this one for ${own}.`,
            hint: "Use fewer, with shorter paths, or ask the zone's owner for a larger plan.",
          })),
        ),
};
