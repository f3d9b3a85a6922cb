/** Reads a request's body within a limit, a deadline and a share of memory that all requests have together. */
import { setTimeout, clearTimeout } from "node:timers";

export type Body = { readonly bytes: Uint8Array } | { readonly refused: "too-large" | "too-slow" | "too-much" | "cut" };

export interface BodyLimits {
  /** GitLab sends 25 MB at most (2026-11-24). */
  readonly bytes: number;
  readonly deadlineMs: number;
  /** Of all bodies that are being read at one time. */
  readonly totalBytes: number;
}

export const BODY_LIMITS: BodyLimits = { bytes: 25 * 1024 * 1024, deadlineMs: 10_000, totalBytes: 50 * 1024 * 1024 };

export type ReadBody = (request: Request) => Promise<Body>;

export function bodyReader({ bytes: limit, deadlineMs, totalBytes }: BodyLimits): ReadBody {
  let held = 0;
  return async (request) => {
    const announced = Number(request.headers.get("content-length") ?? 0);
    if (announced > limit) return { refused: "too-large" };
    if (request.body === null) return { bytes: new Uint8Array() };
    const reader = (request.body as ReadableStream<Uint8Array>).getReader();
    const chunks: Uint8Array[] = [];
    let size = 0;
    let late = false;
    const deadline = setTimeout(() => {
      late = true;
      // The pending read ends with `done`.
      reader.cancel().catch(() => undefined);
    }, deadlineMs);
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (late) return { refused: "too-slow" };
        if (done) return { bytes: Buffer.concat(chunks, size) };
        size += value.byteLength;
        held += value.byteLength;
        if (size > limit) return { refused: "too-large" };
        if (held > totalBytes) return { refused: "too-much" };
        chunks.push(value);
      }
    } catch {
      // The sender hung up: nobody hears the answer, but the request has to end.
      return { refused: late ? "too-slow" : "cut" };
    } finally {
      clearTimeout(deadline);
      held -= size;
      void throwAway(reader);
    }
  };
}

/**
 * Whoever is refused may still be sending, and would lose the answer to the reset that unread bytes make of a close. Nothing is kept;
 * the server (@hono/node-server 2) cuts the connection half a second, or 64 MiB, after the answer.
 */
async function throwAway(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  try {
    while (!(await reader.read()).done);
  } catch {
    // Cut: there is nothing left to throw away.
  }
}
