/** What Cloudflare's answers mean, and what should happen next. Pure: the table of its errors as they were read and reported by 2026-11. */
import { Stalled, Waiting } from "../../core/errors.ts";

/** One reason why Cloudflare said no. */
export interface Refusal {
  /** 0 where there was none. */
  readonly code: number;
  /** In Cloudflare's words, with the chain that DNS hides its reason in; one line. May hold foreign text. */
  readonly message: string;
  /** JSON pointer into the request's body, such as `/rules/0/expression`. */
  readonly pointer?: string;
}

/** What came of one request. `lost`: nobody knows whether it was carried out. */
export type Answer =
  | { readonly kind: "ok"; readonly body: Readonly<Record<string, unknown>> }
  | { readonly kind: "refused"; readonly status: number; readonly refusals: readonly Refusal[] }
  | { readonly kind: "lost"; readonly reason: string };

/** A request in a person's words: what for, where, and the permission that it takes. */
export interface Purpose {
  /** Such as `write the records of example.org`. */
  readonly what: string;
  /** Such as `POST /zones/…/dns_records/batch`. */
  readonly call: string;
  /** Such as `Zone > DNS > Edit on example.org`. */
  readonly permission: string;
}

/** What is waited for after 429 without Retry-After: the length of Cloudflare's window of 1,200 requests, and the longest wait in all. */
export const PAUSE_MS = 300_000;

/** A body that says `success: true` is an answer; everything else, also with status 200, is none. */
export function answerOf(status: number, text: string): Answer {
  const body = parsed(text);
  if (status >= 200 && status < 300 && body?.["success"] === true) return { kind: "ok", body };
  if (status >= 500 || status === 408) return { kind: "lost", reason: `status ${status}` };
  if (status === 429 || status === 401 || status === 403 || body?.["success"] === false) {
    return { kind: "refused", status, refusals: refusalsOf(body?.["errors"]) };
  }
  if (status >= 400) return { kind: "refused", status, refusals: refusalsOf(body?.["errors"]) };
  return { kind: "lost", reason: `status ${status} with a body that is not Cloudflare's` };
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    // A proxy's page, or half an answer: the status alone decides.
    return undefined;
  }
}

/** Reads `errors` whatever is missing in it: a 429 may carry `{}`. */
export function refusalsOf(errors: unknown): readonly Refusal[] {
  if (!Array.isArray(errors)) return [];
  return errors.filter(isObject).map((error) => {
    const { code, message, source, error_chain: chain } = error;
    const below = Array.isArray(chain)
      ? chain.filter(isObject).map((link) => `${oneLine(link["message"])} (${String(link["code"])})`)
      : [];
    const pointer = isObject(source) ? source["pointer"] : undefined;
    return {
      code: typeof code === "number" ? code : 0,
      message: [oneLine(message), ...below].join(": "),
      ...(typeof pointer === "string" && { pointer }),
    };
  });
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function oneLine(text: unknown): string {
  return typeof text === "string" ? text.replaceAll(/\s+/g, " ").trim().slice(0, 300) : "no message";
}

/** True when one of the reasons has one of these codes. */
export function hasCode(refusals: readonly Refusal[], ...codes: readonly number[]): boolean {
  return refusals.some(({ code }) => codes.includes(code));
}

/** The error for a refusal: who does what, or when to come back. */
export function refusedError(
  purpose: Purpose,
  status: number,
  refusals: readonly Refusal[],
  retryAfterMs = PAUSE_MS,
): Waiting | Stalled {
  if (status === 429 || hasCode(refusals, 10_429)) return new Waiting("Cloudflare is rate limiting us", retryAfterMs);
  const said =
    refusals.map(({ code, message }) => (code === 0 ? message : `${message} (${code})`)).join("; ") || `status ${status}`;
  const message = `Cloudflare refuses to ${purpose.what}: ${said}, ${purpose.call}`;
  // 6003 and 6111: an Authorization header that is no token at all; 9103, 9109 and 10000: an unknown or an expired one.
  if (status === 401 || hasCode(refusals, 6003, 6111)) {
    return new Stalled(message, "Renew CLAIMBOT_CLOUDFLARE_TOKEN: it is wrong, expired or revoked");
  }
  if (status === 403) {
    return new Stalled(message, `Give the token in CLAIMBOT_CLOUDFLARE_TOKEN the permission ${purpose.permission}, or renew it`);
  }
  if (hasCode(refusals, 7003))
    return new Stalled(message, "Set CLAIMBOT_CLOUDFLARE_URL to Cloudflare's API, ending in /client/v4");
  return new Stalled(message, "Mend what Cloudflare names, in the claim or in the zone, and try again");
}
