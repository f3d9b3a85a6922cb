import { editDistance } from "../did-you-mean.ts";
import { isHostname, suffixOf, zoneOf } from "../hostname.ts";
import { shown } from "../places.ts";
import { list } from "../schema-errors.ts";
import { soundNames } from "./hostnames.ts";
import type { OfferRule } from "./rule.ts";

export const hostnameOutsideZone: OfferRule = {
  about: "offer",
  code: "claim/hostname-outside-zone",
  summary: "A host name ends in a suffix that platform.yaml gives to the type, and lies in one of its zones.",
  wrong: `
spec:
  dns:
    hostnames: [pay.stage.exmaple.org]
                ^^^^^^^^^^^^^^^^^^^^^ error claim/hostname-outside-zone
`,
  right: `
spec:
  dns:
    hostnames: [pay.stage.example.org]
`,
  check(view, platform) {
    const { type } = view.claim.spec;
    const { suffixes } = platform.spec.types[type];
    return soundNames(view).flatMap(({ hostname, pointer }) => {
      if (suffixOf(hostname, platform) !== undefined && zoneOf(hostname, platform) !== undefined) return [];
      const meant = nearest(hostname, suffixes);
      return [
        {
          pointer,
          message: `${shown(hostname)} is outside the zones of ${type} (${list(suffixes)}).`,
          hint:
            meant === undefined
              ? `Use a name that ends in ${list(
                  suffixes.map((suffix) => `.${suffix}`),
                  "or",
                )}, or ask for the zone in platform.yaml.`
              : `Did you mean ${meant}?`,
          ...(meant !== undefined && { replacement: meant }),
        },
      ];
    });
  },
};

/** The name with the mistyped suffix mended, where one of the suffixes is near. */
function nearest(hostname: string, suffixes: readonly string[]): string | undefined {
  const labels = hostname.split(".");
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const suffix of suffixes) {
    const count = suffix.split(".").length;
    if (labels.length <= count) continue;
    const distance = editDistance(labels.slice(-count).join("."), suffix);
    const name = [...labels.slice(0, -count), suffix].join(".");
    if (distance <= 3 && distance < suffix.length / 3 && distance < (best?.distance ?? Infinity) && isHostname(name))
      best = { name, distance };
  }
  return best?.name;
}
