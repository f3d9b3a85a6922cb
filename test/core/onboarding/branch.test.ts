import { expect, test } from "vitest";
import { judgeBranch } from "../../../src/core/onboarding/branch.ts";
import { access, rule } from "./example.ts";

test.each([
  ["nobody pushes", [rule()], undefined],
  ["an empty list is nobody too", [rule({ push: [] })], undefined],
  ["no rule", [], { push: 0, merge: 30 }],
  ["maintainers push", [rule({ push: [access(40)] })], { push: 0, merge: undefined }],
  ["one person or key may push", [rule({ push: [access(0), access(undefined)] })], { push: 0, merge: undefined }],
  ["a push by force", [rule({ forcePush: true })], { push: 0, merge: undefined }],
  ["nobody merges", [rule({ merge: [access(0)] })], { push: 0, merge: 30 }],
  ["only one group merges, and stays the only one", [rule({ merge: [access(undefined)] })], undefined],
  ["a pattern is not the rule of the branch", [rule({ name: "*" })], { push: 0, merge: 30 }],
] as const)("%s", (_, rules, wish) => {
  expect(judgeBranch(rules, "main").wish).toEqual(wish && { name: "main", ...wish });
});

test("names the patterns that open a closed branch again", () => {
  const lax = [rule({ name: "*", push: [access(30)] }), rule({ name: "ma*n", forcePush: true })];
  const strict = [
    rule({ name: "m*" }),
    rule({ name: "main.*", push: [access(40)] }),
    rule({ name: "release/*", push: [access(40)] }),
  ];
  expect(judgeBranch([rule(), ...strict, ...lax], "main").laxPatterns).toEqual(lax);
});

test("says what is in words", () => {
  const { now } = judgeBranch([rule({ push: [access(40, "Maintainers"), access(undefined, "Mara")], forcePush: true })], "main");
  expect(now).toBe("Maintainers and Mara may push, even by force, level 30 may merge");
  expect(judgeBranch([rule({ push: [], merge: [access(0)] })], "main").now).toBe("nobody may push, nobody may merge");
});
