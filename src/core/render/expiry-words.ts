/** How long an environment lives, where it goes by itself. */
import type { Platform } from "../claim/platform.generated.ts";
import type { Plan } from "../plan.ts";

/** `24 h after its release`; undefined for what does not expire, and for what goes anyway. */
export function expiryText(plan: Plan, platform: Platform | undefined): string | undefined {
  const ttl = plan.claim?.spec.expiry?.ttl ?? platform?.spec.types[plan.type].expiry?.ttl;
  if (plan.type !== "sue" || plan.verb === "remove" || ttl === undefined) return undefined;
  return `${ttl.replace(/[hd]$/, " $&")} after its ${plan.verb === "create" ? "" : "first "}release`;
}
