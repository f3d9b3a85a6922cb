import { pointerOf } from "../places.ts";
import type { ClaimRule } from "./rule.ts";

export const wafExclusive: ClaimRule = {
  about: "claim",
  code: "claim/waf-exclusive",
  summary: "Countries are either allowed or blocked, and so are addresses: both at once would not say what holds for the rest.",
  wrong: `
spec:
  waf:
    allowCountries: [DE, FR]
    blockCountries: [KP]
    ^^^^^^^^^^^^^^ error claim/waf-exclusive
`,
  right: `
spec:
  waf:
    allowCountries: [DE, FR]
    blockIps: [198.51.100.7]
`,
  check: ({ claim: { spec } }) =>
    (["Countries", "Ips"] as const).flatMap((list) => {
      const allowed = spec.waf?.[`allow${list}`];
      const blocked = spec.waf?.[`block${list}`];
      if (allowed === undefined || blocked === undefined || allowed.length === 0 || blocked.length === 0) return [];
      return [
        {
          pointer: pointerOf("spec", "waf", `block${list}`),
          atKey: true as const,
          message: `allow${list} and block${list} exclude each other.`,
          hint: `Keep allow${list} (only those may) or block${list} (all but those may).`,
        },
      ];
    }),
};
