import { createRequire } from "node:module";
import type * as YamlModule from "yaml";

// Loaded when the first file needs it: a start with nothing wrong does not pay for it.
let yamlModule: typeof YamlModule | undefined;
/** The parser with places. */
export function yaml(): typeof YamlModule {
  return (yamlModule ??= createRequire(import.meta.url)("yaml") as typeof YamlModule);
}
