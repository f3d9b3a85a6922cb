/** The one comparison of secrets: the time it takes tells nothing about them, nor does their length. */
import { createHash, timingSafeEqual } from "node:crypto";

/** Compares SHA-256 of both sides, so that lengths never differ; an absent value takes the same way and is never equal. */
export function sameSecret(given: string | Uint8Array | undefined, expected: string | Uint8Array): boolean {
  const equal = timingSafeEqual(sha256(given ?? ""), sha256(expected));
  return equal && given !== undefined;
}

/** Whether a value is any of the live ones. Every one is compared, so the time does not tell which. */
export function anySame(given: readonly (string | undefined)[], expected: readonly (string | Uint8Array)[]): boolean {
  let found = false;
  for (const one of given) for (const other of expected) found = sameSecret(one, other) || found;
  return found;
}

function sha256(value: string | Uint8Array): Buffer {
  return createHash("sha256").update(value).digest();
}
