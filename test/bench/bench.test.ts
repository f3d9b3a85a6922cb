/** That each benchmark still runs, on sizes that say nothing: no time is judged here. */
import { describe, expect, test } from "vitest";
import { median, percentile, table, type Row } from "./bench.ts";
import { BENCHES } from "./index.ts";

const ROW: Row = { what: "ten claims", ours: 20, beside: 8, unit: "ms", peer: "a peer", budget: { text: "< 3 ×", holds: true } };

test("the table shows the ratio, and whether a budget holds", () => {
  expect(table([ROW, { ...ROW, ours: 1234, budget: { text: "< 3 ×", holds: false } }])).toBe(
    [
      "what           ours  beside     ratio  beside is  budget",
      "ten claims    20 ms  8.0 ms    2.50 ×  a peer     < 3 × ✓",
      "ten claims  1234 ms  8.0 ms  154.25 ×  a peer     < 3 × ✗",
    ].join("\n"),
  );
});

test("the median and the slowest hundredth", () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect([median(values), percentile(values, 0.99), median([3]), median([4, 2])]).toEqual([50, 100, 3, 2]);
});

describe.each(Object.entries(BENCHES))("the benchmark %s", (_, load) => {
  test("runs", { timeout: 120_000 }, async () => {
    const rows = await (await load())(0.01);
    expect(rows).not.toEqual([]);
    for (const { what, ours, beside } of rows) expect({ what, isSane: ours > 0 && beside > 0 }).toEqual({ what, isSane: true });
  });
});
