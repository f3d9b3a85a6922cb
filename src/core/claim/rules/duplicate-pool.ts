import { pointerOf } from "../places.ts";
import { duplicatesOf } from "./duplicates.ts";
import type { ClaimRule } from "./rule.ts";

export const duplicatePool: ClaimRule = {
  about: "claim",
  code: "claim/duplicate-pool",
  summary: "A cluster has at most one node pool of each class.",
  wrong: `
spec:
  cluster:
    nodePools:
      - {class: memory, min: 1, max: 2}
      - {class: memory, min: 1, max: 4}
                ^^^^^^ error claim/duplicate-pool
`,
  right: `
spec:
  cluster:
    nodePools:
      - {class: memory, min: 1, max: 4}
`,
  check: ({ claim }) =>
    duplicatesOf(claim.spec.cluster.nodePools, (pool) => pool.class).map(({ key, index }) => ({
      pointer: pointerOf("spec", "cluster", "nodePools", index, "class"),
      message: `There are two pools of the class ${key}.`,
      hint: "Make one pool of them.",
    })),
};
