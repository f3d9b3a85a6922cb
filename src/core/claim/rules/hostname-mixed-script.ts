import { scriptsOf, skeletonOf, unicodeOf } from "../look-alike.ts";
import { shown, type Finding } from "../places.ts";
import { soundNames, type AskedName } from "./hostnames.ts";
import type { ClaimRule } from "./rule.ts";

export const hostnameMixedScript: ClaimRule = {
  about: "claim",
  code: "claim/hostname-mixed-script",
  summary: "A name in punycode is written in one script, and not in letters that look like Latin ones.",
  wrong: `
spec:
  dns:
    hostnames:
      - xn--py-7kc.stage.example.org
        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error claim/hostname-mixed-script
      - xn--80a5ak.stage.example.org
        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error claim/hostname-mixed-script
`,
  right: `
spec:
  dns:
    hostnames:
      - xn--bcher-kva.stage.example.org
      - xn--c1ajbfp.stage.example.org
`,
  check: (view) => soundNames(view).flatMap((asked) => findingOf(asked) ?? []),
};

function findingOf({ hostname, pointer }: AskedName): Finding | undefined {
  if (!hostname.includes("xn--")) return undefined;
  const hint = "Use a name in plain letters, or in one script that cannot be mistaken.";
  const unicode = unicodeOf(hostname);
  if (unicode === undefined) return { pointer, message: `${shown(hostname)} holds punycode that stands for nothing.`, hint };
  for (const label of unicode.split(".")) {
    if (!/\P{ASCII}/u.test(label)) continue;
    const scripts = scriptsOf(label);
    if (scripts.length > 1) {
      return {
        pointer,
        message: `${shown(hostname)} reads ${shown(unicode)}, which mixes ${scripts.join(" and ")} letters.`,
        hint,
      };
    }
    if (!scripts.includes("Latin") && !/\P{ASCII}/u.test(skeletonOf(label))) {
      return {
        pointer,
        message: `${shown(hostname)} reads ${shown(unicode)}, in ${scripts.join()} letters that look like Latin ones.`,
        hint,
      };
    }
  }
  return undefined;
}
