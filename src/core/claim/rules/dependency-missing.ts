import { didYouMean } from "../did-you-mean.ts";
import { foreignDependenciesOf, removedSource, splitName, targetOf } from "./dependencies.ts";
import type { TreeRule } from "./rule.ts";

export const dependencyMissing: TreeRule = {
  about: "tree",
  code: "claim/dependency-missing",
  summary:
    "A service that others depend on is there, in the same claim or in one of the same type; optional ones may be missing.",
  wrong: `
spec:
  services:
    - name: payments-api
      version: ^2.3.0
      dependsOn: [leger]
                  ^^^^^ error claim/dependency-missing
    - {name: ledger, version: ^1.0.0}
`,
  right: `
spec:
  services:
    - name: payments-api
      version: ^2.3.0
      dependsOn: [ledger, {name: mailer, optional: true}]
    - {name: ledger, version: ^1.0.0}
`,
  check: (tree) =>
    tree.views.flatMap((view) =>
      foreignDependenciesOf(view).flatMap((dependency) => {
        const { name, optional, pointer } = dependency;
        if (optional || targetOf(dependency, tree).kind !== "missing" || removedSource(dependency, tree) !== undefined) return [];
        const { type, services } = view.claim.spec;
        const [environment, service] = splitName(name);
        const meant = didYouMean(
          name,
          services.map((candidate) => candidate.name),
        );
        return [
          {
            path: view.path,
            pointer,
            message:
              environment === undefined
                ? `No claim of type ${type} has a service ${service}.`
                : `There is no environment ${environment} of type ${type} with a service ${service}.`,
            hint:
              meant === undefined
                ? "Add the service to a claim of this type, or make the dependency optional: {name: …, optional: true}."
                : `Did you mean ${meant}?`,
            ...(meant !== undefined && { replacement: meant }),
          },
        ];
      }),
    ),
};
