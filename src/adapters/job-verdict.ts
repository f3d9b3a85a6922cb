/** What follows from the way in which a job ended. */
import { Stale, Stalled, Waiting } from "../core/errors.ts";

export interface Verdict {
  /** done: it is over. waiting, stale, retried: it comes back. stalled: somebody has to act. failed: given up. */
  readonly outcome: "done" | "waiting" | "stale" | "stalled" | "retried" | "failed";
  /** Counts against the attempts. */
  readonly failed: boolean;
  readonly message?: string;
  readonly wayOut?: string;
  /** Undefined: it does not come back by itself. */
  readonly againMs?: number;
  readonly cause?: unknown;
}

/** An error that nobody named is tried this often before the job is given up; the next event or sweep starts anew. */
export const MAX_ATTEMPTS = 8;

const SHORTEST_DELAY_MS = 100;
const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 10 * 60_000;

/** Runs the work and names its end. */
export async function verdictOf(work: () => Promise<void>, attempts: number): Promise<Verdict> {
  try {
    await work();
    return { outcome: "done", failed: false };
  } catch (error) {
    return verdictOfError(error, attempts);
  }
}

/** `attempts`: how often it failed in a row before. */
export function verdictOfError(error: unknown, attempts: number): Verdict {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Waiting)
    return { outcome: "waiting", failed: false, message, againMs: Math.max(SHORTEST_DELAY_MS, error.retryAfterMs) };
  if (error instanceof Stalled) return { outcome: "stalled", failed: false, message, wayOut: error.wayOut };
  if (attempts + 1 >= MAX_ATTEMPTS) return { outcome: "failed", failed: true, message, cause: error };
  const againMs = Math.min(FIRST_DELAY_MS * 2 ** attempts, LONGEST_DELAY_MS);
  if (error instanceof Stale) return { outcome: "stale", failed: true, message, againMs };
  return { outcome: "retried", failed: true, message, againMs, cause: error };
}
