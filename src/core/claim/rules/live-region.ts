import type { TreeRule } from "./rule.ts";

export const liveRegion: TreeRule = {
  about: "tree",
  code: "claim/live-region",
  summary: "The region of an environment never changes while it lives.",
  wrong: `
# live: payments-stage stage ams
# file: environments/stage/payments-stage.yaml
spec:
  cluster:
    region: fra
            ^^^ error claim/live-region
`,
  right: `
# live: payments-stage stage fra
# file: environments/stage/payments-stage.yaml
spec:
  cluster:
    region: fra
`,
  check: ({ views, live }) =>
    views.flatMap((view) => {
      const now = live.get(view.name);
      const { region } = view.claim.spec.cluster;
      if (now === undefined || now.region === region) return [];
      return [
        {
          path: view.path,
          pointer: "/spec/cluster/region",
          message: `${view.name} lives in ${now.region}; a cluster cannot move to ${region}.`,
          hint: "Create an environment of another name there, move over, then remove this one.",
          replacement: now.region,
        },
      ];
    }),
};
