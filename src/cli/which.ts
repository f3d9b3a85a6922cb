/** Words that name a moment of an environment's log. */
import type { Which } from "../core/moment.ts";
import { WrongUse } from "./exit.ts";

/** `7`, `newest`, or a time. */
export function readWhich(word: string): Which {
  if (word === "newest") return "newest";
  if (/^[0-9]{1,8}$/.test(word)) return { sequence: Number(word) };
  return { at: readTime(word, "end", "a number of the log, newest, ") };
}

/**
 * A date, or a time with its zone; gives ISO 8601, UTC. What is said less exactly than a record's time counts to its end, or where asked from
 * its start: history prints whole seconds, and `--at` with one of those means the record of that second. `others` is what else may be said there.
 */
export function readTime(word: string, edge: "start" | "end" = "end", others = ""): string {
  const isDate = /^\d{4}-\d{2}-\d{2}$/.test(word);
  const [, seconds, fraction] = TIME.exec(word) ?? [];
  const time = new Date(isDate ? `${word}T${edge === "end" ? "23:59:59.999" : "00:00:00.000"}Z` : word);
  if (!(isDate || TIME.test(word)) || !isDay(word.slice(0, 10)) || Number.isNaN(time.getTime()))
    throw new WrongUse(`${JSON.stringify(word)} is no moment: say ${others}2026-11-24 or 2026-11-24T14:02:00Z`);
  const openMs = isDate || edge === "start" || fraction !== undefined ? 0 : seconds === undefined ? 59_999 : 999;
  return new Date(time.getTime() + openMs).toISOString();
}

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/;

/** JavaScript takes the 31st of February for the 3rd of March. */
function isDay(date: string): boolean {
  const day = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(date);
}
