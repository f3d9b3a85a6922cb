/** claimbot schema: the JSON schema of claims or of platform.yaml. */
import { readFileSync } from "node:fs";
import type { Run } from "./run.ts";
import { WrongUse } from "./exit.ts";
import { readWords } from "./words.ts";

export const schema: Run = async (words, terminal) => {
  const [name] = readWords(words, {}, 1).positionals;
  if (name !== "claim" && name !== "platform") throw new WrongUse("schema needs claim or platform");
  terminal.out(readFileSync(new URL(`../../schemas/${name}.v1.schema.json`, import.meta.url), "utf8"));
  return 0;
};
