import { expect, test } from "vitest";
import type { AuditEntry, ReviewEvent } from "../../src/core/audit.ts";
import { reviewsIn } from "../../src/core/reviews.ts";

const review = (at: string, of: Partial<ReviewEvent> = {}): AuditEntry => ({
  sequence: 1,
  at,
  instance: "one",
  event: { kind: "Review", mergeRequest: 12, sha: "a", target: "t", plans: { "shop-dev": "1" }, ...of },
});

test("the newest review of each merge request counts, from when its plans first stood", () => {
  const { plans, pushers } = reviewsIn([
    review("08:00", { pushedBy: 7 }),
    review("09:00", { target: "u" }),
    review("09:30", { mergeRequest: 13, sha: "c" }),
    review("10:00", { sha: "b", plans: { "shop-dev": "1" }, pushedBy: 9 }),
    review("11:00", { sha: "b", plans: { "shop-dev": "2" } }),
    review("12:00", { sha: "b", plans: { "shop-dev": "2" }, target: "v" }),
  ]);
  expect(plans.get(12)).toEqual({ sha: "b", target: "v", plans: { "shop-dev": "2" }, storedAt: "11:00" });
  expect(plans.get(13)).toEqual({ sha: "c", target: "t", plans: { "shop-dev": "1" }, storedAt: "09:30" });
  expect([...pushers]).toEqual([
    ["a", 7],
    ["b", 9],
  ]);
});

test("plans that come back stand from when they came back", () => {
  const { plans } = reviewsIn([review("08:00"), review("09:00", { plans: { "shop-dev": "2" } }), review("10:00")]);
  expect(plans.get(12)?.storedAt).toBe("10:00");
});
