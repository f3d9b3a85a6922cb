import { shown } from "../places.ts";
import type { ClaimRule } from "./rule.ts";

export const namePath: ClaimRule = {
  about: "claim",
  code: "claim/name-path",
  summary: "The name of an environment is the name of its file without .yaml.",
  wrong: `
# file: environments/stage/payments-stage.yaml
metadata:
  name: payment-stage
        ^^^^^^^^^^^^^ error claim/name-path
  owner: commerce/payments
`,
  right: `
# file: environments/stage/payments-stage.yaml
metadata:
  name: payments-stage
  owner: commerce/payments
`,
  check: ({ claim, name }) =>
    claim.metadata.name === name
      ? []
      : [
          {
            pointer: "/metadata/name",
            message: `${shown(claim.metadata.name)} is not the name of its file, which is ${shown(name)}.yaml.`,
            hint: `Name it ${shown(name)}, or rename the file: a name never changes while the environment lives.`,
            replacement: name,
          },
        ],
};
