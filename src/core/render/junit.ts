/** Mistakes as a JUnit report: one test for each claim file, which fails where the file has errors. */
import { compareDiagnostics, compareText, type Diagnostic } from "../diagnostic.ts";
import { oneLine } from "./encode.ts";

/** XML. `paths` are all files that were looked at; others that have mistakes are added. */
export function renderJunit(paths: readonly string[], diagnostics: readonly Diagnostic[]): string {
  const byPath = Map.groupBy(diagnostics.toSorted(compareDiagnostics), ({ path }) => path);
  const all = [...new Set([...paths, ...byPath.keys()])].toSorted(compareText);
  const cases = all.map((path) => ({ path, found: byPath.get(path) ?? [] }));
  const failures = cases.filter(({ found }) => errorsOf(found).length > 0).length;
  const counts = `tests="${cases.length}" failures="${failures}" errors="0" skipped="0"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="claimbot" ${counts}>`,
    `  <testsuite name="claims" ${counts}>`,
    ...cases.map(({ path, found }) => testCase(path, found)),
    "  </testsuite>",
    "</testsuites>\n",
  ].join("\n");
}

function testCase(path: string, found: readonly Diagnostic[]): string {
  const folder = path.split("/").slice(0, -1).join(".") || "platform";
  const open = `    <testcase classname="${escaped(folder)}" name="${escaped(path)}" file="${escaped(path)}" time="0"`;
  if (found.length === 0) return `${open}/>`;
  const errors = errorsOf(found);
  const warnings = found.filter(({ severity }) => severity === "warning");
  // GitLab shows the first failure only, so all mistakes of a file are one.
  return [
    `${open}>`,
    ...(errors[0] === undefined
      ? []
      : [
          `      <failure type="${escaped(errors[0].code)}" message="${escaped(errors.length === 1 ? errors[0].message : `${errors.length} mistakes`)}">${linesOf(errors)}</failure>`,
        ]),
    ...(warnings.length === 0 ? [] : [`      <system-out>${linesOf(warnings)}</system-out>`]),
    "    </testcase>",
  ].join("\n");
}

function errorsOf(found: readonly Diagnostic[]): readonly Diagnostic[] {
  return found.filter(({ severity }) => severity === "error");
}

function linesOf(found: readonly Diagnostic[]): string {
  return found
    .map(({ path, line, column, message, hint, code }) => escaped(`${path}:${line}:${column} ${message} ${hint} (${code})`))
    .join("\n");
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };

/** XML 1.0 has no place for control characters and non-characters, not even escaped; surrogates without a partner are none either. */
function escaped(text: string): string {
  return oneLine(text, 2_000)
    .toWellFormed()
    .replaceAll(/[\ufffe\uffff]/g, "\ufffd")
    .replaceAll(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}
