import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { diffResources, sortResources, type Change, type Resource, type Resources } from "../../src/core/resource.ts";

interface Thing extends Resource {
  readonly size: number;
}

/** Few keys and sizes, so that the same key often stands on both sides, sometimes with the same size. */
const resources: fc.Arbitrary<Resources<Thing>> = fc
  .uniqueArray(
    fc.record({
      key: fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h"),
      kind: fc.constant("thing"),
      size: fc.integer({ min: 0, max: 2 }),
    }),
    { selector: ({ key }) => key },
  )
  .map((things) => sortResources(things));

function applied(observed: Resources<Thing>, changes: readonly Change<Thing>[]): Resources<Thing> {
  const things = new Map(observed.map((thing) => [thing.key, thing]));
  for (const change of changes) {
    if (change.verb === "delete") things.delete(change.key);
    else things.set(change.key, change.after);
  }
  return sortResources(things.values());
}

describe("the changes between what is and what should be", () => {
  test("turn the one into the other", () => {
    fc.assert(
      fc.property(resources, resources, (is, should) => {
        expect(applied(is, diffResources(is, should))).toEqual(should);
      }),
    );
  });

  test("are none exactly when both are equal", () => {
    fc.assert(
      fc.property(resources, resources, (is, should) => {
        expect(diffResources(is, is)).toEqual([]);
        expect(diffResources(is, should).length === 0).toBe(JSON.stringify(is) === JSON.stringify(should));
      }),
    );
  });

  test("touch each key once, and say truly what stood there before", () => {
    fc.assert(
      fc.property(resources, resources, (is, should) => {
        const changes = diffResources(is, should);
        expect(new Set(changes.map(({ key }) => key)).size).toBe(changes.length);
        for (const change of changes) {
          expect(change.verb === "create" ? undefined : change.before).toEqual(is.find(({ key }) => key === change.key));
        }
      }),
    );
  });

  test("that make room come first: deletes, updates, creates, each by key", () => {
    const order = ["delete", "update", "create"];
    fc.assert(
      fc.property(resources, resources, (is, should) => {
        const ranks = diffResources(is, should).map(({ verb, key }) => `${order.indexOf(verb)}${key}`);
        expect(ranks).toEqual(ranks.toSorted());
      }),
    );
  });

  test("do not depend on the order of a resource's members", () => {
    const is = [{ key: "a", kind: "thing", size: 1 }];
    const should = [{ size: 1, kind: "thing", key: "a" }];
    expect(diffResources(is, should)).toEqual([]);
  });
});

describe("sorted resources", () => {
  test("stand by key in the order of code units, wherever one is asked", () => {
    const keys = ["b", "Z", "ä", "a"].map((key) => ({ key, kind: "thing" }));
    expect(sortResources(keys).map(({ key }) => key)).toEqual(["Z", "a", "b", "ä"]);
  });

  test("never hold a key twice: that is our bug", () => {
    const twice = ["a", "b", "a"].map((key) => ({ key, kind: "thing" }));
    expect(() => sortResources(twice)).toThrow("two resources have the key a");
  });
});
