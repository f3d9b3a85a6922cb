import { expressionFault } from "../expression.ts";
import { pointerOf } from "../places.ts";
import type { ClaimRule } from "./rule.ts";

export const wafExpression: ClaimRule = {
  about: "claim",
  code: "claim/waf-expression",
  summary:
    "A rule's expression has its strings ended and its parentheses in pairs, so that it holds for this environment's names only.",
  wrong: `
spec:
  waf:
    rules:
      - key: admin
        description: No admin from outside
        action: block
        expression: true) or (true
                    ^^^^^^^^^^^^^^ error claim/waf-expression
`,
  right: `
spec:
  waf:
    rules:
      - key: admin
        description: No admin from outside
        action: block
        expression: starts_with(http.request.uri.path, "/admin") and not ip.src in {203.0.113.0/24}
`,
  check: ({ claim }) =>
    (claim.spec.waf?.rules ?? []).flatMap(({ expression }, index) => {
      const fault = expressionFault(expression);
      return fault === undefined
        ? []
        : [
            {
              pointer: pointerOf("spec", "waf", "rules", index, "expression"),
              message: `${fault.message.replace(/\.$/, "")} (character ${fault.offset + 1} of the expression).`,
              hint: fault.hint,
            },
          ];
    }),
};
