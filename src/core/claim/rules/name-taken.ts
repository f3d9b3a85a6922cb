import type { TreeRule } from "./rule.ts";

export const nameTaken: TreeRule = {
  about: "tree",
  code: "claim/name-taken",
  summary: "The name of an environment is unique over all types.",
  wrong: `
# file: environments/dev/payments.yaml
metadata:
  name: payments
        ^^^^^^^^ error claim/name-taken
  owner: commerce/payments
# file: environments/stage/payments.yaml
metadata:
  name: payments
        ^^^^^^^^ error claim/name-taken
  owner: commerce/payments
`,
  right: `
# file: environments/dev/payments-dev.yaml
metadata:
  name: payments-dev
  owner: commerce/payments
# file: environments/stage/payments.yaml
metadata:
  name: payments
  owner: commerce/payments
`,
  check: ({ byName }) =>
    [...byName.values()].flatMap((views) =>
      views.length < 2
        ? []
        : views.map((view) => ({
            path: view.path,
            pointer: "/metadata/name",
            message: `${view.name} is also the name of ${views
              .filter((other) => other !== view)
              .map(({ path }) => path)
              .join(" and ")}.`,
            hint: "Rename the newer one, for example by adding its type.",
          })),
    ),
};
