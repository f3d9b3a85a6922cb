import { ENVIRONMENT_TYPES } from "../../environment.ts";
import { zoneOf } from "../hostname.ts";
import { pointerOf } from "../places.ts";
import { list } from "../schema-errors.ts";
import type { PlatformRule } from "./rule.ts";

export const platformSuffixOutsideZone: PlatformRule = {
  about: "platform",
  code: "platform/suffix-outside-zone",
  summary: "Every suffix lies in one of the zones.",
  wrong: `
# file: platform.yaml
spec:
  types:
    stage:
      suffixes: [stage.example.com]
                 ^^^^^^^^^^^^^^^^^ error platform/suffix-outside-zone
`,
  right: `
# file: platform.yaml
spec:
  types:
    stage:
      suffixes: [stage.example.org]
`,
  check: (platform) =>
    ENVIRONMENT_TYPES.flatMap((type) =>
      platform.spec.types[type].suffixes.flatMap((suffix, index) =>
        zoneOf(suffix, platform) !== undefined
          ? []
          : [
              {
                pointer: pointerOf("spec", "types", type, "suffixes", index),
                message: `${suffix} is in none of the zones (${list(platform.spec.zones.map(({ name }) => name))}).`,
                hint: "Add its zone, or choose a suffix in one that is there.",
              },
            ],
      ),
    ),
};
