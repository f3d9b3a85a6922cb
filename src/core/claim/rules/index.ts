import type { ClaimRule, OfferRule, PlatformRule, TreeRule } from "./rule.ts";

export const CLAIM_RULES: readonly ClaimRule[] = [];
export const OFFER_RULES: readonly OfferRule[] = [];
export const TREE_RULES: readonly TreeRule[] = [];
export const PLATFORM_RULES: readonly PlatformRule[] = [];
