/**
 * A freeze that repeats: its rule (RFC 5545) unrolled into windows. Pure; the library is loaded at the first repeating freeze.
 *
 * The rule is unrolled on the wall clock and each wall time is then looked up in the time zone, so a window that begins Friday 16:00 and
 * lasts 63h ends Monday 07:00 on every weekend, also where the clock is changed in between. A wall time that the change skips is the same
 * moment by the offset before it (02:30 → 03:30); of one that comes twice, the first counts.
 *
 * Only parts that begin at most one window a day are taken, and nothing is left to DTSTART: what a rule says is what it does, and a year
 * of it is at most 366 windows.
 */
import { createRequire } from "node:module";
import type * as RruleModule from "rrule-temporal";
import type { RepeatingFreeze } from "./claim/platform.generated.ts";
import { wallClock } from "./wall-clock.ts";

/** A stretch of time; the end is not in it. */
export interface Stretch {
  /** Milliseconds since 1970, like Date. */
  readonly beginMs: number;
  readonly endMs: number;
}

export const DAY_MS = 86_400_000;

/** The stretches in which it holds from the beginning of a time of at most some years to its end, by beginning. */
export function stretchesOf(freeze: RepeatingFreeze, { beginMs, endMs }: Stretch): readonly Stretch[] {
  const { timeZone, from, until } = freeze;
  const rule = ruleOf(freeze);
  const minutes = minutesOf(freeze.duration);
  // Wall clocks are at most 14 hours away from UTC. Of the windows that began before, the newest lasts longest.
  const starts = rule.between(new Date(beginMs - minutes * 60_000 - 2 * DAY_MS), new Date(endMs + DAY_MS));
  const newest = starts.findLastIndex(({ epochMilliseconds }) => epochMilliseconds < beginMs - DAY_MS);
  return starts
    .slice(Math.max(0, newest))
    .map((start) => {
      const wall = start.toPlainDateTime();
      const begin = wall.toZonedDateTime(timeZone).epochMilliseconds;
      const end = wall.add({ minutes }).toZonedDateTime(timeZone).epochMilliseconds;
      return {
        beginMs: from === undefined ? begin : Math.max(begin, Date.parse(from)),
        endMs: until === undefined ? end : Math.min(end, Date.parse(until)),
      };
    })
    .filter((stretch) => stretch.beginMs < stretch.endMs && stretch.beginMs < endMs && beginMs < stretch.endMs);
}

/** What is wrong with a rule, in words; undefined where it is a good one. */
export function rruleMistake(freeze: RepeatingFreeze): { readonly message: string; readonly hint: string } | undefined {
  const parts = freeze.rrule.split(";").map((part) => part.split("=", 2) as [string, string]);
  const given = new Map(parts);
  for (const [name, value] of parts) {
    if (name === "COUNT" || name === "UNTIL") {
      return { message: `${name} does not belong into the rule of a freeze.`, hint: "Say its end by the field until, in UTC." };
    }
    const part = PARTS[name];
    if (part === undefined) {
      return { message: `${name} is not a part of a freeze's rule.`, hint: `The parts are ${Object.keys(PARTS).join(", ")}.` };
    }
    if (parts.filter((other) => other[0] === name).length > 1) {
      return { message: `${name} is there twice.`, hint: "Say it once, with commas between the values." };
    }
    const wrong = (part.list ? value.split(",") : [value]).find((one) => !part.fits(one));
    if (wrong !== undefined) return { message: `${wrong} is not a value of ${name}.`, hint: `${part.hint}.` };
  }
  return incomplete(freeze, given) ?? unusable(freeze);
}

/** `90m`, `63h`, `2d`. */
function minutesOf(duration: string): number {
  const minutes: Readonly<Record<string, number>> = { m: 1, h: 60, d: 1440 };
  return Number(duration.slice(0, -1)) * (minutes[duration.at(-1) ?? ""] ?? Number.NaN);
}

// ── The rule. ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Part {
  readonly list: boolean;
  readonly hint: string;
  fits(value: string): boolean;
}

