import { expect, test } from "vitest";
import { batched } from "../../src/adapters/batched.ts";

test("what comes while one run is under way goes together into the next, and each gets its own answer", async () => {
  const runs: (readonly number[])[] = [];
  let go!: () => void;
  const first = new Promise<void>((resolve) => (go = resolve));
  const double = batched(async (items: readonly number[]) => {
    runs.push(items);
    if (runs.length === 1) await first;
    return items.map((item) => item * 2);
  });
  const answers = [1, 2, 3, 4].map(double);
  go();
  expect(await Promise.all(answers)).toEqual([2, 4, 6, 8]);
  expect(runs).toEqual([[1], [2, 3, 4]]);
});

test("no run is larger than it may be", async () => {
  const sizes: number[] = [];
  const same = batched(async (items: readonly number[]) => {
    sizes.push(items.length);
    return items;
  }, 2);
  await Promise.all([1, 2, 3, 4, 5].map(same));
  expect(sizes).toEqual([1, 2, 2]);
});

test("one bad item fails alone, and later ones are not held up", async () => {
  const store = batched(async (items: readonly string[]) => {
    if (items.includes("bad")) throw new Error("cannot be stored");
    return items;
  });
  const answers = await Promise.allSettled(["a", "b", "bad", "c"].map(store));
  expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
  expect(await store("d")).toBe("d");
});
