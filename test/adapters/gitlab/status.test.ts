import { expect, test } from "vitest";
import { isSameState } from "../../../src/adapters/gitlab/status.ts";

test.each([
  [400, 'Cannot transition status via :run from :running (Reason(s): Status cannot transition via "run")', true],
  [400, 'Cannot transition status via :enqueue from :pending (Reason(s): Status cannot transition via "enqueue")', true],
  [400, "Cannot transition status via :success from :success", true],
  [400, "Cannot transition status via :drop from :failed", true],
  [400, "Cannot transition status via :cancel from :canceled", true],
  [400, "Cannot transition status via :run from :success", false],
  [400, "Cannot transition status via :enqueue from :running", false],
  [400, "Bad request: Cannot transition status via :run from :running", false],
  [409, "Cannot transition status via :run from :running", false],
  [400, "description is too long", false],
])("%i %s: is the state there already? %s", (status, detail, expected) => {
  expect(isSameState({ status, detail })).toBe(expected);
});
