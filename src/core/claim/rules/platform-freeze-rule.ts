import { rruleMistake } from "../../recurrence.ts";
import { pointerOf } from "../places.ts";
import { MOST_REPEATING, repeatingFreezes } from "./repeating-freezes.ts";
import type { PlatformRule } from "./rule.ts";

export const platformFreezeRule: PlatformRule = {
  about: "platform",
  code: "platform/freeze-rule",
  summary: `A freeze that repeats begins once a day at the most, and its rule says when without DTSTART, COUNT and UNTIL; at most ${MOST_REPEATING} repeat.`,
  wrong: `
# file: platform.yaml
spec:
  freezes:
    - key: lunch
      types: [prod]
      rrule: FREQ=HOURLY;BYHOUR=12
             ^^^^^^^^^^^^^^^^^^^^^ error platform/freeze-rule
      timeZone: Europe/Berlin
      duration: 1h
      reason: Most people order now
    - key: leap-day
      types: [prod]
      rrule: FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31
             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error platform/freeze-rule
      timeZone: Europe/Berlin
      duration: 1d
      reason: Billing has a bad day
`,
  right: `
# file: platform.yaml
spec:
  freezes:
    - key: lunch
      types: [prod]
      rrule: FREQ=DAILY;BYHOUR=12
      timeZone: Europe/Berlin
      duration: 1h
      reason: Most people order now
    - key: leap-day
      types: [prod]
      rrule: FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29
      timeZone: Europe/Berlin
      duration: 1d
      reason: Billing has a bad day
`,
  check: (platform) =>
    repeatingFreezes(platform).flatMap(({ freeze, index }, place) => {
      if (place >= MOST_REPEATING) {
        const message = `There are more than ${MOST_REPEATING} freezes that repeat.`;
        return [
          { pointer: pointerOf("spec", "freezes", index, "key"), message, hint: "Join some: one rule may name many days." },
        ];
      }
      const mistake = rruleMistake(freeze);
      return mistake === undefined ? [] : [{ pointer: pointerOf("spec", "freezes", index, "rrule"), ...mistake }];
    }),
};
