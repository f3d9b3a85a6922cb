import { describe, expect, test } from "vitest";
import { didYouMean, editDistance } from "../../../src/core/claim/did-you-mean.ts";
import { isCovered, isHostname, suffixOf, zoneOf } from "../../../src/core/claim/hostname.ts";
import { scriptsOf, skeletonOf, unicodeOf } from "../../../src/core/claim/look-alike.ts";
import { parsePlatform } from "../../../src/core/claim/parse.ts";
import { PLATFORM } from "./example.ts";

describe("host names", () => {
  test.each([
    ["a.b", true],
    ["1.2", true],
    [`${"a".repeat(63)}.example.org`, true],
    [`${"a".repeat(64)}.example.org`, false],
    [`${"a.".repeat(126)}a`, true],
    [`${"a.".repeat(126)}ab`, false],
    ["localhost", false],
    ["A.example.org", false],
    ["a.example.org.", false],
    ["-a.example.org", false],
    ["a-.example.org", false],
    ["a..example.org", false],
    ["a_b.example.org", false],
    ["a b.example.org", false],
    ["", false],
  ])("%j is one: %s", (name, is) => {
    expect(isHostname(name)).toBe(is);
  });

  const parsed = parsePlatform("platform.yaml", new TextEncoder().encode(PLATFORM));
  if (!parsed.ok) throw new Error("a good platform");
  const platform = parsed.value;

  test.each([
    ["pay.stage.example.org", "stage.example.org", ["stage"]],
    ["pay.example.org", "example.org", ["prod"]],
    ["xstage.example.org", "example.org", ["prod"]],
    ["stage.example.org", "stage.example.org", ["stage"]],
    ["pay.example.net", undefined, undefined],
    ["notexample.org", undefined, undefined],
  ])("%s has the longest suffix %s of %s", (name, suffix, types) => {
    expect(suffixOf(name, platform)).toEqual(suffix === undefined ? undefined : { suffix, types });
    expect(zoneOf(name, platform)?.name).toBe(suffix === undefined ? undefined : "example.org");
  });

  test.each([
    ["example.org", true],
    ["pay.example.org", true],
    ["pay.stage.example.org", true],
    ["a.pay.stage.example.org", false],
    ["pay.dev.example.org", false],
    ["stage.example.org", true],
  ])("%s is covered by a certificate: %s", (name, covered) => {
    const zone = zoneOf(name, platform);
    expect(zone && isCovered(name, zone)).toBe(covered);
  });
});

describe("look-alikes", () => {
  test.each([
    ["pay1.example.org", "payl.example.org"],
    ["modern.example.org", "modem.example.org"],
    ["app0.example.org", "appo.example.org"],
    ["xn--py-7kc.example.org", "pay.example.org"],
    ["xn--py1-ela.example.org", "payl.example.org"],
  ])("%s looks like %s", (a, b) => {
    expect(skeletonOf(a)).toBe(skeletonOf(b));
  });

  test("tells other names apart", () => {
    expect(skeletonOf("pay1.example.org")).not.toBe(skeletonOf("pay2.example.org"));
  });

  test("knows scripts, those written together as one", () => {
    expect(scriptsOf("pаy")).toEqual(["Latin", "Cyrillic"]);
    expect(scriptsOf("東京とカナ")).toEqual(["East Asian"]);
    expect(scriptsOf("a-1")).toEqual(["Latin"]);
    expect(unicodeOf("xn--bcher-kva.example.org")).toBe("bücher.example.org");
    expect(unicodeOf("xn--\u007f.example.org")).toBeUndefined();
  });
});

describe("did you mean", () => {
  test.each([
    ["onwer", ["owner", "name"], "owner"],
    ["stag", ["dev", "sue", "stage", "prod"], "stage"],
    ["zzz", ["dev", "sue"], undefined],
    ["Owner", ["owner"], "owner"],
    ["owner", ["owner"], undefined],
    ["", ["a"], "a"],
  ])("%s: %s gives %s", (word, candidates, meant) => {
    expect(didYouMean(word, candidates)).toBe(meant);
  });

  test("counts a swap of neighbours as one", () => {
    expect(editDistance("exmaple", "example")).toBe(1);
    expect(editDistance("", "abc")).toBe(3);
  });
});
