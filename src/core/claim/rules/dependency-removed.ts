import { foreignDependenciesOf, removedSource, targetOf } from "./dependencies.ts";
import type { TreeRule } from "./rule.ts";

export const dependencyRemoved: TreeRule = {
  about: "tree",
  code: "claim/dependency-removed",
  summary: "A claim that others depend on is not removed before they stop.",
  wrong: `
# removed: ledger-stage
# file: environments/stage/payments-stage.yaml
spec:
  services:
    - name: payments-api
      version: ^2.3.0
      dependsOn: [ledger-stage/ledger]
                  ^^^^^^^^^^^^^^^^^^^ error claim/dependency-removed
`,
  right: `
# removed: ledger-stage
# file: environments/stage/payments-stage.yaml
spec:
  services:
    - name: payments-api
      version: ^2.3.0
      dependsOn: [{name: ledger-stage/ledger, optional: true}]
`,
  check: (tree) =>
    tree.removed.length === 0
      ? []
      : tree.views.flatMap((view) =>
          foreignDependenciesOf(view).flatMap((dependency) => {
            if (dependency.optional || targetOf(dependency, tree).kind !== "missing") return [];
            const removed = removedSource(dependency, tree);
            if (removed === undefined) return [];
            return [
              {
                path: view.path,
                pointer: dependency.pointer,
                message: `${dependency.service} depends on ${dependency.name}, and ${removed} is to be removed.`,
                hint: "First remove the dependency here, or make it optional: {name: …, optional: true}.",
              },
            ];
          }),
        ),
};
