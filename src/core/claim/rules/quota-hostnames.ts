import type { OfferRule } from "./rule.ts";

export const quotaHostnames: OfferRule = {
  about: "offer",
  code: "claim/quota-hostnames",
  summary: "An environment has at most the host names that platform.yaml allows for the type.",
  wrong: `
spec:
  dns:
    hostnames:
    ^^^^^^^^^ error claim/quota-hostnames
      - pay1.stage.example.org
      - pay2.stage.example.org
      - pay3.stage.example.org
      - pay4.stage.example.org
      - pay5.stage.example.org
`,
  right: `
spec:
  dns:
    hostnames:
      - pay1.stage.example.org
      - pay2.stage.example.org
`,
  check({ claim: { spec } }, platform) {
    const { quota } = platform.spec.types[spec.type];
    const names = spec.dns?.hostnames.length ?? 0;
    if (names <= quota.hostnames) return [];
    return [
      {
        pointer: "/spec/dns/hostnames",
        atKey: true,
        message: `${names} host names are more than the ${quota.hostnames} of a ${spec.type} environment.`,
        hint: "Use fewer names, or ask for a larger quota in platform.yaml.",
      },
    ];
  },
};
