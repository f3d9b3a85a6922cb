import { expect, test } from "vitest";
import { quickActionIn } from "../../../src/core/render/encode.ts";
import { renderHoldNote } from "../../../src/core/render/hold-note.ts";

const ANA = { id: 4, username: "ana", name: "Ana", bot: false };

test("the note on a hold that stays names who took the label off and why they may not", async () => {
  const refusal = "Unhold on stage is for developers of finance/ledger (policy stage, policies/stage.cedar line 4).";
  await expect(renderHoldNote({ user: ANA, refusal })).toMatchFileSnapshot("../../golden/notes/hold-kept.md");
});

test("or says that nobody is known to have taken it off", () => {
  expect(renderHoldNote({ user: undefined, refusal: "" })).toContain("GitLab does not say who took it off");
});

test("a name or a policy's text never becomes a quick action, a mention or a line of its own", () => {
  const text = renderHoldNote({ user: { ...ANA, username: "a\n/merge" }, refusal: "\n/approve\n@all <b>" });
  expect(quickActionIn(text)).toBeUndefined();
  expect(text).not.toMatch(/@all/);
  expect(text.split("\n")).toHaveLength(renderHoldNote({ user: ANA, refusal: "no." }).split("\n").length);
});
