/** What is wrong with an audit log is named, whatever was done to it. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { auditKey, endAfter, entryText, nextEntry, type AuditEvent, type ChainEnd } from "../../src/core/audit.ts";
import { digestOfBytes } from "../../src/core/json.ts";
import { verifyAudit, type StoredEntry } from "../../src/core/verify-audit.ts";

const EVENT: AuditEvent = {
  kind: "Publication",
  by: { account: "mara", host: "desk" },
  commit: "c".repeat(40),
  plans: [{ environment: "shop-dev", planDigest: "d".repeat(64) }],
  proof: "gitlab",
};

/** A chain of `count` entries and those that open it and close its months; a month has three. */
function chainOf(count: number): readonly StoredEntry[] {
  const stored: StoredEntry[] = [];
  let end: ChainEnd | undefined;
  for (let index = 0; index < count;) {
    const at = new Date(Date.UTC(2026, 9 + Math.floor(index / 3), 3, index)).toISOString();
    const { key, entry } = nextEntry(end, EVENT, { at, instance: "one" });
    const text = entryText(entry);
    stored.push({ key, text });
    end = endAfter(key, entry, text);
    if (entry.event === EVENT) index += 1;
  }
  return stored;
}

const CHAIN = chainOf(7);
const HEAD = { key: CHAIN.at(-1)?.key ?? "", digest: digestOfBytes(CHAIN.at(-1)?.text ?? "") };
const faultsOf = (stored: readonly StoredEntry[], quoted = [HEAD]): readonly string[] =>
  verifyAudit(stored, quoted).faults.map(({ fault, key }) => `${fault} ${key}`);

test("nothing is wrong with a whole one, nor with none", () => {
  expect(CHAIN.map(({ key }) => key).slice(0, 6)).toEqual([
    "audit/0000-00/00000001.json",
    "audit/2026-10/00000002.json",
    "audit/2026-10/00000003.json",
    "audit/2026-10/00000004.json",
    "audit/2026-10/00000005.json",
    "audit/2026-11/00000006.json",
  ]);
  expect(faultsOf(CHAIN)).toEqual([]);
  expect(verifyAudit(CHAIN).entries).toHaveLength(CHAIN.length);
  expect(faultsOf([], [])).toEqual([]);
});

describe("is named", () => {
  const at = (index: number): StoredEntry => CHAIN[index] ?? { key: "", text: "" };
  const rekeyed = (index: number, key: string): readonly StoredEntry[] =>
    CHAIN.with(index, { ...at(index), key }).toSorted((a, b) => (a.key < b.key ? -1 : 1));
  test.each<[string, readonly StoredEntry[], string]>([
    ["an entry that was taken out", CHAIN.toSpliced(3, 1), `missing ${at(4).key}`],
    ["the first one, taken out", CHAIN.slice(1), `missing ${at(1).key}`],
    ["the newest, cut off", CHAIN.slice(0, -1), `head ${HEAD.key}`],
    ["the whole log, gone", [], `head ${HEAD.key}`],
    ["a torn one", CHAIN.with(3, { ...at(3), text: at(3).text.slice(0, 40) }), `unreadable ${at(3).key}`],
    ["one whose place another one took", CHAIN.with(3, { ...at(3), text: at(2).text }), `misplaced ${at(3).key}`],
    ["a fork into another month", [...CHAIN, { ...at(3), key: auditKey("2027-12", 4) }], `month ${auditKey("2027-12", 4)}`],
    [
      "one that stands in a month that nobody opened",
      rekeyed(CHAIN.length - 1, auditKey("2027-07", 10)),
      `month ${auditKey("2027-07", 10)}`,
    ],
    ["a foreign object", [...CHAIN, { key: "audit/notes.txt", text: "hello" }], "misplaced audit/notes.txt"],
  ])("%s", (_, stored, fault) => {
    expect(faultsOf(stored)).toContain(fault);
  });

  test("any byte of any entry that is another, at that entry or the next", () => {
    fc.assert(
      fc.property(fc.nat(CHAIN.length - 1), fc.nat(1_000), fc.integer({ min: 1, max: 255 }), (index, place, other) => {
        const bytes = Buffer.from(at(index).text);
        const byte = place % bytes.length;
        bytes[byte] = (bytes[byte] ?? 0) ^ other;
        const faults = faultsOf(CHAIN.with(index, { ...at(index), text: bytes.toString("latin1") }));
        const places = [at(index).key, CHAIN[index + 1]?.key].filter((key) => key !== undefined);
        expect(faults.some((fault) => places.some((key) => fault.endsWith(key)))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test("an entry that was written anew with all that follow it: by whoever quoted one of them", () => {
    const forged = chainOf(7).map((entry) => entry);
    let end: ChainEnd | undefined;
    const rewritten = forged.map(({ text }) => {
      const entry = JSON.parse(text) as Parameters<typeof entryText>[0];
      const { key } = nextEntry(end, entry.event, { at: "", instance: "" });
      const changed = { ...entry, instance: "forged", ...(end && { previous: end.digest }) };
      end = endAfter(key, changed, entryText(changed));
      return { key, text: entryText(changed) };
    });
    expect(faultsOf(rewritten, [])).toEqual([]);
    expect(faultsOf(rewritten)).toEqual([`head ${HEAD.key}`]);
  });
});
