import { expect, test } from "vitest";
import { ApiError } from "../../../src/sandbox/cloudflare/api-error.ts";
import type { PlanName } from "../../../src/sandbox/cloudflare/plans.ts";
import { createRecord, patchRecord, transact } from "../../../src/sandbox/cloudflare/records.ts";
import { idOf, newZone, type DnsRecord, type Stamp, type Zone } from "../../../src/sandbox/cloudflare/zone.ts";

const A = { type: "A", name: "pay", content: "192.0.2.1" };

function emptyZone(plan: PlanName = "business"): {
  readonly zone: Zone;
  readonly make: (body: unknown) => DnsRecord;
  readonly stamp: Stamp;
} {
  const zone = newZone("example.org", plan, "2026-01-01T00:00:00.000Z");
  let count = 0;
  const stamp = { now: () => `2026-01-01T00:00:${String(count).padStart(2, "0")}.000Z`, newId: () => idOf(String((count += 1))) };
  return { zone, stamp, make: (body) => transact(zone, (draft) => createRecord(zone, draft, body, stamp)) };
}

/** The code of a refusal: the one in the chain, where there is one. */
function codeOf(act: () => unknown): number | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const [first] = error.errors;
    return first?.error_chain?.[0]?.code ?? first?.code;
  }
}

test.each([
  ["pay", "pay.example.org"],
  ["PAY.Example.ORG.", "pay.example.org"],
  ["@", "example.org"],
  ["*.dev", "*.dev.example.org"],
  ["_acme-challenge.pay", "_acme-challenge.pay.example.org"],
  ["bücher", "xn--bcher-kva.example.org"],
  // Outside the zone: the real API takes it for a relative name.
  ["pay.example.net", "pay.example.net.example.org"],
])("stores the name %s as %s", (name, stored) => {
  expect(emptyZone().make({ ...A, name }).name).toBe(stored);
});

test.each([
  ["AAAA", "2001:DB8:0:0::1", "2001:db8::1"],
  ["CNAME", "Gateway.Example.NET.", "gateway.example.net"],
  ["TXT", '"a" "b"', '"a" "b"'],
  ["TXT", "v=1; x", "v=1; x"],
])("stores the content of %s %s as %s", (type, content, stored) => {
  expect(emptyZone().make({ type, name: "x", content }).content).toBe(stored);
});

test("makes the content of CAA from its data", () => {
  const record = emptyZone().make({ type: "CAA", name: "@", data: { flags: 0, tag: "issue", value: "ca.example" } });
  expect(record).toMatchObject({ content: '0 issue "ca.example"', data: { flags: 0 }, proxiable: false });
});

test.each([
  ["an unknown type", { ...A, type: "ALIAS" }, 9020],
  ["no name", { ...A, name: "" }, 9000],
  ["an empty label", { ...A, name: "a..b" }, 9000],
  ["a label of 64 characters", { ...A, name: "a".repeat(64) }, 9000],
  ["no address", { ...A, content: "192.0.2.256" }, 9005],
  ["an IPv4 address in AAAA", { ...A, type: "AAAA" }, 9006],
  ["an address as a CNAME's target", { ...A, type: "CNAME" }, 9007],
  ["a CNAME to itself", { ...A, type: "CNAME", content: "pay.example.org" }, 9039],
  ["empty TXT", { ...A, type: "TXT", content: '""' }, 9009],
  ["TXT with an open quote", { ...A, type: "TXT", content: '"a' }, 9009],
  ["a quoted string of 256 bytes", { ...A, type: "TXT", content: `"${"a".repeat(256)}"` }, 9009],
  ["MX without a priority", { ...A, type: "MX", content: "mx.example.net" }, 9100],
  ["CAA without data", { type: "CAA", name: "@", content: '0 issue "a"' }, 9101],
  ["a proxied TXT", { ...A, type: "TXT", proxied: true }, 9004],
  ["a proxied private address", { ...A, content: "192.168.1.1", proxied: true }, 9041],
  ["a TTL of 30 s", { ...A, ttl: 30 }, 9021],
  ["a TTL of two days", { ...A, ttl: 172_800 }, 9021],
  ["a comment with a newline", { ...A, comment: "a\nb" }, 9312],
  ["a comment of 501 characters", { ...A, comment: "a".repeat(501) }, 9313],
  ["a reserved tag", { ...A, tags: ["cf-x:1"] }, 9301],
  ["21 tags", { ...A, tags: Array.from({ length: 21 }, (_, index) => `t${index}:x`) }, 9300],
  ["proxied as text", { ...A, proxied: "true" }, 9207],
])("refuses %s", (_, body, code) => {
  const { zone, make } = emptyZone();
  expect(codeOf(() => make(body))).toBe(code);
  expect(zone.records.size).toBe(0);
});

