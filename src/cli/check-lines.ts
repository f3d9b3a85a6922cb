/** Checks as a terminal shows them: mark, name, what is; below it what to do. */
import { MARKS, type Check } from "../core/onboarding/check.ts";
import { oneLine } from "../core/render/encode.ts";

export function checkLine({ name, verdict, detail, fix }: Check, width = 0): string {
  const line = `${MARKS[verdict]} ${name.padEnd(width)}${width === 0 ? ":" : ""} ${oneLine(detail, 1000)}\n`;
  return fix === undefined ? line : `${line}${" ".repeat(width + 3)}→ ${oneLine(fix, 1000)}\n`;
}

/** The names stand in one column. */
export function checkTable(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length)) + 1;
  return checks.map((check) => checkLine(check, width)).join("");
}
