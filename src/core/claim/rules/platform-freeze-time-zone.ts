import { timeZoneMistake } from "../../wall-clock.ts";
import { pointerOf } from "../places.ts";
import { repeatingFreezes } from "./repeating-freezes.ts";
import type { PlatformRule } from "./rule.ts";

export const platformFreezeTimeZone: PlatformRule = {
  about: "platform",
  code: "platform/freeze-time-zone",
  summary: "The time zone of a freeze has a name in the IANA database.",
  wrong: `
# file: platform.yaml
spec:
  freezes:
    - key: weekend
      types: [prod]
      rrule: FREQ=WEEKLY;BYDAY=FR;BYHOUR=16
      timeZone: Europe/Berln
                ^^^^^^^^^^^^ error platform/freeze-time-zone
      duration: 63h
      reason: Nobody is on call
`,
  right: `
# file: platform.yaml
spec:
  freezes:
    - key: weekend
      types: [prod]
      rrule: FREQ=WEEKLY;BYDAY=FR;BYHOUR=16
      timeZone: Europe/Berlin
      duration: 63h
      reason: Nobody is on call
`,
  check: (platform) =>
    repeatingFreezes(platform).flatMap(({ freeze: { timeZone }, index }) => {
      const mistake = timeZoneMistake(timeZone);
      if (mistake === undefined) return [];
      const { meant } = mistake;
      return [
        {
          pointer: pointerOf("spec", "freezes", index, "timeZone"),
          message: `${timeZone} is not a time zone.`,
          hint: meant === undefined ? "Use a name such as Europe/Berlin, or UTC." : `Did you mean ${meant}?`,
          ...(meant !== undefined && { replacement: meant }),
        },
      ];
    }),
};
