import { pointerOf } from "../places.ts";
import type { ClaimRule } from "./rule.ts";

export const poolBounds: ClaimRule = {
  about: "claim",
  code: "claim/pool-bounds",
  summary: "A node pool's max is not below its min.",
  wrong: `
spec:
  cluster:
    nodePools:
      - {class: general-public, min: 2, max: 1}
                                             ^ error claim/pool-bounds
`,
  right: `
spec:
  cluster:
    nodePools:
      - {class: general-public, min: 1, max: 2}
`,
  check: ({ claim }) =>
    claim.spec.cluster.nodePools.flatMap(({ min, max }, index) =>
      max >= min
        ? []
        : [
            {
              pointer: pointerOf("spec", "cluster", "nodePools", index, "max"),
              message: `max ${max} is below min ${min}.`,
              hint: `Make max at least ${min}, or min at most ${max}.`,
            },
          ],
    ),
};
