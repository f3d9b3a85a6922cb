/** CSV as RFC 4180 has it, for spreadsheets that run what looks like a formula (CWE-1236; OWASP, CSV injection, read 2026-11-24). */
import { oneLine } from "./encode.ts";

type Cell = string | number | undefined;

/** Every cell is quoted, every line ends in CRLF. A cell that a spreadsheet would calculate is text from its first character on. */
export function csv(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [header, ...rows].map((cells) => `${cells.map(cellOf).join(",")}\r\n`).join("");
}

/** What a spreadsheet takes for the beginning of a formula, also in full width and after white space. */
const FORMULA = /^\s*[=+\-@＝＋－＠]/;

function cellOf(cell: Cell): string {
  if (typeof cell === "number") return `"${cell}"`;
  const line = oneLine(cell ?? "", 2_000);
  return `"${(FORMULA.test(line) ? `'${line}` : line).replaceAll('"', '""')}"`;
}
