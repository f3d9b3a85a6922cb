import { ENVIRONMENT_TYPES, type EnvironmentType } from "../../environment.ts";
import { nextOpenSlot } from "../../freezes.ts";
import { rruleMistake } from "../../recurrence.ts";
import { timeZoneMistake } from "../../wall-clock.ts";
import { pointerOf, type Finding } from "../places.ts";
import type { RepeatingFreeze } from "../platform.generated.ts";
import { MOST_REPEATING, repeatingFreezes, type PlacedFreeze } from "./repeating-freezes.ts";
import type { PlatformRule } from "./rule.ts";

/** Rules of prod also judge a change of the rules: who freezes prod for ever cannot take it back. */
export const platformFreezeAlways: PlatformRule = {
  about: "platform",
  code: "platform/freeze-always",
  summary: "Freezes that repeat leave each type an open slot within a year.",
  wrong: `
# file: platform.yaml
spec:
  freezes:
    - key: nights
      types: [prod]
      rrule: FREQ=DAILY;BYHOUR=18
      timeZone: Europe/Berlin
      duration: 24h
                ^^^ error platform/freeze-always
      reason: Nobody is on call
`,
  right: `
# file: platform.yaml
spec:
  freezes:
    - key: nights
      types: [prod]
      rrule: FREQ=DAILY;BYHOUR=18
      timeZone: Europe/Berlin
      duration: 14h
      reason: Nobody is on call
`,
  check(platform) {
    // More are refused by platform/freeze-rule.
    const sound = repeatingFreezes(platform)
      .slice(0, MOST_REPEATING)
      .filter(({ freeze }) => timeZoneMistake(freeze.timeZone) === undefined && rruleMistake(freeze) === undefined);
    const alone = sound.filter(({ freeze }) => isAlways([freeze]));
    if (alone.length > 0) {
      return alone.map(({ freeze, index }) =>
        finding(index, `${freeze.key} never ends: each window lasts until the next begins.`),
      );
    }
    const endless = sound.filter(({ freeze }) => freeze.until === undefined);
    return ENVIRONMENT_TYPES.flatMap((type) => together(type, endless));
  },
};

function together(type: EnvironmentType, endless: readonly PlacedFreeze[]): readonly Finding[] {
  const ofType = endless.filter(({ freeze }) => freeze.types.includes(type));
  const last = ofType.at(-1);
  if (last === undefined || ofType.length === 1 || !isAlways(ofType.map(({ freeze }) => freeze))) return [];
  return [finding(last.index, `${ofType.map(({ freeze }) => freeze.key).join(", ")} together leave ${type} no open slot.`)];
}

function finding(index: number, message: string): Finding {
  return { pointer: pointerOf("spec", "freezes", index, "duration"), message, hint: "Make it shorter, or more seldom." };
}

/** From when all of them hold; the clock has no say in what a file means. A freeze with an end is judged as if it had none. */
function isAlways(freezes: readonly RepeatingFreeze[]): boolean {
  const since = Math.max(Date.UTC(2026, 0, 1), ...freezes.map(({ from }) => Date.parse(from ?? "2026-01-01")));
  const endless = freezes.map(({ until: _until, ...freeze }) => freeze);
  return nextOpenSlot(endless, new Date(since)) === undefined;
}
