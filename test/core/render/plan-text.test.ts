import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Plan } from "../../../src/core/plan.ts";
import { renderPlanText } from "../../../src/core/render/plan-text.ts";
import { ledgerOld, nothing, paymentsProd, planBetween, rules, shopSue, takenName, wanting } from "./plans.ts";

const UNCHECKED = ["approvals, hold, freeze (no CLAIMBOT_GITLAB_URL)"];
const textOf = (plans: readonly Plan[], colour = false) =>
  renderPlanText(plans, { colour, platform: rules, unchecked: UNCHECKED });
const golden = (name: string): string => `../../golden/notes/${name}.txt`;
// eslint-disable-next-line no-control-regex
const COLOURS = /\u001B\[(?:31|32|33|0)m/g;

describe("the plan in a terminal", () => {
  const mixed = [paymentsProd, shopSue, ledgerOld, nothing];
  test.each<[string, string]>([
    ["plan-mixed", textOf(mixed)],
    ["plan-mixed-in-colour", textOf(mixed, true)],
    ["plan-nothing", textOf([nothing])],
    [
      "plan-unconfigured",
      textOf([
        planBetween(undefined, wanting("shop-dev", "dev"), {
          missing: {
            waf: "no CLAIMBOT_CLOUDFLARE_TOKEN",
            dns: "no CLAIMBOT_CLOUDFLARE_TOKEN",
            deployment: "no CLAIMBOT_GITLAB_URL",
          },
        }),
      ]),
    ],
    [
      "plan-contested",
      textOf([
        planBetween(undefined, wanting("shop-dev", "dev"), {
          pending: { flux: ["Kustomization shop-dev is being reconciled"] },
          contested: { dns: [takenName("shop.dev.example.org")] },
        }),
        planBetween(wanting("a-dev", "dev"), wanting("a-dev", "dev"), { contested: { dns: [takenName("x")] } }),
      ]),
    ],
  ])("%s reads as it should", async (name, text) => {
    await expect(text).toMatchFileSnapshot(golden(name));
  });

  test("says the same with and without colour", () => {
    expect(textOf(mixed, true)).not.toBe(textOf(mixed));
    expect(textOf(mixed, true).replaceAll(COLOURS, "")).toBe(textOf(mixed));
  });

  test("ends every colour on the line on which it began", () => {
    for (const line of textOf(mixed, true).split("\n")) {
      const codes = line.match(COLOURS) ?? [];
      expect([0, 2]).toContain(codes.length);
      if (codes.length === 2) expect([line.startsWith(codes[0] ?? ""), line.endsWith("\u001B[0m")]).toEqual([true, true]);
    }
  });

  test("begins with a line for each environment that changes, and shows no other", () => {
    const [first, second, third, fourth] = textOf(mixed).split("\n");
    expect(first).toMatch(/^payments-prod  ~ changed   [0-9a-f]{12}   claim ~1  flux ~6 −3  waf \+1 ~4  dns \+1 −1  gitlab ~1$/);
    expect(second).toMatch(/^shop-sue       \+ new       [0-9a-f]{12}   .*  expires 24 h after its release$/);
    expect(third).toMatch(/^ledger-old     − removed   [0-9a-f]{12}   claim tombstone  /);
    expect(fourth).toBe("");
    expect(textOf(mixed)).not.toContain("shop-dev");
  });

  test.each<[string, Plan, string | undefined]>([
    ["of a new sue environment", shopSue, "expires 24 h after its release"],
    [
      "of one that lives",
      planBetween(wanting("s-sue", "sue"), wanting("s-sue", "sue", { hostnames: ["b.sue.example.org"] })),
      "expires 24 h after its first release",
    ],
    ["of one that expired", { ...planBetween(wanting("s-sue", "sue"), undefined), gone: "expired" }, "expired"],
    ["of dev is not said", planBetween(undefined, wanting("s-dev", "dev")), undefined],
  ])("the end %s", (_, plan, text) => {
    const [line] = textOf([plan]).split("\n");
    if (text === undefined) expect(line).not.toContain("expire");
    else expect(line?.endsWith(`  ${text}`)).toBe(true);
  });

  test("of nothing says so", () => {
    expect(renderPlanText([], { colour: true })).toBe("Nothing changes.\n");
  });
});

test("no text of others reaches the terminal as anything but text: no control character, no line of its own", () => {
  const texts = fc.oneof(
    fc.constantFrom("\u001B[2J", "\u001B]0;title\u0007", "\u009B31m", "a\nb", "a\rb", "\u0008\u0008", "\u202Eabc", "\t", "ok"),
    fc.string({ unit: "binary" }),
  );
  fc.assert(
    fc.property(texts, texts, fc.boolean(), (a, b, colour) => {
      const thing = (key: string) =>
        ({ key, kind: b, content: a, action: b, description: a, object: { [a]: b }, name: a }) as never;
      const plan: Plan = {
        ...shopSue,
        environment: a,
        steps: (["claim-store", "flux", "waf", "dns", "deployment"] as const).map((target) => ({
          target,
          changes: [
            { verb: "create", key: a, after: thing(a) },
            {
              verb: "update",
              key: b,
              before: thing(b),
              after: { ...(thing(b) as object), content: b, object: { [b]: a } } as never,
            },
            { verb: "delete", key: `x${a}`, before: thing(`x${a}`) },
          ],
          pending: [a],
          contested: [a, "x"].map((key) => ({ key: b, content: b, remark: b, blocks: { key, wayOut: b } })),
        })),
      };
      const text = renderPlanText([plan, { ...plan, steps: [{ target: "waf", missing: a }] }], { colour });
      expect(text.replaceAll(COLOURS, "").replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      const harmless = renderPlanText(
        [
          { ...plan, environment: "ok" },
          { ...plan, steps: [{ target: "waf", missing: a }] },
        ],
        { colour },
      );
      expect(text.split("\n").length).toBe(harmless.split("\n").length);
    }),
    { numRuns: 300 },
  );
});
