/** Mistakes as GitLab's Code Quality report: they stand in the merge request's widget and beside the changed lines. */
import { compareDiagnostics, type Diagnostic } from "../diagnostic.ts";
import { digestOf } from "../json.ts";
import { oneLine } from "./encode.ts";

const SEVERITIES = { error: "major", warning: "minor" } as const;

/** JSON, `[]` when all is well. A fingerprint stays when lines move: GitLab then knows the same mistake again. */
export function renderCodeQuality(diagnostics: readonly Diagnostic[]): string {
  const seen = new Map<string, number>();
  const issues = diagnostics.toSorted(compareDiagnostics).map(({ code, severity, path, line, message, hint }) => {
    const identity = JSON.stringify([path, code, message]);
    const nth = seen.get(identity) ?? 0;
    seen.set(identity, nth + 1);
    return {
      description: oneLine(`${message} ${hint}`, 1_000),
      check_name: code,
      fingerprint: digestOf([path, code, message, nth]),
      severity: SEVERITIES[severity],
      location: { path, lines: { begin: line } },
    };
  });
  return `${JSON.stringify(issues, undefined, 2)}\n`;
}
