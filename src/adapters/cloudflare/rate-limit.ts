/** When Cloudflare wants to be left alone: read from the headers of its answers. Pure. */
import { PAUSE_MS } from "./refusal.ts";

/**
 * Milliseconds to pause after an answer; 0 for none. `Retry-After` (seconds or a date) comes with 429 only; `Ratelimit: "default";r=50;t=30`
 * comes with every answer (since 2025-09) and says how many requests are left for how many seconds. Never longer than PAUSE_MS.
 */
export function pauseAfter(status: number, headers: Headers, now: number): number {
  if (status === 429) return capped(retryAfter(headers.get("retry-after"), now) ?? spentFor(headers) ?? PAUSE_MS);
  return capped(spentFor(headers) ?? 0);
}

function retryAfter(text: string | null, now: number): number | undefined {
  if (text === null) return undefined;
  const ms = /^\d+$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isFinite(ms) ? ms : undefined;
}

/** How long nothing is left, over all the policies that are named. */
function spentFor(headers: Headers): number | undefined {
  const spent = (headers.get("ratelimit") ?? "")
    .split(",")
    .filter((policy) => /;\s*r=0\b/.test(policy))
    .map((policy) => Number(/;\s*t=(\d+)/.exec(policy)?.[1] ?? 1) * 1000);
  return spent.length === 0 ? undefined : Math.max(...spent);
}

function capped(ms: number): number {
  return Math.min(Math.max(ms, 0), PAUSE_MS);
}
