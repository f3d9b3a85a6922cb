import * as fc from "fast-check";
import { expect, test } from "vitest";
import { newestAllowed, reasonOf, resolveConstraint } from "../../src/core/versions.ts";

const TAGS = ["2.3.0", "2.3.1", "2.4.0", "2.10.0-rc.1", "3.0.0", "latest", "2.4", "sha-9f2c", "1.9.9"];

test.each([
  ["^2.3.0", TAGS, "2.4.0"],
  ["~2.3.0", TAGS, "2.3.1"],
  ["2.3.0", TAGS, "2.3.0"],
  ["*", TAGS, "3.0.0"],
  [">=2.3 <3", TAGS, "2.4.0"],
  ["1.x || 2.3.x", TAGS, "2.3.1"],
  ["^4.0.0", TAGS, undefined],
  ["^2.3.0", [], undefined],
  ["newest", TAGS, undefined],
  ["^2.9.0", ["2.9.0", "2.10.0"], "2.10.0"],
  ["^2.3.0", ["v2.3.0", "v2.4.0"], "v2.4.0"],
  // Prereleases only when the constraint names one, and only of that version.
  ["^2.3.0", ["2.3.0", "2.4.0-rc.1"], "2.3.0"],
  ["^2.4.0-rc.0", ["2.3.0", "2.4.0-rc.1", "2.5.0-rc.1"], "2.4.0-rc.1"],
  ["2.4.0-rc.1", ["2.4.0-rc.1"], "2.4.0-rc.1"],
  // Two tags of one version.
  ["^2.3.0", ["v2.4.0", "2.4.0"], "2.4.0"],
  ["^2.3.0", ["2.4.0", "2.4.0_build.2", "2.4.0_build.10"], "2.4.0_build.10"],
  // What only looks like a version.
  ["*", ["2.4.0.1", "02.4.0", "2.4.0 ", "V2.4.0", "=2.4.0", "2.4.0-", "vv2.4.0"], undefined],
] as const)("%s of %j is %s", (constraint, tags, expected) => {
  expect(newestAllowed(constraint, tags)).toBe(expected);
});

test("does not depend on the order in which the registry lists its tags", () => {
  const tag = fc.tuple(fc.constantFrom("", "v"), fc.nat(2), fc.nat(2), fc.nat(2), fc.constantFrom("", "-rc.1", "_b1", "_b2"));
  const tags = fc.uniqueArray(tag.map(([v, major, minor, patch, rest]) => `${v}${major}.${minor}.${patch}${rest}`));
  fc.assert(
    fc.property(tags, fc.constantFrom("*", "^1.0.0", "~0.1", ">=1.0.0-rc.0"), fc.nat(), (list, constraint, turn) => {
      const middle = list.length === 0 ? 0 : turn % list.length;
      const turned = [...list.slice(middle), ...list.slice(0, middle)].toReversed();
      expect(resolveConstraint(constraint, turned)).toEqual(resolveConstraint(constraint, list));
    }),
  );
});

test.each([
  ["^2.3.0", ["2.4.0"], "newest that `^2.3.0` allows"],
  ["^2.3.0", TAGS, "newest that `^2.3.0` allows; 3.0.0 is newer"],
  ["^2.3.0", ["2.4.0", "3.0.0-rc.1"], "newest that `^2.3.0` allows"],
  ["^9.0.0", TAGS, "`^9.0.0` allows none of the tags; the newest is 3.0.0"],
  ["^2.3.0", ["2.4.0-rc.1"], "`^2.3.0` allows none of the tags; the newest is 2.4.0-rc.1"],
  ["^2.3.0", ["latest"], "no tag is a version"],
  ["latest", TAGS, "`latest` is not a semver constraint"],
] as const)("says why: %s of %j", (constraint, tags, reason) => {
  expect(reasonOf(constraint, resolveConstraint(constraint, tags))).toBe(reason);
});
