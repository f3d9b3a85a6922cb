import { shown } from "../places.ts";
import { soundNames, type AskedName } from "./hostnames.ts";
import type { ClaimView, TreeRule } from "./rule.ts";
import type { Tree } from "./tree.ts";

type Asking = AskedName & { readonly view: ClaimView };

export const hostnameTaken: TreeRule = {
  about: "tree",
  code: "claim/hostname-taken",
  summary: "A host name is asked for by one claim only, open merge requests included. Who has it already keeps it.",
  wrong: `
# live: payments-stage stage fra
# elsewhere: till.stage.example.org !12
# file: environments/stage/payments-stage.yaml
spec:
  dns:
    hostnames: [pay.stage.example.org]
# file: environments/stage/shop-stage.yaml
metadata:
  name: shop-stage
  owner: commerce/shop
spec:
  dns:
    hostnames: [pay.stage.example.org, till.stage.example.org]
                ^^^^^^^^^^^^^^^^^^^^^ error claim/hostname-taken
                                       ^^^^^^^^^^^^^^^^^^^^^^ error claim/hostname-taken
`,
  right: `
# live: payments-stage stage fra
# file: environments/stage/payments-stage.yaml
spec:
  dns:
    hostnames: [pay.stage.example.org]
# file: environments/stage/shop-stage.yaml
metadata:
  name: shop-stage
  owner: commerce/shop
spec:
  dns:
    hostnames: [shop.stage.example.org]
`,
  check({ views, live, elsewhere }) {
    const asking = new Map<string, Asking[]>();
    for (const view of views) {
      for (const asked of soundNames(view)) {
        const known = asking.get(asked.hostname);
        if (known === undefined) asking.set(asked.hostname, [{ ...asked, view }]);
        else if (known.every((other) => other.view !== view)) known.push({ ...asked, view });
      }
    }
    const inTree = [...asking.values()].flatMap((all) => {
      if (all.length < 2) return [];
      const newcomers = all.filter((asked) => !hasAlready(asked, live));
      return (newcomers.length < all.length && newcomers.length > 0 ? newcomers : all).map(({ view, hostname, pointer }) => ({
        path: view.path,
        pointer,
        message: `${shown(hostname)} is also asked for by ${all.find((other) => other.view !== view)?.view.path ?? "another claim"}.`,
        hint: "Use another name, or first remove it there.",
      }));
    });
    const inOthers = elsewhere.flatMap(({ hostname, where }) =>
      (asking.get(hostname) ?? [])
        .filter((asked) => !hasAlready(asked, live))
        .map(({ view, pointer }) => ({
          path: view.path,
          pointer,
          message: `${shown(hostname)} is also asked for by ${where}.`,
          hint: "Agree with its author, or use another name.",
        })),
    );
    return [...inTree, ...inOthers];
  },
};

function hasAlready({ view, hostname }: Asking, live: Tree["live"]): boolean {
  const environment = live.get(view.name);
  return environment !== undefined && (environment.hostnames?.includes(hostname) ?? true);
}
