import { createRequire } from "node:module";
import type { Range as SemverRange } from "semver";
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

// Loaded for the first constraint that is not of the usual form: a start does not pay for it.
let range: typeof SemverRange | undefined;
function rangeClass(): typeof SemverRange {
  return (range ??= createRequire(import.meta.url)("semver/classes/range.js") as typeof SemverRange);
}

function faultOf(constraint: string): string | undefined {
  if (/^[~^]?\d{1,6}(\.\d{1,6}){0,2}$/.test(constraint)) return undefined;
  if (constraint.split("||").some((part) => part.trim() === "")) return "is not a semver constraint: a part of it is empty";
  try {
    const allowed = new (rangeClass())(constraint);
    return allowed.intersects(allowed) ? undefined : "is a constraint that no version satisfies";
  } catch (error) {
    if (error instanceof TypeError) return "is not a semver constraint";
    throw error;
  }
}