test.each([
  ["free", { ...A, comment: "a".repeat(100) }, undefined],
  ["free", { ...A, comment: "a".repeat(101) }, 9313],
  ["free", { ...A, tags: ["env:prod"] }, 9300],
  ["pro", { ...A, tags: ["env:prod"], comment: "a".repeat(500) }, undefined],
  ["business", { ...A, ttl: 60 }, undefined],
  ["enterprise", { ...A, ttl: 30 }, undefined],
] as const)("knows what the plan %s allows", (plan, body, code) => {
  expect(codeOf(() => emptyZone(plan).make(body))).toBe(code);
});

test.each([
  ["the same record", A, A, 81_058],
  ["the same record with another TTL", A, { ...A, ttl: 300 }, 81_057],
  ["the same text, quoted", { ...A, type: "TXT", content: "ab" }, { ...A, type: "TXT", content: '"a" "b"' }, 81_058],
  ["a CNAME beside an A", A, { ...A, type: "CNAME", content: "a.example.net" }, 81_053],
  [
    "an AAAA beside a CNAME",
    { ...A, type: "CNAME", content: "a.example.net" },
    { ...A, type: "AAAA", content: "2001:db8::1" },
    81_053,
  ],
  ["two CNAMEs", { ...A, type: "CNAME", content: "a.example.net" }, { ...A, type: "CNAME", content: "b.example.net" }, 81_053],
  ["an A beside an NS", { ...A, type: "NS", content: "ns.example.net" }, A, 81_056],
  ["two addresses", A, { ...A, content: "192.0.2.2" }, undefined],
  ["an A and a TXT", A, { ...A, type: "TXT", content: "note" }, undefined],
  ["the same at another name", A, { ...A, name: "other" }, undefined],
])("at one name: %s", (_, first, second, code) => {
  const { make } = emptyZone();
  make(first);
  expect(codeOf(() => make(second))).toBe(code);
});

test("checks the neighbours when a record changes, but not against itself", () => {
  const { zone, make, stamp } = emptyZone();
  const record = make(A);
  make({ ...A, content: "192.0.2.2" });
  const patch = (body: object): DnsRecord => transact(zone, (draft) => patchRecord(zone, draft, record.id, body, stamp));
  expect(patch({ comment: "x" })).toMatchObject({ comment: "x", content: "192.0.2.1" });
  expect(codeOf(() => patch({ content: "192.0.2.2" }))).toBe(81_057);
  expect(codeOf(() => patch({ type: "CNAME", content: "a.example.net" }))).toBe(81_053);
  expect(zone.records.get(record.id)).toMatchObject({ type: "A", content: "192.0.2.1" });
});

test("says when comment and tags were last changed, each by itself", () => {
  const { zone, make, stamp } = emptyZone();
  const record = make({ ...A, comment: "a", tags: ["env:prod"] });
  make({ ...A, name: "later" });
  const patched = transact(zone, (draft) => patchRecord(zone, draft, record.id, { tags: ["env:stage"], ttl: 300 }, stamp));
  expect(patched.comment_modified_on).toBe(record.comment_modified_on);
  expect(patched.tags_modified_on).not.toBe(record.tags_modified_on);
  expect(patched.created_on).toBe(record.created_on);
});
