/** The freezes of a platform that repeat, with their places in the file. */
import type { Platform, RepeatingFreeze } from "../platform.generated.ts";

export interface PlacedFreeze {
  readonly freeze: RepeatingFreeze;
  /** In spec.freezes. */
  readonly index: number;
}

/** Each is unrolled over a year: with no more of them, no rule that somebody proposes keeps the bot busy for long. */
export const MOST_REPEATING = 20;

export function repeatingFreezes({ spec: { freezes = [] } }: Platform): readonly PlacedFreeze[] {
  return freezes.flatMap((freeze, index) => ("rrule" in freeze ? [{ freeze, index }] : []));
}
