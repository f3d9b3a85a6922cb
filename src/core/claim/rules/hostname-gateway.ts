import { isWithin } from "../hostname.ts";
import { shown } from "../places.ts";
import { soundNames } from "./hostnames.ts";
import type { OfferRule } from "./rule.ts";

export const hostnameGateway: OfferRule = {
  about: "offer",
  code: "claim/hostname-gateway",
  summary: "Names of gateways are not for environments: a name that points to itself leads nowhere.",
  wrong: `
# file: platform.yaml
spec:
  gateways:
    shared: {hostname: shared.gateways.example.org}
    dedicated: {domain: gateways.example.org}
# file: environments/prod/payments-prod.yaml
spec:
  dns:
    hostnames: [payments-prod.gateways.example.org]
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error claim/hostname-gateway
                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error claim/hostname-certificate
`,
  right: `
# file: platform.yaml
spec:
  gateways:
    shared: {hostname: shared.gateways.example.org}
    dedicated: {domain: gateways.example.org}
# file: environments/prod/payments-prod.yaml
spec:
  dns:
    hostnames: [payments.example.org]
`,
  check(view, { spec: { gateways } }) {
    return soundNames(view).flatMap(({ hostname, pointer }) => {
      const domain = isWithin(hostname, gateways.dedicated.domain) ? gateways.dedicated.domain : gateways.shared.hostname;
      if (domain === undefined || !isWithin(hostname, domain)) return [];
      return [
        {
          pointer,
          message: `${shown(hostname)} is a name of the gateways (${domain}).`,
          hint: "Use another name: this one would point to itself.",
        },
      ];
    });
  },
};
