import { list } from "../schema-errors.ts";
import { askedPools } from "./pools.ts";
import type { OfferRule } from "./rule.ts";

export const poolClassType: OfferRule = {
  about: "offer",
  code: "claim/pool-class-type",
  summary: "The class of a node pool is offered to the type of the environment.",
  wrong: `
# file: environments/prod/payments-prod.yaml
spec:
  cluster:
    nodePools:
      - {class: spot, min: 1, max: 2}
                ^^^^ error claim/pool-class-type
`,
  right: `
# file: environments/dev/payments-dev.yaml
spec:
  cluster:
    nodePools:
      - {class: spot, min: 1, max: 2}
`,
  check(view, platform) {
    const { type } = view.claim.spec;
    return askedPools(view, platform).flatMap(({ pool, offered, pointer }) => {
      if (offered === undefined || offered.types.includes(type)) return [];
      const others = platform.spec.nodePools.filter(({ types }) => types.includes(type)).map((offer) => offer.class);
      return [
        {
          pointer: `${pointer}/class`,
          message: `Pools of the class ${pool.class} are for ${list(offered.types)}, not for ${type}.`,
          hint: others.length === 0 ? "Ask for it in platform.yaml." : `Use ${list(others, "or")}.`,
        },
      ];
    });
  },
};
