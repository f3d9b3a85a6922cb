import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson, digestOf, digestOfBytes, parseJson, sameJson, shortDigest } from "../../src/core/json.ts";

/** The same value with the members of every object in another order. */
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).map(([name, member]) => [name, reordered(member)] as const);
  return Object.fromEntries(entries.toReversed());
}

// JSON has one zero.
const json = fc.jsonValue().map((value): unknown => JSON.parse(JSON.stringify(value)));

describe("the canonical text", () => {
  test.each([
    ["null", null, "null"],
    ["a text", 'ä"\n', '"ä\\"\\n"'],
    ["members by code unit, capitals first", { b: 1, a: 2, B: 3, é: 4 }, '{"B":3,"a":2,"b":1,"é":4}'],
    ["no undefined member", { a: undefined, b: { c: undefined } }, '{"b":{}}'],
    ["the place of an undefined item", [1, undefined, 2], "[1,null,2]"],
    ["a member called __proto__", JSON.parse('{"__proto__":1,"a":2}'), '{"__proto__":1,"a":2}'],
    ["a surrogate alone, escaped", "\uD800", '"\\ud800"'],
    ["an object without prototype", Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
  ])("has %s", (_, value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });

  test("reads back as the same value", () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(value);
      }),
    );
  });

  test("does not depend on the order of members", () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalJson(reordered(value))).toBe(canonicalJson(value));
      }),
    );
  });

  test("differs for different values", () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        let differ = false;
        try {
          expect(a).toEqual(b);
        } catch {
          differ = true;
        }
        expect(canonicalJson(a) !== canonicalJson(b)).toBe(differ);
      }),
    );
  });

  test.each([
    ["a Date", new Date(0)],
    ["a Map", new Map([["a", 1]])],
    ["NaN", Number.NaN],
    ["a function", () => 1],
    ["nothing at all", undefined],
    ["one of them deep within", { a: [{ b: new Set() }] }],
  ])("refuses %s: two different ones would look the same", (_, value) => {
    expect(() => canonicalJson(value)).toThrow(/JSON/);
  });
});

describe("a digest", () => {
  test("is SHA-256 of the canonical text, in 64 lower-case digits", () => {
    expect(digestOf({ b: 1, a: [] })).toBe(createHash("sha256").update('{"a":[],"b":1}').digest("hex"));
    expect(digestOf(null)).toMatch(/^[0-9a-f]{64}$/);
  });

  test("of a text is that of its UTF-8 bytes", () => {
    expect(digestOfBytes("ä")).toBe(digestOfBytes(Buffer.from([0xc3, 0xa4])));
  });

  test("is shown with 12 digits", () => {
    expect(shortDigest("0123456789abcdef".repeat(4))).toBe("0123456789ab");
  });
});

describe("values are the same", () => {
  test.each([
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
    [{ a: 1 }, { a: 1, b: undefined }, true],
    [{ a: 1 }, { a: 1, b: null }, false],
    [[1, 2], [2, 1], false],
    [undefined, undefined, true],
    [undefined, null, false],
    ["1", 1, false],
  ])("%j and %j: %s", (a, b, same) => {
    expect(sameJson(a, b)).toBe(same);
    expect(sameJson(b, a)).toBe(same);
  });
});

describe("a stored text", () => {
  const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);
  test("is read", () => {
    expect(parseJson('{"a":[1,null,"x"]}')).toEqual({ a: [1, null, "x"] });
    expect(parseJson(nested(200))).toBeDefined();
  });
  test.each([
    ["is torn", '{"a":'],
    ["has a number without end", '{"a":[1e400]}'],
    ["is deeper than anything of ours", nested(100_000)],
    ["is as deep in its members", `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`],
  ])("that %s is none", (_, text) => {
    expect(parseJson(text)).toBeUndefined();
  });
});
