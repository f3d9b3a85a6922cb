import { expect, test } from "vitest";
import type { Diagnostic } from "../../../src/core/diagnostic.ts";
import { renderCodeQuality } from "../../../src/core/render/code-quality.ts";

const MISTAKE: Diagnostic = {
  code: "claim/pool-bounds",
  severity: "error",
  path: "environments/stage/payments-stage.yaml",
  line: 22,
  column: 9,
  endColumn: 10,
  message: "max 1 is below min 2.",
  hint: "Make max at least 2.",
};

interface Issue {
  readonly fingerprint: string;
  readonly severity: string;
}

function issuesOf(diagnostics: readonly Diagnostic[]): readonly Issue[] {
  return JSON.parse(renderCodeQuality(diagnostics)) as readonly Issue[];
}

test("is an empty list when all is well", () => {
  expect(renderCodeQuality([])).toBe("[]\n");
});

test("has the members that GitLab reads", () => {
  expect(issuesOf([MISTAKE])).toEqual([
    {
      description: "max 1 is below min 2. Make max at least 2.",
      check_name: "claim/pool-bounds",
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      severity: "major",
      location: { path: "environments/stage/payments-stage.yaml", lines: { begin: 22 } },
    },
  ]);
  expect(issuesOf([{ ...MISTAKE, severity: "warning" }])[0]?.severity).toBe("minor");
});

test("knows a mistake again when its line moves, and tells two alike apart", () => {
  const [before] = issuesOf([MISTAKE]);
  const [after] = issuesOf([{ ...MISTAKE, line: 30 }]);
  expect(after?.fingerprint).toBe(before?.fingerprint);
  const both = issuesOf([MISTAKE, { ...MISTAKE, line: 30 }]);
  expect(new Set(both.map(({ fingerprint }) => fingerprint)).size).toBe(2);
  const others = [
    { path: "environments/stage/shop-stage.yaml" },
    { code: "claim/pool-max" },
    { message: "max 1 is below min 3." },
  ];
  for (const other of others) expect(issuesOf([{ ...MISTAKE, ...other }])[0]?.fingerprint).not.toBe(before?.fingerprint);
});
