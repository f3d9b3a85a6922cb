import { ENVIRONMENT_TYPES } from "../../environment.ts";
import { pointerOf, shown, type Finding } from "../places.ts";
import { duplicatesOf } from "./duplicates.ts";
import type { PlatformRule } from "./rule.ts";

export const platformDuplicate: PlatformRule = {
  about: "platform",
  code: "platform/duplicate",
  summary: "Lists of the platform hold each owner, zone, suffix, region, class, type and key once.",
  wrong: `
# file: platform.yaml
spec:
  regions: [fra, ams, fra]
                      ^^^ error platform/duplicate
`,
  right: `
# file: platform.yaml
spec:
  regions: [fra, ams]
`,
  check({ spec }) {
    return [
      ...within(spec.owners, itself, "/spec/owners"),
      ...within(spec.regions, itself, "/spec/regions"),
      ...within(spec.zones, ({ name }) => name, "/spec/zones", "/name"),
      ...within(spec.nodePools, (pool) => pool.class, "/spec/nodePools", "/class"),
      ...within(spec.waf?.baseline ?? [], ({ key }) => key, "/spec/waf/baseline", "/key"),
      ...within(spec.freezes ?? [], ({ key }) => key, "/spec/freezes", "/key"),
      ...ENVIRONMENT_TYPES.flatMap((type) =>
        within(spec.types[type].suffixes, itself, pointerOf("spec", "types", type, "suffixes")),
      ),
      ...spec.zones.flatMap(({ certificates = [] }, zone) =>
        within(certificates, itself, pointerOf("spec", "zones", zone, "certificates")),
      ),
      ...spec.nodePools.flatMap(({ types }, pool) => within(types, itself, pointerOf("spec", "nodePools", pool, "types"))),
      ...(spec.freezes ?? []).flatMap(({ types }, freeze) =>
        within(types, itself, pointerOf("spec", "freezes", freeze, "types")),
      ),
    ];
  },
};

function within<T>(items: readonly T[], keyOf: (item: T) => string, pointer: string, member = ""): readonly Finding[] {
  return duplicatesOf(items, keyOf).map(({ key, index }) => ({
    pointer: `${pointer}/${index}${member}`,
    message: `${shown(key)} stands in this list twice.`,
    hint: "Remove one of them.",
  }));
}

function itself(text: string): string {
  return text;
}
