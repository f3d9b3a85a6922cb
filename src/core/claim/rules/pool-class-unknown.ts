import { list } from "../schema-errors.ts";
import { askedPools } from "./pools.ts";
import type { OfferRule } from "./rule.ts";

export const poolClassUnknown: OfferRule = {
  about: "offer",
  code: "claim/pool-class-unknown",
  summary: "The class of a node pool is one that platform.yaml offers.",
  wrong: `
# file: platform.yaml
spec:
  nodePools:
    - {class: general-public, plan: vc2-4c-8gb, maxNodes: 20, types: [dev, sue, stage, prod]}
# file: environments/stage/payments-stage.yaml
spec:
  cluster:
    nodePools:
      - {class: ai, min: 1, max: 1}
                ^^ error claim/pool-class-unknown
`,
  right: `
# file: platform.yaml
spec:
  nodePools:
    - {class: general-public, plan: vc2-4c-8gb, maxNodes: 20, types: [dev, sue, stage, prod]}
# file: environments/stage/payments-stage.yaml
spec:
  cluster:
    nodePools:
      - {class: general-public, min: 1, max: 1}
`,
  check: (view, platform) =>
    askedPools(view, platform).flatMap(({ pool, offered, pointer }) =>
      offered !== undefined
        ? []
        : [
            {
              pointer: `${pointer}/class`,
              message: `The platform offers no pools of the class ${pool.class}.`,
              hint: `Use ${list(
                platform.spec.nodePools.map((offer) => offer.class),
                "or",
              )}.`,
            },
          ],
    ),
};
