/** Where in a file a value stands. Asked only where something is wrong, so that a good file never pays for it. */
import type { Diagnostic, Severity } from "../diagnostic.ts";

/** All from 1; columns in UTF-16 code units; the end is the column after the last one, on the same line. */
export interface Place {
  readonly line: number;
  readonly column: number;
  readonly endColumn: number;
}

export interface Places {
  /** The value at a JSON pointer; the key of a value that is empty or a block; the nearest thing above one that is not there. */
  value(pointer: string): Place;
  /** The key of the member at a JSON pointer; the value of an item of a list. */
  key(pointer: string): Place;
  /** The text of a line, without its end. */
  line(line: number): string;
}

/** What a rule found: where, what and the way out; `locate` makes a Diagnostic of it. */
export interface Finding {
  /** JSON pointer, such as `/spec/dns/hostnames/0`. */
  readonly pointer: string;
  /** Point at the key instead of the value. */
  readonly atKey?: true;
  readonly message: string;
  readonly hint: string;
  /** An error where it is not said. */
  readonly severity?: Severity;
  /** What should stand in the scalar's place, where the mend is known. */
  readonly replacement?: string;
  /** The mend is to put the scalar in quotes. */
  readonly quote?: true;
}

export function locate(path: string, places: Places, code: string, finding: Finding): Diagnostic {
  const place = finding.atKey ? places.key(finding.pointer) : places.value(finding.pointer);
  const line = places.line(place.line);
  const replacement = finding.quote ? `"${line.slice(place.column - 1, place.endColumn - 1)}"` : finding.replacement;
  const suggestion = replacement === undefined ? undefined : mended(line, place, replacement);
  return {
    code,
    severity: finding.severity ?? "error",
    path,
    ...place,
    message: finding.message,
    hint: finding.hint,
    ...(suggestion !== undefined && { suggestion }),
  };
}

/** The line with the scalar replaced, in the quotes that it had. */
function mended(line: string, { column, endColumn }: Place, replacement: string): string {
  const old = line.slice(column - 1, endColumn - 1);
  const quote = /^(["']).*\1$/s.exec(old)?.[1];
  const text = quote === undefined || replacement.startsWith(quote) ? replacement : `${quote}${replacement}${quote}`;
  return line.slice(0, column - 1) + text + line.slice(endColumn - 1);
}

/** Places that are found out at the first question. */
export function lazyPlaces(find: () => Places): Places {
  let found: Places | undefined;
  const places = (): Places => (found ??= find());
  return {
    value: (pointer) => places().value(pointer),
    key: (pointer) => places().key(pointer),
    line: (line) => places().line(line),
  };
}

export function pointerOf(...segments: readonly (string | number)[]): string {
  return segments.map((segment) => `/${String(segment).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

export function segmentsOf(pointer: string): readonly string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** Text from a file, short enough for a message. */
export function shown(text: string, most = 80): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
