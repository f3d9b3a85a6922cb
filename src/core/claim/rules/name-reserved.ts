import type { ClaimRule } from "./rule.ts";

/** `platform` has the log of the adopted rules (DESIGN 2); the others would be mistaken for its neighbours in store and cluster. */
const RESERVED = new Set(["platform", "default", "kube-system", "kube-public", "flux-system", "claimbot"]);

export const nameReserved: ClaimRule = {
  about: "claim",
  code: "claim/name-reserved",
  summary: "Some names belong to the platform itself.",
  wrong: `
# file: environments/dev/platform.yaml
metadata:
  name: platform
        ^^^^^^^^ error claim/name-reserved
  owner: commerce/payments
`,
  right: `
# file: environments/dev/platform-trial.yaml
metadata:
  name: platform-trial
  owner: commerce/payments
`,
  check: ({ claim }) =>
    RESERVED.has(claim.metadata.name)
      ? [
          {
            pointer: "/metadata/name",
            message: `${claim.metadata.name} is a name of the platform itself.`,
            hint: "Choose another name for the file and the environment.",
          },
        ]
      : [],
};
