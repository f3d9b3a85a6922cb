/**
 * The npm package `cloudflare` behind guards. Measured with 7.3.0 (2026-11), it takes HTTP 200 with `success: false` or HTML for success,
 * sends POSTs again by itself, sleeps for any Retry-After, stops its timeout when the headers are there, reads other credentials from the
 * environment and puts whole bodies into its errors. Each of these is met here.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type * as Sdk from "cloudflare";
import { Waiting } from "../../core/errors.ts";
import type { Secret } from "../../core/secret.ts";
import { checkedUrl } from "../http-client.ts";
import { pauseAfter } from "./rate-limit.ts";
import { answerOf, PAUSE_MS, refusedError, type Answer, type Purpose } from "./refusal.ts";

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface CloudflareOptions {
  /** Such as `https://api.cloudflare.com/client/v4`. */
  readonly url: string;
  readonly token: Secret;
  readonly clock?: Clock;
  /** From the first byte sent to the last byte read; 30 s without. */
  readonly timeoutMs?: number;
}

/** One call of the SDK; the options are handed on to it. */
type Send = (client: Sdk.Cloudflare, options: { readonly maxRetries: 0; readonly signal?: AbortSignal }) => Promise<Response>;

export interface Transport {
  /** Tried three times in all, then Waiting. Throws for 401, 403 and 429; every other refusal is handed back. */
  read(purpose: Purpose, send: Send, signal?: AbortSignal): Promise<Exclude<Answer, { kind: "lost" }>>;
  /** Sent once: after `lost` the caller reads back. Throws for 401, 403 and 429. */
  write(purpose: Purpose, send: Send, signal?: AbortSignal): Promise<Answer>;
}

/** Largest answer that is read, in bytes: a zone of 3,500 records is about 3 MB. */
const MAX_BYTES = 32 * 1024 * 1024;
const READ_ATTEMPTS = 3;
const BACKOFF_MS = 250;
/** When nobody says when to come back. */
const RETRY_MS = 10_000;
/** Sent explicitly: the SDK would send the date of today. It is the release that these calls were tried with. */
const API_VERSION = "2026-10-02";
/** Nothing else leaves: the SDK adds headers of CLOUDFLARE_CUSTOM_HEADERS, which nobody gave to claimbot. */
const HEADERS = ["accept", "content-type", "api-version"];

const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => sleep(ms, undefined, { ...(signal && { signal }) }),
};

export function openTransport({ url, token, clock = SYSTEM_CLOCK, timeoutMs = 30_000 }: CloudflareOptions): Transport {
  const baseURL = checkedUrl(url, "CLAIMBOT_CLOUDFLARE_URL").href.replace(/\/$/, "");
  /** The whole token pauses: its limit counts all of its calls. */
  let pausedUntil = 0;

  /** Hands over an answer only when its body is complete, so that the SDK's timeout covers the body too. */
  const guardedFetch: typeof fetch = async (input, init) => {
    const given = new Headers(init?.headers);
    const headers = new Headers({ authorization: `Bearer ${token.reveal()}`, "user-agent": "claimbot" });
    for (const name of HEADERS) if (given.has(name)) headers.set(name, given.get(name) ?? "");
    const response = await fetch(input, { ...init, headers, redirect: "manual" });
    const body = await bodyOf(response);
    pausedUntil = Math.max(pausedUntil, clock.now() + pauseAfter(response.status, response.headers, clock.now()));
    return new Response(body.byteLength === 0 ? null : body, { status: response.status, headers: response.headers });
  };

  let opened: Promise<{ readonly client: Sdk.Cloudflare; readonly sdk: typeof Sdk }> | undefined;
  const open = async (): Promise<{ readonly client: Sdk.Cloudflare; readonly sdk: typeof Sdk }> => {
    const sdk = await import("cloudflare");
    const client = new sdk.Cloudflare({
      baseURL,
      // The token is set where it is sent; the others are never taken from the environment.
      apiToken: null,
      apiKey: null,
      apiEmail: null,
      userServiceKey: null,
      apiVersion: API_VERSION,
      logLevel: "off",
      timeout: timeoutMs,
      maxRetries: 0,
      fetch: guardedFetch,
    });
    return { client, sdk };
  };

  const exchange = async (purpose: Purpose, send: Send, signal?: AbortSignal): Promise<Answer> => {
    signal?.throwIfAborted();
    if (pausedUntil > clock.now()) throw new Waiting("Cloudflare is rate limiting us", pausedUntil - clock.now());
    const { client, sdk } = await (opened ??= open());
    let answer: Answer;
    try {
      // A signal of our own for each call: the SDK never takes its listeners off again.
      const response = await send(client, { maxRetries: 0, ...(signal && { signal: AbortSignal.any([signal]) }) });
      answer = answerOf(response.status, await response.text());
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof sdk.APIError)) throw error;
      const status: unknown = error.status;
      answer =
        typeof status === "number"
          ? answerOf(status, JSON.stringify(error.error ?? null))
          : { kind: "lost", reason: lossOf(error, error instanceof sdk.APIConnectionTimeoutError, timeoutMs) };
    }
    if (answer.kind === "refused" && [401, 403, 429].includes(answer.status)) {
      throw refusedError(purpose, answer.status, answer.refusals, Math.max(pausedUntil - clock.now(), 1000));
    }
    return answer;
  };

  return {
    write: exchange,
    async read(purpose, send, signal) {
      for (let attempt = 1; ; attempt += 1) {
        const answer = await exchange(purpose, send, signal);
        if (answer.kind !== "lost") return answer;
        if (attempt >= READ_ATTEMPTS) {
          throw new Waiting(
            `Cloudflare does not let us ${purpose.what}: ${answer.reason}, ${purpose.call}`,
            Math.min(RETRY_MS, PAUSE_MS),
          );
        }
        await clock.sleep(BACKOFF_MS * 4 ** (attempt - 1), signal);
      }
    },
  };
}

async function bodyOf(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > MAX_BYTES) throw new Error("the answer is too large");
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

/** Only the code of a network error: its message, and those of the SDK, may hold the request. */
function lossOf(error: Error, isTimeout: boolean, timeoutMs: number): string {
  if (isTimeout) return `no whole answer within ${timeoutMs} ms`;
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if ("code" in cause && typeof cause.code === "string" && /^[A-Z_]+$/.test(cause.code))
      return `the connection was cut (${cause.code})`;
  }
  return "the connection was cut";
}
