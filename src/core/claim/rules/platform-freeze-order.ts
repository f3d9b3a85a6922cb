import { pointerOf } from "../places.ts";
import type { PlatformRule } from "./rule.ts";

export const platformFreezeOrder: PlatformRule = {
  about: "platform",
  code: "platform/freeze-order",
  summary: "A freeze begins before it ends.",
  wrong: `
# file: platform.yaml
spec:
  freezes:
    - key: year-end
      types: [prod]
      from: "2026-12-18T15:00:00Z"
      until: "2026-01-04T06:00:00Z"
             ^^^^^^^^^^^^^^^^^^^^^^ error platform/freeze-order
      reason: Year-end closing
`,
  right: `
# file: platform.yaml
spec:
  freezes:
    - key: year-end
      types: [prod]
      from: "2026-12-18T15:00:00Z"
      until: "2027-01-04T06:00:00Z"
      reason: Year-end closing
`,
  check: ({ spec: { freezes = [] } }) =>
    freezes.flatMap(({ from, until }, index) =>
      from === undefined || until === undefined || Date.parse(from) < Date.parse(until)
        ? []
        : [
            {
              pointer: pointerOf("spec", "freezes", index, "until"),
              message: `The freeze ends (${until}) before it begins (${from}).`,
              hint: "Look at the year.",
            },
          ],
    ),
};
