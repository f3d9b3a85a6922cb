/** The peer of `validate`: what a small script of somebody else would do, js-yaml and ajv over the same files, and no rule beyond the schema. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { load } from "js-yaml";

const SCHEMA = new URL("../../../schemas/claim.v1.schema.json", import.meta.url);

/** @returns {(text: string) => boolean} */
export function openPeer() {
  const ajv = new Ajv2020({ allErrors: true, strict: false });
  formats.default(ajv);
  const validate = ajv.compile(JSON.parse(readFileSync(SCHEMA, "utf8")));
  return (text) => validate(load(text));
}

/** @param {string} directory */
function main(directory) {
  const isValid = openPeer();
  const paths = readdirSync(join(directory, "environments"), { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith(".yaml"),
  );
  const bad = paths.filter((path) => !isValid(readFileSync(join(directory, "environments", path), "utf8")));
  process.stdout.write(`${paths.length} files, ${bad.length} bad\n`);
  return bad.length === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = main(process.argv[2] ?? ".");
