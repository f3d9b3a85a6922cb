import { didYouMean } from "../did-you-mean.ts";
import { shown } from "../places.ts";
import { list } from "../schema-errors.ts";
import type { OfferRule } from "./rule.ts";

export const regionUnknown: OfferRule = {
  about: "offer",
  code: "claim/region-unknown",
  summary: "The region is one of platform.yaml's.",
  wrong: `
spec:
  cluster:
    region: fra1
            ^^^^ error claim/region-unknown
`,
  right: `
spec:
  cluster:
    region: fra
`,
  check({ claim }, { spec: { regions } }) {
    const { region } = claim.spec.cluster;
    if (regions.includes(region)) return [];
    const meant = didYouMean(region, regions);
    return [
      {
        pointer: "/spec/cluster/region",
        message: `${shown(region)} is not a region of the platform.`,
        hint: meant === undefined ? `Use ${list(regions, "or")}.` : `Did you mean ${meant}?`,
        ...(meant !== undefined && { replacement: meant }),
      },
    ];
  },
};
