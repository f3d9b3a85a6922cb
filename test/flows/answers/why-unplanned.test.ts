import { describe, expect, test } from "vitest";
import type { Diagnostic } from "../../../src/core/diagnostic.ts";
import { quickActionIn } from "../../../src/core/render/encode.ts";
import { mistakesText } from "../../../src/flows/answers/why-unplanned.ts";

const mistake = (path: string, line: number, of: Partial<Diagnostic> = {}): Diagnostic => ({
  code: "claim/hostname-outside-zone",
  severity: "error",
  path,
  line,
  column: 17,
  endColumn: 33,
  message: "shop.example.net is outside the zones of stage (stage.example.org).",
  hint: "Did you mean shop.stage.example.org?",
  ...of,
});
const SHOP = "environments/stage/shop-stage.yaml";
const OTHER = "environments/dev/other-dev.yaml";

describe("mistakes in a merge request, said to whoever asks why", () => {
  test("one: where, what, the way out, and what to do", () => {
    expect(mistakesText("shop-stage", [mistake(SHOP, 14)])).toBe(
      "**shop-stage** has 1 mistake in this merge request, so there is no plan for it.\n\n" +
        `- ❌ \`${SHOP}:14:17\` shop.example.net is outside the zones of stage (stage.example.org). Did you mean shop.stage.example.org? \`claim/hostname-outside-zone\`\n\n` +
        "Mend it and push: the plan then comes by itself, and people can approve it.",
    );
  });

  test.each<[string | undefined, readonly Diagnostic[], string, string, string]>([
    [
      "shop-stage",
      [mistake(OTHER, 3), mistake(SHOP, 14), mistake(SHOP, 20)],
      "**shop-stage** has 2 mistakes",
      `${SHOP}:14:17`,
      "2 more",
    ],
    ["shop-stage", [mistake(OTHER, 3)], "**shop-stage** has no plan, because of 1 mistake elsewhere", `${OTHER}:3:17`, ""],
    [
      undefined,
      [mistake(OTHER, 3), mistake(SHOP, 14)],
      "This merge request has 2 mistakes, so there is no plan.",
      `${OTHER}:3:17`,
      "1 more",
    ],
    [
      "platform",
      [mistake(OTHER, 3), mistake("platform.yaml", 9)],
      "The rules have 1 mistake in this",
      "platform.yaml:9:17",
      "1 more",
    ],
    ["platform", [mistake("policies/a.cedar", 9)], "The rules have 1 mistake in this", "policies/a.cedar:9:17", ""],
  ])("%s: its own first, and how many more", (name, errors, head, place, more) => {
    const text = mistakesText(name, errors);
    expect(text.startsWith(head)).toBe(true);
    expect(text.split("\n\n")[1]).toContain(place);
    expect(/And (\d+ more)/.exec(text)?.[1] ?? "").toBe(more);
    expect(text).toContain(`Mend ${more === "" ? "it" : "them"} and push`);
  });

  test("holds no quick action and mentions nobody, whatever the claim says", () => {
    const text = mistakesText("shop-stage", [mistake(SHOP, 1, { message: "a\n/merge @all", hint: "/close" })]);
    expect(quickActionIn(text)).toBeUndefined();
    expect(text).not.toContain("@all");
  });
});
