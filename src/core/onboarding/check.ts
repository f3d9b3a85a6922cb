/** One thing that was looked at: how it is, and what to do about it. */
import { Stalled, Waiting } from "../errors.ts";

/** `skipped`: there was nothing to look at, such as a system that is not configured. Only `bad` makes the whole not ready. */
export type Verdict = "good" | "bad" | "warning" | "skipped";

export interface Check {
  /** Stable: `hook-events`. */
  readonly name: string;
  readonly verdict: Verdict;
  /** One sentence; may hold foreign text. */
  readonly detail: string;
  /** What a person does about it. */
  readonly fix?: string;
}

export const MARKS: Readonly<Record<Verdict, string>> = { good: "✓", bad: "✗", warning: "!", skipped: "–" };

export function isReady(checks: readonly Check[]): boolean {
  return checks.every(({ verdict }) => verdict !== "bad");
}

/** A system that does not answer is a result. What is no Waiting or Stalled is our own bug, and thrown on. */
export function failed(name: string, error: unknown): Check {
  if (error instanceof Stalled) return { name, verdict: "bad", detail: error.message, fix: error.wayOut };
  if (error instanceof Waiting) {
    const seconds = Math.max(1, Math.round(error.retryAfterMs / 1000));
    return { name, verdict: "bad", detail: error.message, fix: `Look why it does not answer, and try again in ${seconds} s` };
  }
  throw error;
}
