/** What a benchmark is: rows, each a number of ours beside a peer's or a floor's, measured in the same run. */

export interface Row {
  readonly what: string;
  /** Ours, in the row's unit. */
  readonly ours: number;
  /** The peer's or the floor's, in the same unit. */
  readonly beside: number;
  readonly unit: "ms" | "MiB" | "calls" | "1/s";
  /** What stands beside. */
  readonly peer: string;
  readonly budget?: { readonly text: string; readonly holds: boolean };
}

/** Runs one benchmark. `scale` is 1 for the sizes of the design, less for a quick look; a count is never scaled below 1. */
export type Bench = (scale: number) => Promise<readonly Row[]>;

export function scaled(count: number, scale: number): number {
  return Math.max(1, Math.round(count * scale));
}

/** Rows as a table for the terminal, without a verdict but for the budgets: a benchmark informs, it does not fail. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map(({ what, ours, beside, unit, peer, budget }) => [
    what,
    amount(ours, unit),
    amount(beside, unit),
    `${(ours / beside).toFixed(2)} ×`,
    peer,
    budget === undefined ? "" : `${budget.text} ${budget.holds ? "✓" : "✗"}`,
  ]);
  const lines = [["what", "ours", "beside", "ratio", "beside is", "budget"], ...cells];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const isNumber = (column: number): boolean => column >= 1 && column <= 3;
  return lines
    .map((line) =>
      line
        .map((cell, column) => (isNumber(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function amount(value: number, unit: Row["unit"]): string {
  return `${value.toFixed(value < 10 && unit !== "calls" ? 1 : 0)} ${unit}`;
}

/** The middle of the values; of an even count the lower one. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}

/** Below this share of the values lie all but the slowest. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Milliseconds that `work` takes, and what it gave. */
export async function timed<T>(work: () => T | Promise<T>): Promise<{ readonly ms: number; readonly value: T }> {
  const start = performance.now();
  const value = await work();
  return { ms: performance.now() - start, value };
}
