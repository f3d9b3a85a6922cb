import { expect, test } from "vitest";
import { adviseOnMerges } from "../../../src/core/onboarding/approvals.ts";

const GOOD = { byAuthor: false, byCommitters: false, resetOnPush: true };

test.each([
  [GOOD, "good", []],
  [{ ...GOOD, byAuthor: true }, "warning", ["Prevent approval by author"]],
  [{ ...GOOD, byCommitters: true }, "warning", ["Prevent approvals by users who add commits"]],
  [{ ...GOOD, resetOnPush: false }, "warning", ["Remove all approvals when commits are added"]],
] as const)("%j: %s", (approvals, verdict, words) => {
  const check = adviseOnMerges({ pipelineMustSucceed: true, approvals }).find(({ name }) => name === "approvals");
  expect(check?.verdict).toBe(verdict);
  expect(check?.fix?.split(": ")[1]?.split(", ") ?? []).toEqual(words);
});

test("an edition without them is told which they would be, and who does it there", () => {
  const [pipelines, approvals] = adviseOnMerges({ pipelineMustSucceed: false, approvals: undefined });
  expect(pipelines).toMatchObject({ verdict: "warning" });
  expect(approvals?.verdict).toBe("skipped");
  expect(approvals?.detail).toMatch(/Prevent approval by author.*claimbot itself counts no such approval/);
});
