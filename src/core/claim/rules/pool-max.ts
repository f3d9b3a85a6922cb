import { askedPools } from "./pools.ts";
import type { OfferRule } from "./rule.ts";

export const poolMax: OfferRule = {
  about: "offer",
  code: "claim/pool-max",
  summary: "A node pool has at most the nodes that platform.yaml allows for its class.",
  wrong: `
spec:
  cluster:
    nodePools:
      - {class: memory, min: 1, max: 8}
                                     ^ error claim/pool-max
`,
  right: `
spec:
  cluster:
    nodePools:
      - {class: memory, min: 1, max: 4}
`,
  check: (view, platform) =>
    askedPools(view, platform).flatMap(({ pool, offered, pointer }) =>
      offered === undefined || pool.max <= offered.maxNodes
        ? []
        : [
            {
              pointer: `${pointer}/max`,
              message: `max ${pool.max} is more than the ${offered.maxNodes} nodes that a pool of the class ${pool.class} may have.`,
              hint: `Use at most ${offered.maxNodes}, or another class.`,
            },
          ],
    ),
};
