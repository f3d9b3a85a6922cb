/** claimbot validate: every claim on disk, every mistake at its line. Needs no setting and no network. */
import { statSync } from "node:fs";
import type { Policy } from "../core/adopted.ts";
import { validateTree, type TreeVerdict } from "../core/claim/validate.ts";
import type { Diagnostic } from "../core/diagnostic.ts";
import { renderCodeQuality } from "../core/render/code-quality.ts";
import { renderDiagnostics } from "../core/render/diagnostics.ts";
import { renderJunit } from "../core/render/junit.ts";
import type { Run } from "./run.ts";
import { diskFiles } from "./disk-files.ts";
import { WrongUse } from "./exit.ts";
import { oneOf, readWords } from "./words.ts";

export const validate: Run = async (words, terminal) => {
  const { values, positionals } = readWords(words, { format: { type: "string" } }, 1);
  const format = oneOf("format", values.format, ["text", "json", "code-quality", "junit"]);
  const directory = terminal.path(positionals[0] ?? ".");
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new WrongUse(`${directory} is not a directory`);
  const started = performance.now();
  const { files, policies } = diskFiles(directory);
  const verdict = validateTree({ files, rules: undefined });
  const diagnostics = [...verdict.diagnostics, ...(await policyMistakes(policies))];
  const paths = files.map(({ path }) => path).filter((path) => path !== "platform.yaml");
  const tookMs = Math.round(performance.now() - started);
  switch (format) {
    case "text":
      terminal.out(renderDiagnostics(diagnostics, { checked: paths.length, tookMs, colour: terminal.colour }));
      break;
    case "json":
      terminal.out(`${JSON.stringify(jsonOf(verdict, diagnostics, paths.length), null, 2)}\n`);
      break;
    case "code-quality":
      terminal.out(renderCodeQuality(diagnostics));
      break;
    case "junit":
      terminal.out(renderJunit(paths, diagnostics));
  }
  return diagnostics.some(({ severity }) => severity === "error") ? 1 : 0;
};

/** Cedar is loaded only where there is a policy to read. */
async function policyMistakes(policies: readonly Policy[]): Promise<readonly Diagnostic[]> {
  if (policies.length === 0) return [];
  const { checkPolicies } = await import("../core/permission.ts");
  return checkPolicies(policies);
}

/** Stable: members are only ever added (docs/json.md). */
function jsonOf({ claims }: TreeVerdict, diagnostics: readonly Diagnostic[], checked: number): object {
  const broken = new Set(diagnostics.filter(({ severity }) => severity === "error").map(({ path }) => path));
  return { checked, good: claims.filter(({ path }) => !broken.has(path)).length, diagnostics };
}
