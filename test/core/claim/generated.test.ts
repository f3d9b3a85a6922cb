import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { absolute, generated } from "../../../schemas/generate.ts";

test("types, validators and the page of the rules are what `npm run generate` writes", async () => {
  const files = await generated();
  const written = await Promise.all(files.map(async ({ path }) => ({ path, text: await readFile(absolute(path), "utf8") })));
  expect(written).toEqual(files);
});
