import { formatNetwork, hasHostBits, parseNetwork } from "../network.ts";
import { shown } from "../places.ts";
import { listedNetworks } from "./ip-lists.ts";
import type { ClaimRule } from "./rule.ts";

export const ipSyntax: ClaimRule = {
  about: "claim",
  code: "claim/ip-syntax",
  summary: "Entries of allowIps and blockIps are addresses, or networks in CIDR notation that begin at their first address.",
  wrong: `
spec:
  waf:
    blockIps: [198.51.100.300, 203.0.113.7/24, 198.51.100.0-99]
               ^^^^^^^^^^^^^^ error claim/ip-syntax
                               ^^^^^^^^^^^^^^ error claim/ip-syntax
                                               ^^^^^^^^^^^^^^^ error claim/ip-syntax
`,
  right: `
spec:
  waf:
    blockIps: [198.51.100.7, 203.0.113.0/24, "2001:db8::/32"]
`,
  check: (view) =>
    listedNetworks(view).flatMap(({ text, pointer }) => {
      const network = parseNetwork(text);
      if (network === undefined) {
        return [
          {
            pointer,
            message: `${shown(text)} is not an address or network.`,
            hint: "Write it like 198.51.100.7, 203.0.113.0/24 or 2001:db8::/32.",
          },
        ];
      }
      if (!hasHostBits(network)) return [];
      const mended = formatNetwork(network);
      return [
        {
          pointer,
          message: `${text} does not begin at its first address.`,
          hint: `Did you mean ${mended}?`,
          replacement: mended,
        },
      ];
    }),
};
