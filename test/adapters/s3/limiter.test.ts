import { setImmediate as breathe } from "node:timers/promises";
import { expect, test } from "vitest";
import { limiter } from "../../../src/adapters/s3/limiter.ts";

test("so many are at work, the others come in their order, and none is left out, also after failures", async () => {
  const limit = limiter(3);
  let [running, most] = [0, 0];
  const begun: number[] = [];
  const work = Array.from({ length: 20 }, async (_, index) =>
    limit(async () => {
      begun.push(index);
      most = Math.max(most, (running += 1));
      await breathe();
      running -= 1;
      if (index % 5 === 0) throw new Error(`number ${index}`);
      return index;
    }),
  );
  const ends = await Promise.allSettled(work);
  expect(ends.filter(({ status }) => status === "rejected")).toHaveLength(4);
  expect(most).toBe(3);
  expect(begun).toEqual(Array.from({ length: 20 }, (_, index) => index));
});

test("whoever gives up in the line leaves it, and takes no place", async () => {
  const limit = limiter(1);
  const gate = Promise.withResolvers<void>();
  const first = limit(async () => gate.promise);
  const caller = new AbortController();
  const second = limit(async () => "second", caller.signal);
  const third = limit(async () => "third");
  caller.abort(new Error("no longer"));
  await expect(second).rejects.toThrow("no longer");
  gate.resolve();
  await first;
  expect(await third).toBe("third");
  expect(await limit(async () => "fourth")).toBe("fourth");
  await expect(limit(async () => "fifth", caller.signal)).rejects.toThrow("no longer");
});
