import { parseNetwork, specialUse } from "../network.ts";
import { listedNetworks } from "./ip-lists.ts";
import type { ClaimRule } from "./rule.ts";

export const ipSpecial: ClaimRule = {
  about: "claim",
  code: "claim/ip-special",
  summary:
    "The firewall sees addresses of the internet only: private, loopback, link-local and multicast ones mean nothing there.",
  wrong: `
spec:
  waf:
    allowIps: [10.1.0.0/16, 0.0.0.0/0, "fe80::1"]
               ^^^^^^^^^^^ error claim/ip-special
                            ^^^^^^^^^ error claim/ip-special
                                       ^^^^^^^^^ error claim/ip-special
`,
  right: `
spec:
  waf:
    allowIps: [203.0.113.0/24]
`,
  check: (view) =>
    listedNetworks(view).flatMap(({ text, pointer }) => {
      const network = parseNetwork(text);
      if (network?.prefix === 0) {
        return [{ pointer, message: `${text} is everybody.`, hint: "Leave the list out if everybody is meant." }];
      }
      const use = network && specialUse(network);
      if (use === undefined) return [];
      return [
        {
          pointer,
          message: `${text} is or holds addresses that are ${use}.`,
          hint: "Use the public address under which the others come.",
        },
      ];
    }),
};
