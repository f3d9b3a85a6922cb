import type { OfferRule } from "./rule.ts";

export const quotaServices: OfferRule = {
  about: "offer",
  code: "claim/quota-services",
  summary: "An environment has at most the services that platform.yaml allows for the type.",
  wrong: `
spec:
  services:
  ^^^^^^^^ error claim/quota-services
    - {name: payments-api, version: ^2.3.0}
    - {name: ledger, version: ^1.0.0}
    - {name: mailer, version: ^1.0.0}
    - {name: reports, version: ^1.0.0}
`,
  right: `
spec:
  services:
    - {name: payments-api, version: ^2.3.0}
    - {name: ledger, version: ^1.0.0}
    - {name: mailer, version: ^1.0.0}
`,
  check({ claim: { spec } }, platform) {
    const { quota } = platform.spec.types[spec.type];
    if (spec.services.length <= quota.services) return [];
    return [
      {
        pointer: "/spec/services",
        atKey: true,
        message: `${spec.services.length} services are more than the ${quota.services} of a ${spec.type} environment.`,
        hint: "Split the environment, or ask for a larger quota in platform.yaml.",
      },
    ];
  },
};
