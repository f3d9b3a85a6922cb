import { skeletonOf } from "../look-alike.ts";
import { shown, type Finding } from "../places.ts";
import { lookedAtNames } from "./hostnames.ts";
import type { ClaimView, TreeRule } from "./rule.ts";

export const hostnameLookAlike: TreeRule = {
  about: "tree",
  code: "claim/hostname-look-alike",
  summary: "No name looks like the name of another environment: in punycode an error, in plain letters a warning.",
  wrong: `
# live: payments-stage stage fra
# file: environments/stage/payments-stage.yaml
spec:
  dns:
    hostnames: [pay1.stage.example.org]
# file: environments/stage/shop-stage.yaml
metadata:
  name: shop-stage
  owner: commerce/shop
spec:
  dns:
    hostnames: [payl.stage.example.org, xn--py1-ela.stage.example.org]
                ^^^^^^^^^^^^^^^^^^^^^^ warning claim/hostname-look-alike
                                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error claim/hostname-look-alike
`,
  right: `
# live: payments-stage stage fra
# file: environments/stage/payments-stage.yaml
spec:
  dns:
    hostnames: [pay1.stage.example.org]
# file: environments/stage/shop-stage.yaml
metadata:
  name: shop-stage
  owner: commerce/shop
spec:
  dns:
    hostnames: [pay2.stage.example.org]
`,
  check({ views, live, elsewhere }) {
    const first = new Map<string, { readonly hostname: string; readonly where: string; readonly view?: ClaimView }>();
    const findings: (Finding & { readonly path: string })[] = [];
    for (const { hostname, where } of elsewhere) first.set(skeletonOf(hostname), { hostname, where });
    // What lives has its name first.
    for (const view of [...views.filter(({ name }) => live.has(name)), ...views.filter(({ name }) => !live.has(name))]) {
      for (const { hostname, pointer, skeleton } of lookedAtNames(view)) {
        const other = first.get(skeleton);
        if (other === undefined) first.set(skeleton, { hostname, where: view.path, view });
        if (other === undefined || other.hostname === hostname || other.view === view) continue;
        findings.push({
          path: view.path,
          pointer,
          severity: hostname.includes("xn--") ? "error" : "warning",
          message: `${shown(hostname)} looks like ${shown(other.hostname)} of ${other.where}.`,
          hint: "Choose a name that nobody takes for the other one.",
        });
      }
    }
    return findings;
  },
};
