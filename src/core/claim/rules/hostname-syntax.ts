import { domainToASCII } from "node:url";
import { isHostname } from "../hostname.ts";
import { shown, type Finding } from "../places.ts";
import { askedNames, type AskedName } from "./hostnames.ts";
import type { ClaimRule } from "./rule.ts";

export const hostnameSyntax: ClaimRule = {
  about: "claim",
  code: "claim/hostname-syntax",
  summary:
    "A host name is lower case, has labels of 1 to 63 letters, digits and hyphens, at most 253 characters and no dot at its end.",
  wrong: `
spec:
  dns:
    hostnames:
      - Pay.stage.example.org
        ^^^^^^^^^^^^^^^^^^^^^ error claim/hostname-syntax
      - pay.stage.example.org.
        ^^^^^^^^^^^^^^^^^^^^^^ error claim/hostname-syntax
      - pay-.stage.example.org
        ^^^^^^^^^^^^^^^^^^^^^^ error claim/hostname-syntax
      - bücher.stage.example.org
        ^^^^^^^^^^^^^^^^^^^^^^^^ error claim/hostname-syntax
`,
  right: `
spec:
  dns:
    hostnames:
      - pay.stage.example.org
      - xn--bcher-kva.stage.example.org
`,
  check: (view) => askedNames(view).flatMap((asked) => findingOf(asked) ?? []),
};

function findingOf({ hostname, pointer }: AskedName): Finding | undefined {
  // Wildcards and labels with an underscore are names of DNS, but reserved: hostname-reserved speaks of them.
  if (isHostname(hostname) || hostname.split(".").some((label) => label === "*" || label.startsWith("_"))) return undefined;
  const mended = /\P{ASCII}/u.test(hostname) ? domainToASCII(hostname) : hostname.toLowerCase().replace(/\.$/, "");
  const known = isHostname(mended) && mended !== hostname;
  return {
    pointer,
    message: `${shown(hostname)} is not a host name: ${reasonOf(hostname)}.`,
    hint: known
      ? `Write ${shown(mended)}.`
      : "Use labels of letters, digits and hyphens, joined by dots, such as pay.stage.example.org.",
    ...(known && { replacement: mended }),
  };
}

function reasonOf(hostname: string): string {
  const labels = hostname.split(".");
  if (/\P{ASCII}/u.test(hostname)) return "other letters than a to z are written as punycode";
  if (hostname.endsWith(".")) return "it ends in a dot";
  if (hostname.length > 253) return `it has ${hostname.length} characters, more than 253`;
  if (labels.some((label) => label === "")) return "one of its labels is empty";
  if (labels.some((label) => label.length > 63)) return "one of its labels is longer than 63 characters";
  if (labels.length < 2) return "it has one label only";
  if (/[A-Z]/.test(hostname)) return "it has upper-case letters";
  if (labels.some((label) => /^-|-$/.test(label))) return "one of its labels begins or ends with a hyphen";
  return "it has characters that do not belong into one";
}
