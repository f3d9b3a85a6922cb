import type { ClaimRule } from "./rule.ts";

export const expiryType: ClaimRule = {
  about: "claim",
  code: "claim/expiry-type",
  summary: "Only environments of type sue expire.",
  wrong: `
# file: environments/dev/payments-dev.yaml
spec:
  expiry: {ttl: 24h}
  ^^^^^^ error claim/expiry-type
`,
  right: `
# file: environments/sue/payments-sue.yaml
spec:
  expiry: {ttl: 24h}
`,
  check: ({ claim }) =>
    claim.spec.expiry === undefined || claim.spec.type === "sue"
      ? []
      : [
          {
            pointer: "/spec/expiry",
            atKey: true,
            message: `Environments of type ${claim.spec.type} do not expire.`,
            hint: "Remove expiry, or make it a sue environment.",
          },
        ],
};
