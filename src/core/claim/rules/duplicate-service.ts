import { pointerOf } from "../places.ts";
import { duplicatesOf } from "./duplicates.ts";
import type { ClaimRule } from "./rule.ts";

export const duplicateService: ClaimRule = {
  about: "claim",
  code: "claim/duplicate-service",
  summary: "A claim names each service once.",
  wrong: `
spec:
  services:
    - {name: ledger, version: ^1.0.0}
    - {name: ledger, version: ^2.0.0}
             ^^^^^^ error claim/duplicate-service
`,
  right: `
spec:
  services:
    - {name: ledger, version: ^2.0.0}
`,
  check: ({ claim }) =>
    duplicatesOf(claim.spec.services, ({ name }) => name).map(({ key, index }) => ({
      pointer: pointerOf("spec", "services", index, "name"),
      message: `The service ${key} stands in this claim twice.`,
      hint: "Remove one of them.",
    })),
};
