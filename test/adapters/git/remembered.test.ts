import { expect, test } from "vitest";
import type { Repository } from "../../../src/core/ports.ts";
import { remembered } from "../../../src/adapters/git/remembered.ts";

const [A, B] = ["a".repeat(40), "b".repeat(40)] as const;

/** Answers with how often it was asked so far; `refuse` makes the next answer a failure. */
function counting(): { readonly repository: Repository; readonly asked: string[]; refuse: boolean } {
  const asked: string[] = [];
  const state = { asked, refuse: false, repository: undefined as unknown as Repository };
  const answer =
    (method: string) =>
    async (...words: readonly unknown[]) => {
      asked.push([method, ...words.flat()].join(" "));
      if (state.refuse) throw new Error("not now");
      return `${method} ${asked.length}`;
    };
  const methods = [
    "fetch",
    "commit",
    "mergeResult",
    "tree",
    "blobs",
    "isAncestor",
    "parent",
    "lastChange",
    "peopleBetween",
    "fileDiffs",
  ];
  state.repository = Object.fromEntries(methods.map((method) => [method, answer(method)])) as unknown as Repository;
  return state;
}

test("what is named by ids is asked once, and each question for itself", async () => {
  const { repository, asked } = counting();
  const git = remembered(repository);
  for (let time = 0; time < 2; time += 1) {
    await git.commit(A);
    await git.tree(A, ["environments"]);
    await git.tree(A, ["environments", "policies"]);
    await git.tree(A);
    await git.isAncestor(A, B);
    await git.isAncestor(B, A);
    await git.parent(A);
    await git.lastChange(A, ["one.yaml"]);
    await git.lastChange(B, ["one.yaml"]);
    await git.peopleBetween(A, B);
  }
  expect(asked).toHaveLength(10);
  expect(new Set(asked).size).toBe(10);
});

test("what may be another thing tomorrow is asked each time", async () => {
  const { repository, asked } = counting();
  const git = remembered(repository);
  for (let time = 0; time < 2; time += 1) {
    await git.fetch(["refs/heads/main"]);
    await git.commit("refs/heads/main");
    await git.mergeResult(A, B);
    await git.fileDiffs(A, B, []);
  }
  expect(asked).toHaveLength(8);
});

test("two who ask at once are answered by one; a failure is no answer to the next", async () => {
  const state = counting();
  const git = remembered(state.repository);
  state.refuse = true;
  const both = await Promise.allSettled([git.parent(A), git.parent(A)]);
  expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(state.asked).toHaveLength(1);
  state.refuse = false;
  expect(await git.parent(A)).toBe("parent 2");
  expect(await git.parent(A)).toBe("parent 2");
});

test("keeps what was used last, and nothing of a repository that was thrown away", async () => {
  const { repository, asked } = counting();
  const git = remembered(repository);
  const id = (number: number): string => number.toString(16).padStart(40, "0");
  for (let number = 0; number < 8; number += 1) await git.tree(id(number));
  await git.tree(id(0));
  await git.tree(id(8));
  asked.length = 0;
  await git.tree(id(0));
  expect(asked).toEqual([]);
  await git.tree(id(1));
  expect(asked).toHaveLength(1);
  git.forget();
  await git.tree(id(0));
  expect(asked).toHaveLength(2);
});

test("small blobs are read once, beside others that are not known yet; large ones each time", async () => {
  const asked: (readonly string[])[] = [];
  const sizes: Readonly<Record<string, number>> = { [A]: 10, [B]: 10, large: 256 * 1024 + 1 };
  const read: Pick<Repository, "blobs"> = {
    blobs: async (ids) => {
      asked.push(ids);
      return new Map(ids.map((id) => [id, new Uint8Array(sizes[id] ?? expect.fail(id))]));
    },
  };
  const git = remembered(read as Repository);
  const sizesOf = async (...ids: readonly string[]): Promise<unknown> => {
    const found = await git.blobs(ids);
    return ids.map((id) => found.get(id)?.byteLength);
  };
  expect(await sizesOf(A, "large")).toEqual([10, 256 * 1024 + 1]);
  expect(await sizesOf(A, B)).toEqual([10, 10]);
  expect(await sizesOf(B, A)).toEqual([10, 10]);
  await git.blobs(["large"]);
  expect(asked).toEqual([[A, "large"], [B], ["large"]]);
});
