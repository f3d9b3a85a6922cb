import Range from "semver/classes/range.js";
import { pointerOf, shown } from "../places.ts";
import type { ClaimRule } from "./rule.ts";

export const versionConstraint: ClaimRule = {
  about: "claim",
  code: "claim/version-constraint",
  summary: "The version of a service is a semver constraint that some version can satisfy.",
  wrong: `
spec:
  services:
    - {name: payments-api, version: latest}
                                    ^^^^^^ error claim/version-constraint
    - {name: ledger, version: ">2.0.0 <1.0.0"}
                              ^^^^^^^^^^^^^^^ error claim/version-constraint
`,
  right: `
spec:
  services:
    - {name: payments-api, version: ^2.3.0}
    - {name: ledger, version: ">=1.4.0 <2.0.0"}
`,
  check: ({ claim }) =>
    claim.spec.services.flatMap(({ version }, index) => {
      const fault = faultOf(version);
      return fault === undefined
        ? []
        : [
            {
              pointer: pointerOf("spec", "services", index, "version"),
              message: `${shown(version)} ${fault}.`,
              hint: "Use a constraint such as ^2.3.0, ~2.3.0, 2.3.1 or >=2.3.0 <3.0.0.",
            },
          ];
    }),
};

function faultOf(constraint: string): string | undefined {
  if (/^[~^]?\d{1,6}(\.\d{1,6}){0,2}$/.test(constraint)) return undefined;
  if (constraint.split("||").some((part) => part.trim() === "")) return "is not a semver constraint: a part of it is empty";
  try {
    const range = new Range(constraint);
    return range.intersects(range) ? undefined : "is a constraint that no version satisfies";
  } catch (error) {
    if (error instanceof TypeError) return "is not a semver constraint";
    throw error;
  }
}
