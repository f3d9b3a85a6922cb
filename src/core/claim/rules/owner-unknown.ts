import { didYouMean } from "../did-you-mean.ts";
import { shown } from "../places.ts";
import { list } from "../schema-errors.ts";
import type { OfferRule } from "./rule.ts";

export const ownerUnknown: OfferRule = {
  about: "offer",
  code: "claim/owner-unknown",
  summary: "The owner is one of platform.yaml's owners.",
  wrong: `
metadata:
  name: payments-stage
  owner: commerce/payment
         ^^^^^^^^^^^^^^^^ error claim/owner-unknown
`,
  right: `
metadata:
  name: payments-stage
  owner: commerce/payments
`,
  check({ claim }, { spec: { owners } }) {
    const { owner } = claim.metadata;
    if (owners.includes(owner)) return [];
    const meant = didYouMean(owner, owners);
    const few = owners.length > 8 ? "one of platform.yaml's owners" : list(owners, "or");
    return [
      {
        pointer: "/metadata/owner",
        message: `${shown(owner)} is not an owner that the platform knows.`,
        hint: meant === undefined ? `Use ${few}, or ask for a new owner in platform.yaml.` : `Did you mean ${meant}?`,
        ...(meant !== undefined && { replacement: meant }),
      },
    ];
  },
};
