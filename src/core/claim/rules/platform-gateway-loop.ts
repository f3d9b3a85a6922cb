import { ENVIRONMENT_TYPES } from "../../environment.ts";
import { isWithin } from "../hostname.ts";
import type { PlatformRule } from "./rule.ts";

export const platformGatewayLoop: PlatformRule = {
  about: "platform",
  code: "platform/gateway-loop",
  summary: "No suffix is, or lies below, the name of a gateway: every environment's name would point to itself.",
  wrong: `
# file: platform.yaml
spec:
  gateways:
    shared: {hostname: dev.example.org}
                       ^^^^^^^^^^^^^^^ error platform/gateway-loop
    dedicated: {domain: gateways.example.net}
`,
  right: `
# file: platform.yaml
spec:
  gateways:
    shared: {hostname: shared.gateways.example.net}
    dedicated: {domain: gateways.example.net}
`,
  check({ spec: { gateways, types } }) {
    const suffixes = ENVIRONMENT_TYPES.flatMap((type) => types[type].suffixes);
    const gatewayNames = [
      { pointer: "/spec/gateways/shared/hostname", name: gateways.shared.hostname },
      { pointer: "/spec/gateways/dedicated/domain", name: gateways.dedicated.domain },
    ];
    return gatewayNames.flatMap(({ pointer, name }) => {
      const suffix = name === undefined ? undefined : suffixes.find((candidate) => isWithin(candidate, name));
      if (suffix === undefined) return [];
      return [
        {
          pointer,
          message: `${name} is a gateway, and the suffix ${suffix} lies in it.`,
          hint: "Give the gateways a domain of their own, such as gateways.example.net.",
        },
      ];
    });
  },
};
