/**
 * Calls to S3: a place in line, one deadline over all tries, a few tries with jitter between them, and every failure named by what should
 * happen next. The SDK itself sends each request once, so that nobody tries again behind our back: a second try makes 412 ambiguous.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Stalled, Waiting } from "../../core/errors.ts";
import { failureOf, type CallName, type Place } from "./failure.ts";
import type { Limiter } from "./limiter.ts";
import { refusalCode, verdictOf } from "./verdict.ts";

export interface CallOptions {
  readonly place: Place;
  readonly limit: Limiter;
  /** Over all tries of one call; waiting in line is not counted. */
  readonly deadlineMs: number;
  /** Before the second try; twice as long before each further one. */
  readonly backoffMs: number;
  /** Drops credentials that the server does not take any more; false where there are no others to be had. */
  readonly forgetCredentials: () => boolean;
}

/** `attempt` counts from 1: from the second on, an earlier one may have been carried out. */
export type Attempt<T> = (options: { readonly abortSignal: AbortSignal }, attempt: number) => Promise<T>;

const ATTEMPTS = 4;
const UNKNOWN_CREDENTIALS = new Set(["ExpiredToken", "InvalidTokenId", "InvalidToken", "InvalidAccessKeyId"]);

export class S3Calls {
  readonly #options: CallOptions;

  constructor(options: CallOptions) {
    this.#options = options;
  }

  /** Throws Waiting or Stalled, or the reason of the caller's signal. */
  async run<T>(call: CallName, attempt: Attempt<T>, signal?: AbortSignal, attempts = ATTEMPTS): Promise<T> {
    const { limit, deadlineMs } = this.#options;
    return limit(async () => {
      const deadline = new AbortController();
      const giveUp = (): void => deadline.abort(signal?.reason);
      const timer = setTimeout(() => deadline.abort(), deadlineMs);
      signal?.addEventListener("abort", giveUp, { once: true });
      try {
        return await this.#try(call, attempt, deadline.signal, performance.now() + deadlineMs, attempts);
      } catch (error) {
        signal?.throwIfAborted();
        if (!deadline.signal.aborted) throw error;
        throw new Waiting(`${this.#options.place.endpoint} did not answer ${call.operation} within ${deadlineMs} ms`, 15_000);
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener("abort", giveUp);
      }
    }, signal);
  }

  async #try<T>(call: CallName, attempt: Attempt<T>, abortSignal: AbortSignal, until: number, attempts: number): Promise<T> {
    const { place, backoffMs } = this.#options;
    let isMended = false;
    for (let number = 1; ; number += 1) {
      try {
        return await attempt({ abortSignal }, number);
      } catch (error) {
        if (abortSignal.aborted || error instanceof Waiting || error instanceof Stalled) throw error;
        const verdict = verdictOf(error);
        if (verdict.kind === "unknown") throw error;
        const isTired = number >= attempts;
        if (verdict.kind === "refused") {
          if (isMended || !this.#mend(verdict.code)) throw failureOf(verdict, call, place);
          isMended = true;
          continue;
        }
        const asked = verdict.kind === "busy" ? (verdict.retryAfterMs ?? 0) : 0;
        const pauseMs = Math.max(asked, backoffMs * 2 ** (number - 1) * (0.5 + Math.random() / 2));
        if (isTired || performance.now() + pauseMs > until) throw failureOf(verdict, call, place);
        await sleep(pauseMs, undefined, { signal: abortSignal });
      }
    }
  }

  /** Other credentials, or the server's clock, which the SDK has learnt from the refusal. False where neither helps. */
  #mend(code: string): boolean {
    return (UNKNOWN_CREDENTIALS.has(code) && this.#options.forgetCredentials()) || code === "RequestTimeTooSkewed";
  }
}

/** Waits for a request that may be refused with one of these codes: then undefined. */
export async function unlessRefused<T>(codes: readonly string[], request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (codes.includes(refusalCode(error) ?? "")) return undefined;
    throw error;
  }
}
