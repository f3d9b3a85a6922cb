import { ENVIRONMENT_TYPES } from "../../environment.ts";
import type { TreeRule } from "./rule.ts";

export const quotaEnvironments: TreeRule = {
  about: "tree",
  code: "claim/quota-environments",
  summary: "There are at most as many environments of a type as platform.yaml allows. The newest are refused.",
  wrong: `
# live: payments-stage stage fra
# file: environments/stage/a-stage.yaml
metadata: {name: a-stage, owner: commerce/payments}
spec:
  type: stage
        ^^^^^ error claim/quota-environments
# file: environments/stage/b-stage.yaml
metadata: {name: b-stage, owner: commerce/payments}
spec:
  type: stage
        ^^^^^ error claim/quota-environments
# file: environments/stage/payments-stage.yaml
# file: platform.yaml
spec:
  types:
    stage: {suffixes: [stage.example.org], approvals: 1, retentionDays: 365, quota: {environments: 1, nodes: 12, services: 3, hostnames: 4}}
`,
  right: `
# file: environments/stage/payments-stage.yaml
`,
  check: ({ views, platform, live }) =>
    platform === undefined
      ? []
      : ENVIRONMENT_TYPES.flatMap((type) => {
          const ofType = views.filter(({ claim }) => claim.spec.type === type);
          const { environments } = platform.spec.types[type].quota;
          if (ofType.length <= environments) return [];
          const oldFirst = ofType.toSorted((a, b) => Number(live.has(b.name)) - Number(live.has(a.name)));
          return oldFirst.slice(environments).map((view) => ({
            path: view.path,
            pointer: "/spec/type",
            message: `With this there are ${ofType.length} environments of type ${type}, more than the ${environments} of the quota.`,
            hint: "Remove one that nobody needs, or ask for a larger quota in platform.yaml.",
          }));
        }),
};
