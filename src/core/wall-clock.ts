/** What the clock on a wall shows: pure, by the time zones that Node knows. */
import { didYouMean } from "./claim/did-you-mean.ts";

interface WallClock {
  readonly weekday: string;
  /** `2026-11-27`. */
  readonly date: string;
  /** `16:00`. */
  readonly time: string;
}

/** `timeZone` is the name of one in the IANA database. Throws RangeError for another. */
export function wallClock(ms: number, timeZone: string): WallClock {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    weekday: "long",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, value]));
  const of = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? "";
  return {
    weekday: of("weekday"),
    date: `${of("year").padStart(4, "0")}-${of("month")}-${of("day")}`,
    time: `${of("hour")}:${of("minute")}`,
  };
}

/** `Friday 2026-11-27 16:00 Europe/Berlin`. */
export function wallClockText(ms: number, timeZone: string): string {
  const { weekday, date, time } = wallClock(ms, timeZone);
  return `${weekday} ${date} ${time} ${timeZone}`;
}

/** Undefined for the name of a time zone; else what it should be called, where that is known. */
export function timeZoneMistake(name: string): { readonly meant: string | undefined } | undefined {
  try {
    const known = new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
    // A name in another case is found, too, but not everywhere; another name of the same zone is a good one.
    return known !== name && known.toLowerCase() === name.toLowerCase() ? { meant: known } : undefined;
  } catch (error) {
    if (error instanceof RangeError) return { meant: didYouMean(name, Intl.supportedValuesOf("timeZone")) };
    throw error;
  }
}
