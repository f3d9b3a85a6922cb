import { list } from "../schema-errors.ts";
import { foreignDependenciesOf, targetOf } from "./dependencies.ts";
import type { TreeRule } from "./rule.ts";

export const dependencyAmbiguous: TreeRule = {
  about: "tree",
  code: "claim/dependency-ambiguous",
  summary: "A service that several claims of the type have is named with its environment: environment/service.",
  wrong: `
# file: environments/stage/ledger-a.yaml
metadata: {name: ledger-a, owner: commerce/payments}
spec:
  services: [{name: ledger, version: ^1.0.0}]
# file: environments/stage/ledger-b.yaml
metadata: {name: ledger-b, owner: commerce/payments}
spec:
  services: [{name: ledger, version: ^1.0.0}]
# file: environments/stage/payments-stage.yaml
spec:
  services:
    - {name: payments-api, version: ^2.3.0, dependsOn: [ledger]}
                                                        ^^^^^^ error claim/dependency-ambiguous
`,
  right: `
# file: environments/stage/ledger-a.yaml
metadata: {name: ledger-a, owner: commerce/payments}
spec:
  services: [{name: ledger, version: ^1.0.0}]
# file: environments/stage/ledger-b.yaml
metadata: {name: ledger-b, owner: commerce/payments}
spec:
  services: [{name: ledger, version: ^1.0.0}]
# file: environments/stage/payments-stage.yaml
spec:
  services:
    - {name: payments-api, version: ^2.3.0, dependsOn: [ledger-a/ledger]}
`,
  check: (tree) =>
    tree.views.flatMap((view) =>
      foreignDependenciesOf(view).flatMap((dependency) => {
        const target = targetOf(dependency, tree);
        if (target.kind !== "ambiguous") return [];
        const names = target.views.slice(0, 5).map(({ name }) => `${name}/${dependency.name}`);
        return [
          {
            path: view.path,
            pointer: dependency.pointer,
            message: `${target.views.length} claims of type ${view.claim.spec.type} have a service ${dependency.name}.`,
            hint: `Say which one: ${list(names, "or")}.`,
          },
        ];
      }),
    ),
};
