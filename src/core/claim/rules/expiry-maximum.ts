import { durationMs } from "../../environment.ts";
import type { OfferRule } from "./rule.ts";

export const expiryMaximum: OfferRule = {
  about: "offer",
  code: "claim/expiry-maximum",
  summary: "A sue environment asks for no longer life than platform.yaml allows.",
  wrong: `
# file: environments/sue/payments-sue.yaml
spec:
  expiry: {ttl: 30d}
                ^^^ error claim/expiry-maximum
`,
  right: `
# file: environments/sue/payments-sue.yaml
spec:
  expiry: {ttl: 48h}
`,
  check({ claim: { spec } }, platform) {
    const rule = platform.spec.types.sue.expiry;
    if (spec.type !== "sue" || spec.expiry === undefined || rule === undefined) return [];
    if (durationMs(spec.expiry.ttl) <= durationMs(rule.maximum)) return [];
    return [
      {
        pointer: "/spec/expiry/ttl",
        message: `${spec.expiry.ttl} is longer than the ${rule.maximum} that a sue environment may live.`,
        hint: `Use at most ${rule.maximum}; for longer work, use a dev environment.`,
        replacement: rule.maximum,
      },
    ];
  },
};
