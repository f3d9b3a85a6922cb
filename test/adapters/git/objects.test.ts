import * as fc from "fast-check";
import { expect, test } from "vitest";
import { MAX_BLOB_BYTES } from "../../../src/adapters/git/blob.ts";
import { batchReader } from "../../../src/adapters/git/objects.ts";
import { isRefName } from "../../../src/adapters/git/ref.ts";

test("what cat-file prints is read the same, however it is cut into chunks", () => {
  const blob = fc.record({
    id: fc.stringMatching(/^[0-9a-f]{40}$/),
    body: fc.uint8Array({ maxLength: 40 }),
    missing: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(blob), fc.infiniteStream(fc.integer({ min: 1, max: 30 })), (blobs, sizes) => {
      const printed = Buffer.concat(
        blobs.flatMap(({ id, body, missing }) =>
          missing ? [Buffer.from(`${id} missing\n`)] : [Buffer.from(`${id} blob ${body.byteLength}\n`), body, Buffer.from("\n")],
        ),
      );
      const read: unknown[] = [];
      const reader = batchReader((id, type, body) => read.push([id, type, [...body]]));
      for (let at = 0; at < printed.byteLength;) {
        const size = sizes.next().value ?? 1;
        reader(printed.subarray(at, at + size));
        at += size;
      }
      expect(read).toEqual(blobs.filter(({ missing }) => !missing).map(({ id, body }) => [id, "blob", [...body]]));
    }),
  );
});

test("a blob of any length takes no more memory than the limit", () => {
  let got = 0;
  const reader = batchReader((_, __, body) => (got = body.byteLength));
  const size = MAX_BLOB_BYTES * 5;
  reader(Buffer.from(`${"a".repeat(40)} blob ${size}\n`));
  for (let left = size; left > 0; left -= 65_536) reader(Buffer.alloc(Math.min(left, 65_536)));
  reader(Buffer.from("\n"));
  expect(got).toBe(MAX_BLOB_BYTES + 1);
});

test.each([
  ["refs/heads/main", true],
  ["refs/merge-requests/12/head", true],
  ["refs/heads/--upload-pack=x", true],
  ["refs/heads/$(id)", true],
  ["main", false],
  ["--upload-pack=x", false],
  ["refs/heads/a b", false],
  ["refs/heads/a\nb", false],
  ["refs/heads/a..b", false],
  ["refs/heads/.a", false],
  ["refs/heads/a.lock", false],
  ["refs/heads/a.lock/b", false],
  ["refs/heads/a//b", false],
  ["refs/heads/", false],
  ["refs/heads/a:refs/heads/b", false],
  ["+refs/heads/a", false],
])("%j is a ref name: %s", (name, expected) => {
  expect(isRefName(name)).toBe(expected);
});
