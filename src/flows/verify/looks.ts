/** When which part of the claim store is to be looked at again, and what all looks together say. Pure. */
import type { Look } from "../../core/ports.ts";

/** The name of the part that is of no environment. */
export const REST = "";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * | the last look at a part         | is due again                      |
 * | ------------------------------- | --------------------------------- |
 * | came to its end                 | a day after it began              |
 * | did not: cut off, or took too long | three hours after it began     |
 *
 * `earlierMs`: whoever looks anyway looks at what would soon be due too, so that all of a store is looked at together.
 */
function isDue({ begunAt, endedAt }: Look, now: Date, earlierMs = 0): boolean {
  const ageMs = now.getTime() - Date.parse(begunAt);
  return endedAt === undefined || endedAt < begunAt ? ageMs >= 3 * HOUR_MS : ageMs >= DAY_MS - earlierMs;
}

/** Whether there is anything to be looked at. An environment that is new since is seen when the others are. */
export function isVerifyDue(looks: readonly Look[], now: Date): boolean {
  return !looks.some(({ part }) => part === REST) || looks.some((look) => isDue(look, now));
}

/** What is to be looked at now: what never was, then what was longest ago, so that one that never ends keeps nobody from their turn. */
export function partsDue(environments: readonly string[], looks: readonly Look[], now: Date): readonly string[] {
  const known = new Map(looks.map((look) => [look.part, look]));
  const due = [...environments, REST].filter((part) => {
    const look = known.get(part);
    return look === undefined || isDue(look, now, DAY_MS / 2);
  });
  const begun = (part: string): string => known.get(part)?.begunAt ?? "";
  return due.toSorted((a, b) => (begun(a) < begun(b) ? -1 : begun(a) > begun(b) ? 1 : 0));
}

export interface LookedAt {
  /** Of all parts, when each was last looked at to its end; undefined where none ever was. */
  readonly deviations: number | undefined;
  /** ISO 8601, UTC: every part was looked at to its end after this. Undefined where one never was. */
  readonly since: string | undefined;
}

export function lookedAt(looks: readonly Look[]): LookedAt {
  const ends = looks.map(({ endedAt }) => endedAt);
  const isWhole = looks.some(({ part }) => part === REST) && !ends.includes(undefined);
  const ended = ends.filter((end) => end !== undefined);
  return {
    deviations: ended.length === 0 ? undefined : looks.reduce((sum, { deviations }) => sum + deviations, 0),
    since: isWhole ? ended.toSorted()[0] : undefined,
  };
}

/** Those of which nobody knows anything new for three days, the longest ago first: somebody has to look why. */
export function longAgo(looks: readonly Look[], now: Date): readonly Look[] {
  const ended = looks.flatMap((look) => (look.endedAt === undefined ? [] : [{ ...look, endedAt: look.endedAt }]));
  return ended
    .filter(({ endedAt }) => now.getTime() - Date.parse(endedAt) > 3 * DAY_MS)
    .toSorted((a, b) => (a.endedAt < b.endedAt ? -1 : 1));
}
