import type { ClaimView, TreeRule } from "./rule.ts";
import type { Removed, Tree } from "./tree.ts";

export const renamed: TreeRule = {
  about: "tree",
  code: "claim/renamed",
  summary: "Renaming a file removes one environment, with its data, and creates another. (A warning.)",
  wrong: `
# live: payment-stage stage fra
# removed: payment-stage
# file: environments/stage/payments-stage.yaml
metadata:
  name: payments-stage
        ^^^^^^^^^^^^^^ warning claim/renamed
  owner: commerce/payments
`,
  right: `
# live: payments-stage stage fra
# file: environments/stage/payments-stage.yaml
`,
  check(tree) {
    const created = tree.removed.length === 0 ? [] : tree.views.filter(({ name }) => !tree.live.has(name));
    return tree.removed.flatMap((removed) => {
      const alike = created.filter((view) => isRename(removed, view, tree));
      // Several that could be meant: then it is not one file that was renamed.
      const [view] = alike.length === 1 ? alike : [];
      if (view === undefined) return [];
      return [
        {
          path: view.path,
          pointer: "/metadata/name",
          severity: "warning" as const,
          message: `${removed.name} seems to be renamed: it will be removed with all it holds, and ${view.name} created empty.`,
          hint: `Keep the name ${removed.name} if its data is needed.`,
        },
      ];
    });
  },
};

/** With the old claim: the same services, or a name in common. Without: the same type and region. */
function isRename({ name, claim }: Removed, view: ClaimView, { live }: Tree): boolean {
  const { spec } = view.claim;
  if (claim === undefined) {
    const was = live.get(name);
    return was?.type === spec.type && was.region === spec.cluster.region;
  }
  if (claim.spec.type !== spec.type) return false;
  const services = (of: typeof claim): string =>
    of.spec.services
      .map((service) => service.name)
      .toSorted()
      .join();
  const hostnames = new Set(claim.spec.dns?.hostnames);
  return services(claim) === services(view.claim) || (spec.dns?.hostnames ?? []).some((hostname) => hostnames.has(hostname));
}
