import { pointerOf, shown } from "../places.ts";
import { duplicatesOf } from "./duplicates.ts";
import type { ClaimRule } from "./rule.ts";

export const duplicateHostname: ClaimRule = {
  about: "claim",
  code: "claim/duplicate-hostname",
  summary: "A claim names each of its host names once.",
  wrong: `
spec:
  dns:
    hostnames: [pay.stage.example.org, pay.stage.example.org]
                                       ^^^^^^^^^^^^^^^^^^^^^ error claim/duplicate-hostname
`,
  right: `
spec:
  dns:
    hostnames: [pay.stage.example.org, api-pay.stage.example.org]
`,
  check: ({ claim }) =>
    duplicatesOf(claim.spec.dns?.hostnames ?? [], (hostname) => hostname).map(({ key, index }) => ({
      pointer: pointerOf("spec", "dns", "hostnames", index),
      message: `${shown(key)} stands in this claim twice.`,
      hint: "Remove one of them.",
    })),
};
