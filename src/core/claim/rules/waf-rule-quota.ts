import type { TreeRule } from "./rule.ts";
import { customRulesOf, overfullZones, PLAN_LIMITS } from "./zone-plans.ts";

export const wafRuleQuota: TreeRule = {
  about: "tree",
  code: "claim/waf-rule-quota",
  summary: "All claims of a zone together ask for at most the custom rules that its plan allows.",
  wrong: `
# file: platform.yaml
spec:
  zones: [{name: example.org, plan: free, certificates: ["*.stage.example.org"]}]
  waf:
    baseline: []
# file: environments/stage/payments-stage.yaml
spec:
  dns: {hostnames: [pay.stage.example.org]}
  waf:
  ^^^ error claim/waf-rule-quota
    allowCountries: [DE]
    rules:
      - {key: a, description: a, action: block, expression: cf.threat_score > 10}
      - {key: b, description: b, action: block, expression: cf.threat_score > 20}
      - {key: c, description: c, action: block, expression: cf.threat_score > 30}
      - {key: d, description: d, action: block, expression: cf.threat_score > 40}
      - {key: e, description: e, action: block, expression: cf.threat_score > 50}
`,
  right: `
# file: platform.yaml
spec:
  zones: [{name: example.org, plan: free, certificates: ["*.stage.example.org"]}]
  waf:
    baseline: []
# file: environments/stage/payments-stage.yaml
spec:
  dns: {hostnames: [pay.stage.example.org]}
  waf:
    allowCountries: [DE]
    rules:
      - {key: a, description: a, action: block, expression: cf.threat_score > 10}
`,
  check: ({ views, platform, live }) =>
    platform === undefined
      ? []
      : overfullZones(
          views,
          platform,
          live,
          (view) => customRulesOf(view, platform),
          ({ customRules }) => customRules,
        ).flatMap(({ zone, total, beyond }) =>
          beyond.map(({ view, own }) => ({
            path: view.path,
            pointer: view.claim.spec.waf === undefined ? "/spec/dns" : "/spec/waf",
            atKey: true as const,
            message: `${zone.name} (plan ${zone.plan}) has room for ${PLAN_LIMITS[zone.plan].customRules} custom rules; all claims ask for ${total}, this one for ${own}.`,
            hint: "Merge rules into one expression, use fewer, or ask the zone's owner for a larger plan.",
          })),
        ),
};
