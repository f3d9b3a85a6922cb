import type { ClaimRule } from "./rule.ts";

export const typeFolder: ClaimRule = {
  about: "claim",
  code: "claim/type-folder",
  summary: "The type of an environment is the name of its folder.",
  wrong: `
# file: environments/stage/payments-stage.yaml
spec:
  type: prod
        ^^^^ error claim/type-folder
`,
  right: `
# file: environments/stage/payments-stage.yaml
spec:
  type: stage
`,
  check: ({ claim, folder }) =>
    claim.spec.type === folder
      ? []
      : [
          {
            pointer: "/spec/type",
            message: `${claim.spec.type} is not the type of the folder, which is ${folder}.`,
            hint: `Write ${folder}, or move the file to environments/${claim.spec.type}/.`,
            replacement: folder,
          },
        ],
};
