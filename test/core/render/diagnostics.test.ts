import { expect, test } from "vitest";
import type { Diagnostic } from "../../../src/core/diagnostic.ts";
import { renderDiagnostics, summary } from "../../../src/core/render/diagnostics.ts";

export const THREE: readonly Diagnostic[] = [
  {
    code: "claim/pool-bounds",
    severity: "error",
    path: "environments/stage/payments-stage.yaml",
    line: 22,
    column: 9,
    endColumn: 10,
    message: "max 1 is below min 2.",
    hint: "",
  },
  {
    code: "claim/hostname-outside-zone",
    severity: "error",
    path: "environments/stage/payments-stage.yaml",
    line: 14,
    column: 17,
    endColumn: 38,
    message: "pay.stage.exmaple.org is outside the zones of stage (stage.example.org).",
    hint: "Did you mean pay.stage.example.org?",
  },
  {
    code: "claim/dependency-cycle",
    severity: "error",
    path: "environments/prod/ledger-prod.yaml",
    line: 9,
    column: 7,
    endColumn: 13,
    message: "ledger → payments → ledger: these depend on each other in a circle.",
    hint: "Make one of them optional: {name: ledger, optional: true}",
  },
];

test("shows mistakes by file, with aligned codes, hints below and one sentence at the end", () => {
  expect(renderDiagnostics(THREE, { checked: 12, tookMs: 84, colour: false })).toBe(`environments/prod/ledger-prod.yaml
  9:7    error  ledger → payments → ledger: these depend on each other in a circle.        claim/dependency-cycle
                Make one of them optional: {name: ledger, optional: true}

environments/stage/payments-stage.yaml
  14:17  error  pay.stage.exmaple.org is outside the zones of stage (stage.example.org).   claim/hostname-outside-zone
                Did you mean pay.stage.example.org?
  22:9   error  max 1 is below min 2.                                                      claim/pool-bounds

12 claims checked in 84 ms: 10 good, 2 with 3 mistakes.
`);
});

test("says the same with colour", () => {
  const options = { checked: 12, tookMs: 84 };
  const coloured = renderDiagnostics(THREE, { ...options, colour: true });
  const escapes = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, "g");
  expect(coloured).toMatch(escapes);
  expect(coloured.replaceAll(escapes, "")).toBe(renderDiagnostics(THREE, { ...options, colour: false }));
});

test("lets no control character of a file through to the terminal", () => {
  const [first] = THREE;
  const hostile = THREE.slice(0, 1).map((diagnostic) => ({
    ...diagnostic,
    path: "environments/stage/\u001b]0;x\u0007.yaml",
    message: "\u001b[2Jgone\u202e\r\nsecond line",
    hint: "\u009b31m",
  }));
  expect(first).toBeDefined();
  const text = renderDiagnostics(hostile, { checked: 1, tookMs: 1, colour: false });
  expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(text.split("\n").length).toBe(6);
});

const [error] = THREE;
const warning = THREE.slice(1, 2).map((diagnostic) => ({ ...diagnostic, severity: "warning" as const }));
const inPlatform = THREE.slice(0, 1).map((diagnostic) => ({ ...diagnostic, path: "platform.yaml" }));

test.each([
  [[], 12, 84, "12 claims checked in 84 ms: all good."],
  [[], 1, undefined, "1 claim checked: good."],
  [[], 0, 3, "0 claims checked in 3 ms."],
  [error === undefined ? [] : [error], 1, 3, "1 claim checked in 3 ms: 0 good, 1 with 1 mistake."],
  [warning, 2, 3, "2 claims checked in 3 ms: all good, 1 warning."],
  [inPlatform, 2, 3, "2 claims checked in 3 ms: all good, 1 mistake in other files."],
  [inPlatform, 0, 3, "0 claims checked in 3 ms, 1 mistake in other files."],
])("sums up %#", (diagnostics, checked, tookMs, sentence) => {
  expect(summary(diagnostics, { checked, tookMs })).toBe(sentence);
});
