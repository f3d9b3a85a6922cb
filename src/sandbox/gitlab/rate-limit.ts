/** Counts requests of one user to one endpoint in a sliding minute. */
import { tooManyRequests } from "./refusal.ts";

const WINDOW_MS = 60_000;

export class RateLimit {
  readonly #most: number;
  readonly #times = new Map<string, number[]>();

  /** `most` requests a minute for each key. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Throws 429 above the limit. */
  count(key: string, now: Date): void {
    const recent = (this.#times.get(key) ?? []).filter((time) => time > now.getTime() - WINDOW_MS);
    if (recent.length >= this.#most) throw tooManyRequests();
    this.#times.set(key, [...recent, now.getTime()]);
  }
}
