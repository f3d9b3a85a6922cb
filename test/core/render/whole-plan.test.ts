import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planOf, type Step } from "../../../src/core/plan.ts";
import { quickActionIn } from "../../../src/core/render/encode.ts";
import { wholePlan } from "../../../src/core/render/whole-plan.ts";
import { anEnvironment } from "../../targets/an-environment.ts";
import { paymentsProd, planBetween, shopStage, wanting } from "./plans.ts";

const golden = (name: string): string => `../../golden/notes/${name}.md`;
const rowsIn = (text: string): readonly string[] => text.split("\n").filter((line) => /^\| [+~−] \|/.test(line));

describe("the whole plan", () => {
  test("of a change tells each field, folded by target", async () => {
    await expect(wholePlan(paymentsProd, 50_000)).toMatchFileSnapshot(golden("whole-plan-change"));
  });

  test("of a new environment tells each field that it will have", async () => {
    await expect(wholePlan(shopStage, 50_000)).toMatchFileSnapshot(golden("whole-plan-new"));
  });

  test("of nothing says so", () => {
    expect(wholePlan(planBetween(wanting("shop-dev", "dev"), wanting("shop-dev", "dev")), 50_000)).toBe("Nothing changes.");
  });

  test("names a target that is not configured, and what is not there or not ours", () => {
    const plan = planBetween(undefined, wanting("shop-sue", "sue"), {
      missing: { waf: "Cloudflare is not configured" },
      pending: { flux: ["cluster is built"] },
      contested: { dns: [{ key: "CNAME shop.sue.example.org", content: "", remark: "was made by hand" }] },
    });
    const text = wholePlan(plan, 50_000);
    expect(text).toContain("waf: not planned (Cloudflare is not configured)");
    expect(text).toContain("- ⏳ cluster is built");
    expect(text).toContain("- ⚠️ not ours, not touched: CNAME shop.sue.example.org was made by hand");
  });

  test("is cut by whole rows, and small parts stay whole beside large ones", () => {
    const plan = shopStage;
    const [all, cut] = [wholePlan(plan, 1_000_000), wholePlan(plan, 6_000)];
    expect(cut.length).toBeLessThan(6_000);
    expect(cut).toMatch(/\| \| \d+ more fields: `claimbot plan` prints more \| \| \| \|/);
    const whole = new Set(rowsIn(all));
    expect(rowsIn(cut).every((row) => whole.has(row))).toBe(true);
    const dns = (text: string): readonly string[] => rowsIn(text).filter((row) => row.includes("CNAME"));
    expect(dns(cut)).toEqual(dns(all));
    expect(dns(cut).length).toBeGreaterThan(0);
  });

  test("never lets a value out of its cell, start a quick action or end a fold", () => {
    const nasty = fc.oneof(
      fc.constantFrom("\n/merge\n", "</details>", "| x |", "```", "`", "@all", "<img src=x>", "\u202e"),
      fc.string({ unit: "binary" }),
    );
    fc.assert(
      fc.property(fc.array(nasty, { minLength: 1, maxLength: 4 }), (texts) => {
        const value = texts.join("");
        const step: Step = {
          target: "dns",
          changes: [{ verb: "create", key: value, after: { key: value, kind: "dns-record", [`f${value}`]: value } }],
          pending: [value],
          contested: [{ key: value, content: value, remark: value, blocks: { key: value, wayOut: value } }],
        };
        const text = wholePlan(planOf(anEnvironment("stage"), [step], "inputs", "rules"), 10_000);
        expect(quickActionIn(text)).toBeUndefined();
        expect(text.split("\n").filter((line) => line.startsWith("| + |"))).toHaveLength(1);
        expect(text.split("\n").filter((line) => /^\s*<\/?details/.test(line))).toHaveLength(2);
        expect(text.endsWith("</details>")).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
