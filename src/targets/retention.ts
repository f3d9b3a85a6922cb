/** How long what a release writes is locked in the claim store. Pure. */
import type { EnvironmentType } from "../core/environment.ts";
import type { Release } from "./target.ts";

/** Days, where platform.yaml cannot be asked because there is no wish: DESIGN 2's defaults. */
const DEFAULT_RETENTION_DAYS: Readonly<Record<EnvironmentType, number>> = { dev: 30, sue: 7, stage: 365, prod: 2557 };

/** Until when what a release writes is locked. */
export function retainUntil({ environment, at }: Release): Date {
  const days = environment.wish?.platform.spec.types[environment.type].retentionDays ?? DEFAULT_RETENTION_DAYS[environment.type];
  return new Date(Date.parse(at) + days * 86_400_000);
}
