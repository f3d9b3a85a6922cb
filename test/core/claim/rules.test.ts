import { expect, test, describe } from "vitest";
import { ALL_RULES } from "../../../src/core/claim/rules/all.ts";
import { validateTree } from "../../../src/core/claim/validate.ts";
import { compareText } from "../../../src/core/diagnostic.ts";
import { drawnAs, readExample } from "./example.ts";

describe("every rule", () => {
  test.for(ALL_RULES)("$code refuses its wrong example where it is drawn", ({ code, wrong }) => {
    const { input, expected } = readExample(wrong);
    const { diagnostics } = validateTree(input);
    expect(diagnostics.map(drawnAs).toSorted(compareText)).toEqual(expected);
    expect(diagnostics.map((diagnostic) => diagnostic.code)).toContain(code);
  });

  test.for(ALL_RULES)("$code lets its right example pass", ({ right }) => {
    const { input, expected } = readExample(right);
    const verdict = validateTree(input);
    expect(expected).toEqual([]);
    expect(verdict.diagnostics).toEqual([]);
    expect(verdict.claims.length).toBe(input.files.filter(({ path }) => path !== "platform.yaml").length);
  });

  test("has a code of its own, of two words at the most simple", () => {
    const codes = ALL_RULES.map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
    for (const code of codes) expect(code).toMatch(/^(tree|yaml|schema|claim|platform)\/[a-z]+(-[a-z]+)*$/);
  });

  test.for(ALL_RULES)("$code mends its wrong example where it suggests a line", ({ code, wrong }) => {
    const { input } = readExample(wrong);
    const own = validateTree(input).diagnostics.filter(
      (diagnostic) => diagnostic.code === code && diagnostic.suggestion !== undefined,
    );
    for (const { path, line, suggestion } of own) {
      const files = input.files.map((file) => {
        if (file.path !== path) return file;
        const lines = new TextDecoder().decode(file.bytes).split("\n");
        lines[line - 1] = suggestion ?? "";
        return { ...file, bytes: new TextEncoder().encode(lines.join("\n")) };
      });
      const after = validateTree({ ...input, files }).diagnostics;
      expect(
        after.some((diagnostic) => diagnostic.code === code && diagnostic.line === line && diagnostic.suggestion === suggestion),
      ).toBe(false);
    }
  });
});
