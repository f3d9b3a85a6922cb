import { expect, test } from "vitest";
import { MAX_ATTEMPTS, verdictOf, verdictOfError } from "../../src/adapters/job-verdict.ts";
import { Stale, Stalled, Waiting } from "../../src/core/errors.ts";

test("work that ends well is done", async () => {
  expect(await verdictOf(async () => undefined, 3)).toEqual({ outcome: "done", failed: false });
});

test.each([
  ["waiting comes back when it was told to", new Waiting("w", 5_000), 0, { outcome: "waiting", failed: false, againMs: 5_000 }],
  ["waiting never counts as failed", new Waiting("w", 5_000), 99, { outcome: "waiting", failed: false, againMs: 5_000 }],
  ["waiting for no time at all does not spin", new Waiting("w", 0), 0, { outcome: "waiting", againMs: 100 }],
  ["stalled does not come back", new Stalled("s", "do this"), 0, { outcome: "stalled", failed: false, wayOut: "do this" }],
  ["stale comes back soon", new Stale("moved"), 0, { outcome: "stale", failed: true, againMs: 1_000 }],
  ["stale again and again comes back later", new Stale("moved"), 3, { outcome: "stale", againMs: 8_000 }],
  ["stale for ever is given up", new Stale("moved"), MAX_ATTEMPTS - 1, { outcome: "failed", failed: true }],
  ["any other error comes back", new TypeError("x"), 0, { outcome: "retried", failed: true, againMs: 1_000 }],
  ["any other error comes back later each time", new TypeError("x"), 5, { outcome: "retried", againMs: 32_000 }],
  ["any other error is given up in the end", new TypeError("x"), MAX_ATTEMPTS - 1, { outcome: "failed", failed: true }],
  ["something thrown that is no error comes back too", "text", 0, { outcome: "retried", message: "text" }],
])("%s", (_, error, attempts, verdict) => {
  expect(verdictOfError(error, attempts)).toMatchObject(verdict);
});

test("what does not come back has no time", () => {
  expect(verdictOfError(new Stalled("s", "w"), 0).againMs).toBeUndefined();
  expect(verdictOfError(new Error("x"), MAX_ATTEMPTS - 1).againMs).toBeUndefined();
});
