import { expressionFault } from "../expression.ts";
import { pointerOf } from "../places.ts";
import type { PlatformRule } from "./rule.ts";

export const platformWafExpression: PlatformRule = {
  about: "platform",
  code: "platform/waf-expression",
  summary: "A baseline rule's expression has its strings ended and its parentheses in pairs.",
  wrong: `
# file: platform.yaml
spec:
  waf:
    baseline:
      - key: traversal
        description: Path traversal
        expression: (http.request.uri.path contains ".."
                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error platform/waf-expression
`,
  right: `
# file: platform.yaml
spec:
  waf:
    baseline:
      - key: traversal
        description: Path traversal
        expression: http.request.uri.path contains ".."
`,
  check: ({ spec: { waf } }) =>
    (waf?.baseline ?? []).flatMap(({ expression }, index) => {
      const fault = expressionFault(expression);
      return fault === undefined
        ? []
        : [
            {
              pointer: pointerOf("spec", "waf", "baseline", index, "expression"),
              message: `${fault.message.replace(/\.$/, "")} (character ${fault.offset + 1} of the expression).`,
              hint: fault.hint,
            },
          ];
    }),
};
