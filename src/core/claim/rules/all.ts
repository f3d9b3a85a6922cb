import { CLAIM_RULES, OFFER_RULES, PLATFORM_RULES, TREE_RULES } from "./index.ts";
import { PROFILE } from "./profile.ts";
import type { RuleText } from "./rule.ts";

/** All that can be said of a file, in the order of the manual. */
export const ALL_RULES: readonly RuleText[] = [...PROFILE, ...CLAIM_RULES, ...OFFER_RULES, ...TREE_RULES, ...PLATFORM_RULES];