const PARTS: Readonly<Record<string, Part>> = {
  FREQ: {
    list: false,
    hint: "It is DAILY, WEEKLY, MONTHLY or YEARLY: a freeze begins once a day at the most",
    fits: (value) => ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"].includes(value),
  },
  INTERVAL: number("It is a number from 1 to 52", 1, 52),
  BYDAY: {
    list: true,
    hint: "They are MO, TU, WE, TH, FR, SA and SU, of a month also 1MO (the first) and -1FR (the last)",
    fits: (value) => /^([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)$/.test(value),
  },
  BYMONTHDAY: { ...number("They are numbers from 1 to 31; -1 is the last day of the month", 1, 31, true), list: true },
  BYMONTH: { ...number("They are numbers from 1 to 12", 1, 12), list: true },
  BYSETPOS: { ...number("They are numbers from 1 to 31; -1 is the last", 1, 31, true), list: true },
  BYHOUR: number("It is one hour from 0 to 23. For a second window a day write a second freeze", 0, 23),
  BYMINUTE: number("It is one minute from 0 to 59", 0, 59),
};

function number(hint: string, least: number, most: number, isSigned = false): Part {
  const form = isSigned ? /^[+-]?\d{1,2}$/ : /^\d{1,2}$/;
  const within = (size: number): boolean => size >= least && size <= most;
  return { list: false, hint, fits: (value) => form.test(value) && within(Math.abs(Number(value))) };
}

/** What RFC 5545 would take from DTSTART, which a freeze does not have; and what does not go together. */
function incomplete(
  { from }: RepeatingFreeze,
  given: ReadonlyMap<string, string>,
): { readonly message: string; readonly hint: string } | undefined {
  const freq = given.get("FREQ");
  const day = given.get("BYDAY") ?? "";
  const hasDay = given.has("BYDAY") || given.has("BYMONTHDAY");
  if (freq === undefined) return { message: "The rule does not say how often.", hint: "Add FREQ=WEEKLY, or another FREQ." };
  if (freq === "WEEKLY" && given.has("BYMONTHDAY")) {
    return { message: "BYMONTHDAY does not go with FREQ=WEEKLY.", hint: "Use FREQ=MONTHLY, or FREQ=DAILY." };
  }
  if (freq === "WEEKLY" && !given.has("BYDAY")) {
    return { message: "The rule does not say on which day of the week.", hint: "Add BYDAY=FR, or another day." };
  }
  if ((freq === "MONTHLY" || freq === "YEARLY") && !hasDay) {
    return { message: "The rule does not say on which day.", hint: "Add BYMONTHDAY=1, or BYDAY=1MO." };
  }
  if (freq === "YEARLY" && !given.has("BYMONTH")) {
    return { message: "The rule does not say in which month.", hint: "Add BYMONTH=12, or another month." };
  }
  if ((freq === "DAILY" || freq === "WEEKLY") && /\d/.test(day)) {
    return { message: `BYDAY=${day} counts days of a month.`, hint: "Use FREQ=MONTHLY, or the day alone." };
  }
  if ((freq === "DAILY" || freq === "WEEKLY") && given.has("BYSETPOS")) {
    return { message: `BYSETPOS does not go with FREQ=${freq}.`, hint: "Use FREQ=MONTHLY, or leave it out." };
  }
  if (Number(given.get("INTERVAL") ?? 1) > 1 && from === undefined) {
    return { message: "INTERVAL needs a beginning to count from.", hint: "Add the field from, in UTC." };
  }
  return undefined;
}

/** A day that no calendar has, such as 31 February; last of all, what the library has to say. */
function unusable(freeze: RepeatingFreeze): { readonly message: string; readonly hint: string } | undefined {
  const never = { message: "The rule never happens.", hint: "Look at its days and months." };
  try {
    return ruleOf(freeze).next(new Date(anchorOf(freeze)), true) === null ? never : undefined;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // MOST_PERIODS went by without one.
    return error.message.startsWith("Maximum ")
      ? never
      : { message: `The rule cannot be used: ${error.message}.`, hint: never.hint };
  }
}

/** So many periods without a window, and a rule never happens: days of more than eight years, as from 29 February 2096 to the next one. */
const MOST_PERIODS = 3_000;

/** On the wall clock, written as if it were UTC. */
function ruleOf(freeze: RepeatingFreeze): RruleModule.RRuleTemporal {
  const { RRuleTemporal } = rrule();
  const start = new Date(anchorOf(freeze)).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  return new RRuleTemporal({
    rruleString: `DTSTART:${start}\nRRULE:${freeze.rrule}`,
    strict: true,
    cache: false,
    maxIterations: MOST_PERIODS,
    maxCandidateEvaluations: 100_000,
  });
}

/**
 * DTSTART: midnight at the start of the period (day, week, month, year) in which `from` lies, and so many intervals before it that the
 * windows that last into `from` are found. Without `from` any time that is long ago does.
 */
function anchorOf({ rrule, from, duration, timeZone }: RepeatingFreeze): number {
  if (from === undefined) return LONG_AGO;
  const interval = Number(/INTERVAL=(\d+)/.exec(rrule)?.[1] ?? 1);
  const days = minutesOf(duration) / 1440 + 1;
  const back = (period: number): number => Math.ceil(days / (period * interval)) * interval;
  const at = new Date(wallClock(Date.parse(from), timeZone).date);
  const [year, month, day] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()];
  const [, freq = ""] = /FREQ=([A-Z]+)/.exec(rrule) ?? [];
  switch (freq) {
    case "YEARLY":
      return Date.UTC(year - back(365), 0, 1);
    case "MONTHLY":
      return Date.UTC(year, month - back(28), 1);
    case "WEEKLY":
      return Date.UTC(year, month, day - ((at.getUTCDay() + 6) % 7) - 7 * back(7));
    default:
      return Date.UTC(year, month, day - back(1));
  }
}

/** A Monday, the first of a month and of a year. */
const LONG_AGO = Date.UTC(2001, 0, 1);

let rruleModule: typeof RruleModule | undefined;
/** 15 ms that `claimbot validate` pays only where a freeze repeats. */
function rrule(): typeof RruleModule {
  return (rruleModule ??= createRequire(import.meta.url)("rrule-temporal") as typeof RruleModule);
}
