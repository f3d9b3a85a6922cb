import { parseNetwork, specialUse } from "../network.ts";
import type { PlatformRule } from "./rule.ts";

export const platformGatewayAddress: PlatformRule = {
  about: "platform",
  code: "platform/gateway-address",
  summary: "The address of the shared gateway is one that the internet can reach.",
  wrong: `
# file: platform.yaml
spec:
  gateways:
    shared: {address: 10.0.0.1}
                      ^^^^^^^^ error platform/gateway-address
    dedicated: {domain: gateways.example.net}
`,
  right: `
# file: platform.yaml
spec:
  gateways:
    shared: {address: 203.0.113.10}
    dedicated: {domain: gateways.example.net}
`,
  check({ spec: { gateways } }) {
    const { address } = gateways.shared;
    const network = address === undefined ? undefined : parseNetwork(address);
    const use = network && specialUse(network);
    if (use === undefined) return [];
    return [
      {
        pointer: "/spec/gateways/shared/address",
        message: `${address} is ${use}: names that point there lead nowhere, or into somebody's own network.`,
        hint: "Use the gateway's public address.",
      },
    ];
  },
};
