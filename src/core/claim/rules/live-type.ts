import type { TreeRule } from "./rule.ts";

export const liveType: TreeRule = {
  about: "tree",
  code: "claim/live-type",
  summary: "The type of an environment never changes while it lives.",
  wrong: `
# live: payments-stage stage fra
# file: environments/prod/payments-stage.yaml
metadata: {name: payments-stage, owner: commerce/payments}
spec:
  type: prod
        ^^^^ error claim/live-type
`,
  right: `
# live: payments-stage stage fra
# file: environments/stage/payments-stage.yaml
`,
  check: ({ views, live }) =>
    views.flatMap((view) => {
      const now = live.get(view.name);
      if (now === undefined || now.type === view.claim.spec.type) return [];
      return [
        {
          path: view.path,
          pointer: "/spec/type",
          message: `${view.name} lives as ${now.type}; it cannot become ${view.claim.spec.type}.`,
          hint: "Create an environment of another name. To keep the name, first remove this one and create it anew when it is gone.",
        },
      ];
    }),
};
