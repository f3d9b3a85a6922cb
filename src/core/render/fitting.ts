/** Whole lines up to so many characters, one at least, then how many are left. */
export function fitting(lines: readonly string[], budget: number, more: (left: number) => string): readonly string[] {
  const shown: string[] = [];
  let length = 0;
  for (const line of lines) {
    length += line.length + 1;
    if (length > budget && shown.length > 0) return [...shown, more(lines.length - shown.length)];
    shown.push(line);
  }
  return shown;
}
