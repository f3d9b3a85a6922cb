import { isDedicated } from "../../environment.ts";
import type { ClaimRule } from "./rule.ts";

export const wafType: ClaimRule = {
  about: "claim",
  code: "claim/waf-type",
  summary: "Only stage and prod have a firewall, where it is always on. In dev and sue it is refused.",
  wrong: `
# file: environments/dev/payments-dev.yaml
spec:
  waf: {mode: block}
  ^^^ error claim/waf-type
`,
  right: `
# file: environments/stage/payments-stage.yaml
spec:
  waf: {mode: block}
`,
  check: ({ claim }) =>
    claim.spec.waf === undefined || isDedicated(claim.spec.type)
      ? []
      : [
          {
            pointer: "/spec/waf",
            atKey: true,
            message: `Environments of type ${claim.spec.type} have no firewall: their names are not proxied.`,
            hint: "Remove waf; to try a rule out, use a stage environment with mode: log.",
          },
        ],
};
