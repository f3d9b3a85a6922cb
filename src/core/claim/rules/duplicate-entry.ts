import { pointerOf, shown, type Finding } from "../places.ts";
import { duplicatesOf } from "./duplicates.ts";
import type { ClaimRule } from "./rule.ts";

export const duplicateEntry: ClaimRule = {
  about: "claim",
  code: "claim/duplicate-entry",
  summary: "Lists of countries, of addresses and of dependencies hold each entry once.",
  wrong: `
spec:
  waf:
    allowCountries: [DE, FR, DE]
                             ^^ error claim/duplicate-entry
`,
  right: `
spec:
  waf:
    allowCountries: [DE, FR]
`,
  check: ({ claim }) => {
    const lists = (["allowCountries", "blockCountries", "allowIps", "blockIps"] as const).flatMap((list) =>
      duplicatesOf(claim.spec.waf?.[list] ?? [], (entry) => entry).map(({ key, index }) =>
        finding(key, pointerOf("spec", "waf", list, index)),
      ),
    );
    const dependencies = claim.spec.services.flatMap(({ dependsOn = [] }, service) =>
      duplicatesOf(dependsOn, (entry) => (typeof entry === "string" ? entry : entry.name)).map(({ key, index }) =>
        finding(key, pointerOf("spec", "services", service, "dependsOn", index)),
      ),
    );
    return [...lists, ...dependencies];
  },
};

function finding(key: string, pointer: string): Finding {
  return { pointer, message: `${shown(key)} stands in this list twice.`, hint: "Remove one of them." };
}
