/** Mistakes as a terminal shows them: by file, each with its place, its way out and its code, and one sentence at the end. */
import { styleText } from "node:util";
import { compareDiagnostics, type Diagnostic, type Severity } from "../diagnostic.ts";
import { oneLine } from "./encode.ts";

export interface DiagnosticsOptions {
  /** How many claims were looked at, good ones included. */
  readonly checked: number;
  /** Undefined: the time is not said. */
  readonly tookMs: number | undefined;
  /** Colour is never the only sign: the words are the same without. */
  readonly colour: boolean;
}

/** Codes stand in one column, but for messages that are longer than this. */
const MOST_ALIGNED = 100;

/** Ends with a line end. Control characters of foreign text are gone. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], options: DiagnosticsOptions): string {
  const paint = painter(options.colour);
  const rows = diagnostics.toSorted(compareDiagnostics).map((diagnostic) => ({
    path: oneLine(diagnostic.path),
    place: `${diagnostic.line}:${diagnostic.column}`,
    severity: diagnostic.severity,
    message: oneLine(diagnostic.message, 500),
    hint: oneLine(diagnostic.hint, 500),
    code: diagnostic.code,
  }));
  const placeWidth = widest(rows.map(({ place }) => place));
  const severityWidth = widest(rows.map(({ severity }) => severity));
  const messageWidth = widest(rows.map(({ message }) => message).filter(({ length }) => length <= MOST_ALIGNED));
  const groups = [...Map.groupBy(rows, ({ path }) => path)].map(([path, group]) => {
    const lines = group.flatMap(({ place, severity, message, hint, code }) => [
      `  ${place.padEnd(placeWidth)}  ${paint(severity, severity.padEnd(severityWidth))}  ${message.padEnd(messageWidth)}   ${paint("dim", code)}`,
      ...(hint === "" ? [] : [`${" ".repeat(placeWidth + severityWidth + 6)}${hint}`]),
    ]);
    return `${[paint("bold", path), ...lines].join("\n")}\n\n`;
  });
  return `${groups.join("")}${summary(diagnostics, options)}\n`;
}

function widest(texts: readonly string[]): number {
  return texts.reduce((width, { length }) => Math.max(width, length), 0);
}

/** `12 claims checked in 84 ms: 10 good, 2 with 3 mistakes.` */
export function summary(diagnostics: readonly Diagnostic[], { checked, tookMs }: Omit<DiagnosticsOptions, "colour">): string {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const inClaims = errors.filter(({ path }) => path.startsWith("environments/"));
  const elsewhere = errors.length - inClaims.length;
  const bad = new Set(inClaims.map(({ path }) => path)).size;
  const warnings = diagnostics.length - errors.length;
  const parts = [
    bad === 0
      ? checked === 1
        ? "good"
        : "all good"
      : `${Math.max(0, checked - bad)} good, ${bad} with ${count(inClaims.length, "mistake")}`,
    ...(elsewhere === 0 ? [] : [`${count(elsewhere, "mistake")} in other files`]),
    ...(warnings === 0 ? [] : [count(warnings, "warning")]),
  ];
  const head = `${count(checked, "claim")} checked${tookMs === undefined ? "" : ` in ${Math.round(tookMs)} ms`}`;
  return checked === 0 && bad === 0 ? `${[head, ...parts.slice(1)].join(", ")}.` : `${head}: ${parts.join(", ")}.`;
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}

const STYLES = { error: "red", warning: "yellow", bold: "bold", dim: "dim" } as const satisfies Record<
  Severity | "bold" | "dim",
  string
>;

function painter(colour: boolean): (style: keyof typeof STYLES, text: string) => string {
  // The caller has asked the terminal; here nothing is asked again.
  return (style, text) => (colour ? styleText(STYLES[style], text, { validateStream: false }) : text);
}
