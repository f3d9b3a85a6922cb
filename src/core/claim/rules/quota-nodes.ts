import type { OfferRule } from "./rule.ts";

export const quotaNodes: OfferRule = {
  about: "offer",
  code: "claim/quota-nodes",
  summary: "All pools of an environment together have at most the nodes that platform.yaml allows for the type.",
  wrong: `
spec:
  cluster:
    nodePools:
    ^^^^^^^^^ error claim/quota-nodes
      - {class: general-public, min: 2, max: 10}
      - {class: memory, min: 1, max: 4}
`,
  right: `
spec:
  cluster:
    nodePools:
      - {class: general-public, min: 2, max: 8}
      - {class: memory, min: 1, max: 4}
`,
  check({ claim: { spec } }, platform) {
    const nodes = spec.cluster.nodePools.reduce((sum, { max }) => sum + max, 0);
    const { quota } = platform.spec.types[spec.type];
    if (nodes <= quota.nodes) return [];
    return [
      {
        pointer: "/spec/cluster/nodePools",
        atKey: true,
        message: `The pools have up to ${nodes} nodes together, more than the ${quota.nodes} of a ${spec.type} environment.`,
        hint: "Lower max of some pools, or ask for a larger quota in platform.yaml.",
      },
    ];
  },
};
