/** The first kind of wrong (STYLE): what the author of a file should change, where and how. */

export type Severity = "error" | "warning";

export interface Diagnostic {
  /** Stable and public, such as `claim/hostname-outside-zone`. Never renamed. */
  readonly code: string;
  readonly severity: Severity;
  /** Path from the root of the claim repository, with forward slashes. */
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
  /** The column after the last one, on the same line. */
  readonly endColumn: number;
  /** What is wrong: names the thing and the reason, in one sentence. May hold foreign text: every renderer encodes it. */
  readonly message: string;
  /** The way out. */
  readonly hint: string;
  /** The whole new line, where the mend is known. */
  readonly suggestion?: string;
}

/** By path, then place, then code: the order in which people read. */
export function compareDiagnostics(a: Diagnostic, b: Diagnostic): number {
  return (
    compareText(a.path, b.path) ||
    a.line - b.line ||
    a.column - b.column ||
    compareText(a.code, b.code) ||
    compareText(a.message, b.message)
  );
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
