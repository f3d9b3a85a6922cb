import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyStatus, statusPartOf } from "../../src/core/apply-status.ts";
import type { StatusPart } from "../../src/core/ports.ts";
import type { ReleaseOutcome } from "../../src/core/render/report-note.ts";

const live: StatusPart = { state: "settled", words: "live" };
const coming: StatusPart = { state: "waiting", words: "on its way" };
const held: StatusPart = { state: "held", words: "held: 1 of 2 approvals" };
const stopped: StatusPart = { state: "stopped", words: "stopped: Cloudflare says no" };
const overtaken: StatusPart = { state: "overtaken", words: "changed again by !13" };

describe("the status of a merged commit", () => {
  test.each<[Readonly<Record<string, StatusPart>>, string, string]>([
    [{ a: live }, "success", "a live"],
    [{ b: live, a: live }, "success", "a live · b live"],
    [{ a: coming }, "running", "a on its way"],
    [{ a: live, b: coming }, "running", "b on its way · a live"],
    [{ "shop-sue": live, "payments-prod": held }, "failed", "payments-prod held: 1 of 2 approvals · shop-sue live"],
    [{ a: coming, b: held }, "failed", "b held: 1 of 2 approvals · a on its way"],
    [{ a: held, b: stopped }, "failed", "b stopped: Cloudflare says no · a held: 1 of 2 approvals"],
    [{ a: overtaken, b: live }, "success", "b live · a changed again by !13"],
    [{ a: overtaken, b: coming }, "running", "b on its way · a changed again by !13"],
    [{ a: overtaken }, "canceled", "a changed again by !13"],
  ])("%o is %s: %s", (parts, state, description) => {
    expect(applyStatus(parts)).toEqual({ state, description });
  });

  test("is never longer than GitLab takes, names whole environments, and says how many it does not name", () => {
    const part = fc.record({
      state: fc.constantFrom("settled" as const, "waiting" as const, "held" as const, "stopped" as const, "overtaken" as const),
      words: fc.string({ unit: "grapheme", minLength: 1, maxLength: 110 }),
    });
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{2,39}$/);
    fc.assert(
      fc.property(fc.dictionary(name, part, { minKeys: 1, maxKeys: 30 }), (parts) => {
        const { state, description } = applyStatus(parts);
        expect(description.length).toBeLessThanOrEqual(255);
        expect(description.isWellFormed()).toBe(true);
        const states = Object.values(parts).map((one) => one.state);
        // What is at its end by itself must be so in GitLab too; what is not must not be.
        expect(state === "running").toBe(states.includes("waiting") && !states.includes("held") && !states.includes("stopped"));
        expect(state === "success").toBe(
          states.includes("settled") && states.every((one) => one === "settled" || one === "overtaken"),
        );
      }),
    );
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`environment-${index}`, live]));
    expect(applyStatus(many).description).toMatch(/^environment-0 live · .* · \d+ more$/);
  });
});

describe("a part", () => {
  test.each<[ReleaseOutcome, StatusPart]>([
    [{ kind: "waiting", reason: "Flux builds it" }, coming],
    [
      {
        kind: "held",
        reviewed: undefined,
        begun: undefined,
        gates: [
          { gate: "reviewed-plan", verdict: "open", reason: "reviewed" },
          { gate: "approvals", verdict: "closed", reason: "1 of 2 approvals" },
        ],
      },
      held,
    ],
    [{ kind: "stalled", reason: "Cloudflare says no", wayOut: "Ask it" }, stopped],
    [{ kind: "overtaken", by: 13 }, overtaken],
    [
      { kind: "overtaken", by: undefined },
      { state: "overtaken", words: "changed again" },
    ],
  ])("of %o", (outcome, part) => {
    expect(statusPartOf(undefined, outcome)).toEqual(part);
  });

  test("is one line without anything that cannot be seen, however long the reason is", () => {
    const { words } = statusPartOf(undefined, { kind: "stalled", reason: `a\n\u202Eb ${"long ".repeat(100)}`, wayOut: "" });
    expect(words).toMatch(/^stopped: a �b long .*…$/);
    expect(words.length).toBeLessThanOrEqual(110);
  });
});
