/** From bytes to text: UTF-8 of a bounded size, without characters that hide what they do. */
import type { Diagnostic } from "../diagnostic.ts";

const MAX_SIZE_BYTES = 256 * 1024;

/**
 * Control characters but tab and line ends, a carriage return alone, byte order marks within the text, line and paragraph separators,
 * non-characters, and the marks that turn the direction of writing (a reviewer would see another text than the machine reads).
 */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const HIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]|\r(?!\n)/g;

export type Decoded =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** A byte order mark at the start is left out: some editors write it, and it means nothing. */
export function decode(path: string, bytes: Uint8Array): Decoded {
  if (bytes.byteLength > MAX_SIZE_BYTES) {
    const kibibytes = Math.ceil(bytes.byteLength / 1024);
    return refused(
      path,
      "yaml/size",
      `The file has ${kibibytes} KiB, more than 256.`,
      "Split it, or move large settings out of it.",
    );
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return refused(path, "yaml/encoding", "The file is not UTF-8.", "Save it as UTF-8.", placeOfBadByte(bytes));
  }
  if (text.search(HIDDEN) === -1) return { ok: true, text };
  return { ok: false, diagnostics: [...text.matchAll(HIDDEN)].slice(0, 100).map((match) => hidden(path, text, match)) };
}

function hidden(path: string, text: string, match: RegExpMatchArray): Diagnostic {
  const before = text.slice(0, match.index).split("\n");
  const column = (before.at(-1) ?? "").length + 1;
  const name = `U+${match[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
  return {
    code: "yaml/character",
    severity: "error",
    path,
    line: before.length,
    column,
    endColumn: column + 1,
    message: `The character ${name} is not allowed: it cannot be seen, or hides how the text is read.`,
    hint: 'Remove it, or write it as an escape such as "\\u200e" in double quotes.',
  };
}

function refused(path: string, code: string, message: string, hint: string, place = { line: 1, column: 1 }): Decoded {
  return { ok: false, diagnostics: [{ code, severity: "error", path, ...place, endColumn: place.column + 1, message, hint }] };
}

function placeOfBadByte(bytes: Uint8Array): { readonly line: number; readonly column: number } {
  const valid = new TextDecoder("utf-8").decode(bytes).split("\ufffd", 1)[0] ?? "";
  const lines = valid.split("\n");
  return { line: lines.length, column: (lines.at(-1) ?? "").length + 1 };
}
