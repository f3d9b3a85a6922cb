/** Writes the TypeScript types of the claim language from its schemas: `npm run generate`. A test holds them current. */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { compile, type JSONSchema } from "json-schema-to-typescript";

const NAMES = ["claim", "platform"] as const;

/** The text of `src/core/claim/<name>.generated.ts`. */
export async function typesOf(name: (typeof NAMES)[number]): Promise<string> {
  const schema = JSON.parse(await readFile(new URL(`./${name}.v1.schema.json`, import.meta.url), "utf8")) as JSONSchema;
  return compile(schema, name, {
    bannerComment: `/** Generated from schemas/${name}.v1.schema.json by \`npm run generate\`. */`,
    additionalProperties: true,
    maxItems: -1,
    ignoreMinAndMaxItems: true,
    style: { printWidth: 120 },
  });
}

export function pathOf(name: (typeof NAMES)[number]): string {
  return fileURLToPath(new URL(`../src/core/claim/${name}.generated.ts`, import.meta.url));
}

if (import.meta.main) for (const name of NAMES) await writeFile(pathOf(name), await typesOf(name));
