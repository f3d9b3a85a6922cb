/** How many requests a token has left: 1,200 in five minutes, and none at all for the rest of them once they are spent (2026-11). */

const WINDOW_MS = 300_000;

export interface Budget {
  /** Of one window. */
  readonly requests: number;
  used: number;
  /** When the window began, in milliseconds since the epoch. */
  since: number;
  /** Answers that are 429 because somebody asked for them. */
  refusals: { left: number; readonly retryAfterSeconds: number };
}

export function newBudget(requests: number): Budget {
  return { requests, used: 0, since: Number.NEGATIVE_INFINITY, refusals: { left: 0, retryAfterSeconds: 0 } };
}

/** Takes one request off. A refused one counts too. */
export function spend(
  budget: Budget,
  nowMs: number,
): { readonly left: number; readonly resetSeconds: number; readonly refused: boolean } {
  if (nowMs - budget.since >= WINDOW_MS) Object.assign(budget, { used: 0, since: nowMs });
  budget.used += 1;
  if (budget.refusals.left > 0) {
    budget.refusals.left -= 1;
    return { left: 0, resetSeconds: budget.refusals.retryAfterSeconds, refused: true };
  }
  return {
    left: Math.max(0, budget.requests - budget.used),
    resetSeconds: Math.ceil((budget.since + WINDOW_MS - nowMs) / 1000),
    refused: budget.used > budget.requests,
  };
}
