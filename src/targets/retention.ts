/** How long what a release writes is locked in the claim store. Pure. */
import type { Platform } from "../core/claim/platform.generated.ts";
import type { Environment, EnvironmentType } from "../core/environment.ts";
import type { Release } from "./target.ts";

const DAY_MS = 86_400_000;

/** Days, where no rules can be asked: DESIGN 2's defaults. */
const DEFAULT_RETENTION_DAYS: Readonly<Record<EnvironmentType, number>> = { dev: 30, sue: 7, stage: 365, prod: 2557 };

/** Until when what a release writes is locked. */
export function retainUntil({ environment, at }: Release): Date {
  return retainedUntil(environment, new Date(at));
}

export function retainedUntil({ retentionDays }: Pick<Environment, "retentionDays">, from: Date): Date {
  return new Date(from.getTime() + retentionDays * DAY_MS);
}

export function retention(type: EnvironmentType, platform: Platform | undefined, from: Date): Date {
  const days = platform?.spec.types[type].retentionDays ?? DEFAULT_RETENTION_DAYS[type];
  return new Date(from.getTime() + days * DAY_MS);
}
