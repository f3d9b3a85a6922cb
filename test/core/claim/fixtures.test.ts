import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { validateTree } from "../../../src/core/claim/validate.ts";
import { compareText } from "../../../src/core/diagnostic.ts";
import { drawnAs, readExample } from "./example.ts";

const FOLDER = new URL("../../fixtures/claims/", import.meta.url);

describe("the fixtures", () => {
  test.for(readdirSync(FOLDER).filter((name) => name.endsWith(".yaml")))("%s is answered as it is drawn", (name) => {
    const { input, expected } = readExample(readFileSync(new URL(name, FOLDER), "utf8"));
    expect(validateTree(input).diagnostics.map(drawnAs).toSorted(compareText)).toEqual(expected);
  });
});
