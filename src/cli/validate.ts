/** claimbot validate: every claim on disk, every mistake at its line. Needs no setting and no network. */
import { statSync } from "node:fs";
import { filesOnDisk } from "../adapters/git/files-on-disk.ts";
import { validateTree, type TreeVerdict } from "../core/claim/validate.ts";
import { renderCodeQuality } from "../core/render/code-quality.ts";
import { renderDiagnostics } from "../core/render/diagnostics.ts";
import { renderJunit } from "../core/render/junit.ts";
import type { Run } from "./commands.ts";
import { WrongUse } from "./exit.ts";
import { oneOf, readWords } from "./words.ts";

export const validate: Run = async (words, terminal) => {
  const { values, positionals } = readWords(words, { format: { type: "string" } }, 1);
  const format = oneOf("format", values.format, ["text", "json", "code-quality", "junit"]);
  const directory = terminal.path(positionals[0] ?? ".");
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new WrongUse(`${directory} is not a directory`);
  const started = performance.now();
  const files = filesOnDisk(directory, ["environments", "platform.yaml"]);
  const verdict = validateTree({ files, rules: undefined });
  const paths = files.map(({ path }) => path).filter((path) => path !== "platform.yaml");
  const tookMs = Math.round(performance.now() - started);
  switch (format) {
    case "text":
      terminal.out(renderDiagnostics(verdict.diagnostics, { checked: paths.length, tookMs, colour: terminal.colour }));
      break;
    case "json":
      terminal.out(`${JSON.stringify(jsonOf(verdict, paths.length), null, 2)}\n`);
      break;
    case "code-quality":
      terminal.out(renderCodeQuality(verdict.diagnostics));
      break;
    case "junit":
      terminal.out(renderJunit(paths, verdict.diagnostics));
  }
  return verdict.diagnostics.some(({ severity }) => severity === "error") ? 1 : 0;
};

/** Stable: members are only ever added (docs/json.md). */
function jsonOf({ claims, diagnostics }: TreeVerdict, checked: number): object {
  const broken = new Set(diagnostics.filter(({ severity }) => severity === "error").map(({ path }) => path));
  return { checked, good: claims.filter(({ path }) => !broken.has(path)).length, diagnostics };
}
