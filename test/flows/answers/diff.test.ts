import { describe, expect, test } from "vitest";
import { quickActionIn } from "../../../src/core/render/encode.ts";
import type { Plan } from "../../../src/core/plan.ts";
import { wholePlan } from "../../../src/core/render/whole-plan.ts";
import { renderPlans } from "../../../src/flows/answers/diff.ts";
import { paymentsProd, shopStage } from "../../core/render/plans.ts";

const LIMIT = 100_000;
const golden = (name: string): string => `../../golden/notes/${name}.md`;

/** What was reviewed: the same wish, before somebody changed the firewall by hand. */
const reviewed: Plan = {
  ...paymentsProd,
  digest: "0".repeat(64),
  steps: paymentsProd.steps.map((step) => ("missing" in step || step.target !== "waf" ? step : { ...step, changes: [] })),
};

describe("the answer to /claim diff", () => {
  test("of a held environment: what differs from the reviewed plan, how to go on, and all of the plan now", async () => {
    const text = renderPlans("payments-prod", { plan: paymentsProd, kind: "now", reviewed, held: true }, LIMIT);
    await expect(text).toMatchFileSnapshot(golden("diff-held"));
    expect(text).toContain(`\`/claim apply ${paymentsProd.digest.slice(0, 12)}\``);
  });

  test("before the merge: the plan of this head in full", () => {
    const text = renderPlans("shop-stage", { plan: shopStage, kind: "planned" }, LIMIT);
    expect(text).toBe(
      `**shop-stage**: plan \`${shopStage.digest.slice(0, 12)}\` of this head, from what is there to what is wanted.\n\n${wholePlan(shopStage, LIMIT)}`,
    );
  });

  test.each([
    ["nobody reviewed a plan", { kind: "now" as const }],
    ["the plan now is the reviewed one", { kind: "now" as const, reviewed: paymentsProd }],
    ["its release is on its way", { kind: "begun" as const, reviewed }],
  ])("says that %s, and compares nothing", (words, shown) => {
    const text = renderPlans("payments-prod", { plan: paymentsProd, ...shown }, LIMIT);
    expect(text).toContain(words);
    expect(text).not.toContain("What differs");
  });

  test("says so where only what the plan stands on is another", () => {
    const other: Plan = { ...paymentsProd, digest: "0".repeat(64), rulesDigest: "3".repeat(64) };
    expect(renderPlans("payments-prod", { plan: paymentsProd, kind: "now", reviewed: other }, LIMIT)).toContain(
      "The changes are the same; the inputs or rules that they stand on moved.",
    );
  });

  test("keeps to its limit, however large the plan, and holds no quick action", () => {
    for (const limit of [8_000, 20_000, LIMIT]) {
      const text = renderPlans("payments-prod", { plan: paymentsProd, kind: "now", reviewed, held: true }, limit);
      expect(text.length).toBeLessThanOrEqual(limit);
      expect(quickActionIn(text)).toBeUndefined();
    }
  });
});
