import { suffixOf } from "../hostname.ts";
import { shown } from "../places.ts";
import { list } from "../schema-errors.ts";
import { soundNames } from "./hostnames.ts";
import type { OfferRule } from "./rule.ts";

export const hostnameOtherType: OfferRule = {
  about: "offer",
  code: "claim/hostname-other-type",
  summary: "Where the suffixes of two types fit a name, the longer one decides whose it is.",
  wrong: `
# file: environments/prod/payments-prod.yaml
spec:
  dns:
    hostnames: [pay.stage.example.org]
                ^^^^^^^^^^^^^^^^^^^^^ error claim/hostname-other-type
`,
  right: `
# file: environments/prod/payments-prod.yaml
spec:
  dns:
    hostnames: [pay.example.org]
`,
  check(view, platform) {
    const { type } = view.claim.spec;
    return soundNames(view).flatMap(({ hostname, pointer }) => {
      const found = suffixOf(hostname, platform);
      if (found === undefined || found.types.includes(type)) return [];
      return [
        {
          pointer,
          message: `${shown(hostname)} is a name for ${list(found.types, "or")}, not for ${type}: ${found.suffix} decides.`,
          hint: `Use a name that ends in ${list(
            platform.spec.types[type].suffixes.map((suffix) => `.${suffix}`),
            "or",
          )}.`,
        },
      ];
    });
  },
};
