/** Freezes: which hold at a moment, when nothing is frozen any more, and which comes next. Pure. */
import type { OneOffFreeze, Platform, RepeatingFreeze } from "./claim/platform.generated.ts";
import type { EnvironmentType } from "./environment.ts";
import { DAY_MS, stretchesOf, type Stretch } from "./recurrence.ts";
import { wallClockText } from "./wall-clock.ts";

export type Freeze = OneOffFreeze | RepeatingFreeze;

/** A stretch in which one freeze holds; for one that repeats, one of many. */
export interface FreezeWindow extends Stretch {
  readonly freeze: Freeze;
}

/** How far it is looked ahead: a year, and 29 February. */
const HORIZON_DAYS = 366;
/** Windows are unrolled for so long at once: a month is mostly enough. */
const STEP_MS = 35 * DAY_MS;

/** Those of the type, whether they are rules of the platform or about to be. */
export function freezesOf({ spec }: Platform, type: EnvironmentType): readonly Freeze[] {
  return (spec.freezes ?? []).filter(({ types }) => types.includes(type));
}

/** What holds now, the one that ends last first. */
export function freezesAt(freezes: readonly Freeze[], now: Date): readonly FreezeWindow[] {
  const atMs = now.getTime();
  return windowsWithin(freezes, { beginMs: atMs, endMs: atMs + 1 }).toSorted((a, b) => b.endMs - a.endMs);
}

/** The first moment from now on at which none holds, and the window that ended last before it; undefined: not within a year. */
export function nextOpenSlot(
  freezes: readonly Freeze[],
  now: Date,
): { readonly at: Date; readonly after: FreezeWindow | undefined } | undefined {
  let openMs = now.getTime();
  let after: FreezeWindow | undefined;
  while (openMs <= now.getTime() + HORIZON_DAYS * DAY_MS) {
    const stepEndMs = openMs + STEP_MS;
    // Sorted by beginning, so that what touches or overlaps is found one after another.
    for (const window of windowsWithin(freezes, { beginMs: openMs, endMs: stepEndMs })) {
      if (window.beginMs > openMs) break;
      if (window.endMs > openMs) [openMs, after] = [window.endMs, window];
    }
    // All that holds before the end of the step was looked at.
    if (openMs < stepEndMs) return { at: new Date(openMs), after };
  }
  return undefined;
}

/** The window that begins next after now; undefined: none within a year. */
export function nextFreeze(freezes: readonly Freeze[], now: Date): FreezeWindow | undefined {
  const endMs = now.getTime() + HORIZON_DAYS * DAY_MS;
  for (let fromMs = now.getTime(); fromMs < endMs; fromMs += STEP_MS) {
    const window = windowsWithin(freezes, { beginMs: fromMs, endMs: fromMs + STEP_MS }).find(
      ({ beginMs }) => beginMs > now.getTime(),
    );
    if (window !== undefined) return window;
  }
  return undefined;
}

/** By beginning. */
function windowsWithin(freezes: readonly Freeze[], within: Stretch): readonly FreezeWindow[] {
  return freezes
    .flatMap((freeze) =>
      ("rrule" in freeze ? stretchesOf(freeze, within) : once(freeze, within)).map((stretch) => ({ ...stretch, freeze })),
    )
    .toSorted((a, b) => a.beginMs - b.beginMs);
}

function once({ from, until }: OneOffFreeze, within: Stretch): readonly Stretch[] {
  const stretch = { beginMs: Date.parse(from), endMs: Date.parse(until) };
  return stretch.beginMs < within.endMs && within.beginMs < stretch.endMs ? [stretch] : [];
}

// ── Words. ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** One sentence without its full stop; undefined where nothing is frozen. Holds foreign text. */
export function frozenText(freezes: readonly Freeze[], now: Date): string | undefined {
  const [longest] = freezesAt(freezes, now);
  if (longest === undefined) return undefined;
  const { freeze, endMs } = longest;
  const frozen = `frozen until ${timeText(freeze, endMs)} (${freeze.key}: ${freeze.reason})`;
  const open = nextOpenSlot(freezes, now);
  if (open === undefined)
    return `${frozen}; there is no open slot within a year, so somebody must change the freezes in platform.yaml`;
  const slot =
    open.at.getTime() === endMs
      ? "that is the next open slot"
      : `the next open slot is ${timeText(open.after?.freeze, open.at.getTime())}`;
  return `${frozen}; ${slot}, and it goes on by itself then`;
}

/** One sentence; undefined where none comes within a year. Holds foreign text. */
export function nextFreezeText(freezes: readonly Freeze[], now: Date): string | undefined {
  const next = nextFreeze(freezes, now);
  return next && `Next freeze starts ${timeText(next.freeze, next.beginMs)} (${next.freeze.key}: ${next.freeze.reason}).`;
}

/** In the time zone of the freeze; a freeze that comes once has times in UTC. */
function timeText(freeze: Freeze | undefined, ms: number): string {
  return wallClockText(ms, freeze !== undefined && "rrule" in freeze ? freeze.timeZone : "UTC");
}
