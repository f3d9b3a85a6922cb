import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contestedText } from "../../../src/core/contested.ts";
import type { Environment } from "../../../src/core/environment.ts";
import { diffResources } from "../../../src/core/resource.ts";
import { batchesOf, desiredRecords, markOf, viewZone, zonesOf, type FoundRecord } from "../../../src/targets/dns/model.ts";
import { anEnvironment, going, platform } from "../an-environment.ts";
import { logOf } from "../a-cloudflare.ts";

const stage = anEnvironment("stage");
const NAME = "shop.stage.example.org";

function found(over: Partial<FoundRecord> = {}): FoundRecord {
  return {
    id: "0".repeat(32),
    name: NAME,
    type: "CNAME",
    content: "shop-stage.gateways.example.net",
    proxied: true,
    ttl: 1,
    comment: markOf("test", "shop-stage", NAME),
    readOnly: false,
    ...over,
  };
}

function withGateway(environment: Environment, shared: { hostname?: string; address?: string }): Environment {
  const { wish } = environment;
  if (wish === undefined) throw new Error("it has a wish");
  const spec = { ...platform.spec, gateways: { ...platform.spec.gateways, shared } };
  return { ...environment, wish: { ...wish, platform: { ...platform, spec } } };
}

describe("what should be", () => {
  test.each([
    ["dev", "CNAME", "shared.gateways.example.net", false, 300],
    ["sue", "CNAME", "shared.gateways.example.net", false, 300],
    ["stage", "CNAME", "shop-stage.gateways.example.net", true, 1],
    ["prod", "CNAME", "shop-prod.gateways.example.net", true, 1],
  ] as const)("%s points to its gateway: %s %s, proxied %s, TTL %s", (type, recordType, content, proxied, ttl) => {
    const name = `shop.${type}.example.org`;
    expect(desiredRecords(anEnvironment(type))).toEqual([
      { key: `${recordType} ${name}`, kind: "dns-record", zone: "example.org", name, type: recordType, content, proxied, ttl },
    ]);
  });

  test("a shared gateway with an address gets A records", () => {
    const dev = withGateway(anEnvironment("dev"), { address: "192.0.2.10" });
    expect(desiredRecords(dev)).toMatchObject([{ key: "A shop.dev.example.org", type: "A", content: "192.0.2.10" }]);
  });

  test("an environment that is to go wants nothing", () => {
    expect(desiredRecords(going(stage, logOf(stage)))).toEqual([]);
  });

  test("upper case, a dot at the end and a doubled name give the same plan", () => {
    const shouted = anEnvironment("stage", { hostnames: [NAME, `${NAME.toUpperCase()}.`] });
    expect(desiredRecords(shouted)).toEqual(desiredRecords(stage));
  });

  test("looks only into zones that hold a name which was ever asked for", () => {
    expect(zonesOf({ ...stage, zones: ["example.com", "example.org"] })).toEqual(["example.org"]);
    expect(zonesOf(anEnvironment("stage", { hostnames: [] }))).toEqual([]);
  });
});

describe("the mark", () => {
  test("fits into a Free zone's comment, and is bound to its name", () => {
    const mark = markOf("a-rather-long-instance-name", "a".repeat(40), "x.example.org");
    expect(Buffer.byteLength(mark)).toBeLessThanOrEqual(100);
    expect(mark).toMatch(/^claimbot\/1 a-rather-long-instance-name [0-9a-f]{12} a{40}$/);
    expect(markOf("i", "env", "a.example.org")).not.toBe(markOf("i", "env", "b.example.org"));
  });

  test("is read back, whatever instance, environment and text behind it", () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9-]{2,30}[a-z0-9]$/);
    fc.assert(
      fc.property(word, word, fc.stringMatching(/^[ -~]{0,30}$/), (instance, name, tail) => {
        const environment = { ...anEnvironment("stage", { name }), instance };
        const comment = `${markOf(instance, name, NAME)} ${tail}`.trimEnd();
        expect(viewZone(environment, "example.org", [found({ comment })]).own).toHaveLength(1);
      }),
    );
  });
});

describe("ownership by two keys", () => {
  const cases: readonly (readonly [string, Partial<FoundRecord>, { own: number; contested: RegExp | undefined }])[] = [
    ["our mark and our name", {}, { own: 1, contested: undefined }],
    [
      "a person's words behind our mark",
      { comment: `${markOf("test", "shop-stage", NAME)} see CHG-17` },
      { own: 1, contested: undefined },
    ],
    ["Cloudflare's own spelling of our name", { name: NAME.toUpperCase() }, { own: 1, contested: undefined }],
    ["no mark, on a wanted name", { comment: "by hand" }, { own: 0, contested: /is not ours \(by hand\)/ }],
    ["the mark in upper case", { comment: found().comment.toUpperCase() }, { own: 0, contested: /is not ours/ }],
    ["another instance's mark", { comment: markOf("other", "shop-stage", NAME) }, { own: 0, contested: /is not ours/ }],
    [
      "another environment's mark",
      { comment: markOf("test", "other", NAME) },
      { own: 0, contested: /belongs to the environment other/ },
    ],
    [
      "our mark on a name nobody asked for",
      { name: "x.example.org", comment: markOf("test", "shop-stage", "x.example.org") },
      { own: 0, contested: /no claim of it ever asked/ },
    ],
    [
      "a mark copied from another name",
      { comment: markOf("test", "shop-stage", "x.example.org") },
      { own: 0, contested: /the mark of another name/ },
    ],
    ["our mark on a type that we never make", { type: "TXT", content: "x" }, { own: 0, contested: /makes no TXT/ }],
    ["our mark on a read-only record", { readOnly: true }, { own: 0, contested: /read-only/ }],
    ["mail beside us", { type: "MX", comment: "" }, { own: 0, contested: undefined }],
    ["somebody else's name", { name: "other.example.org", comment: "" }, { own: 0, contested: undefined }],
    ["a delegation of the name", { type: "NS", content: "ns.example.net", comment: "" }, { own: 0, contested: /NS shop/ }],
    [
      "a delegation above the name",
      { type: "NS", name: "stage.example.org", comment: "" },
      { own: 0, contested: /is a delegation, and shop.stage.example.org lies below it/ },
    ],
    [
      "external-dns beside us",
      { type: "TXT", content: "heritage=external-dns,external-dns/owner=x", comment: "" },
      { own: 0, contested: /TXT/ },
    ],
    ["the zone's own name servers", { type: "NS", name: "example.org", comment: "" }, { own: 0, contested: undefined }],
  ];
  test.each(cases)("%s", (_, over, { own, contested }) => {
    const view = viewZone(stage, "example.org", [found(over)]);
    expect(view.own).toHaveLength(own);
    if (contested === undefined) expect(view.contested).toEqual([]);
    else expect(view.contested.map(contestedText)).toEqual([expect.stringMatching(contested)]);
  });

  test.each<[string, Partial<FoundRecord>, boolean]>([
    ["somebody's record", { comment: "by hand" }, true],
    ["a mark copied from another name", { comment: markOf("test", "shop-stage", "x.example.org") }, true],
    ["another environment's mark, copied", { comment: markOf("test", "other", "x.example.org") }, true],
    ["a delegation above it", { type: "NS", name: "stage.example.org", comment: "" }, true],
    ["another environment's record: that gives it up by itself", { comment: markOf("test", "other", NAME) }, false],
    ["mail with our mark: it can stand beside us", { type: "MX" }, false],
    ["our mark elsewhere", { name: "x.example.org", comment: markOf("test", "shop-stage", "x.example.org") }, false],
  ])("in the way of what is wanted: %s", (_, over, blocks) => {
    const { contested, occupied } = viewZone(stage, "example.org", [found(over)]);
    expect(contested.map((one) => one.blocks?.key)).toEqual([blocks ? `CNAME ${NAME}` : undefined]);
    if (blocks) expect(occupied.get(NAME)).toEqual({ reason: contestedText(contested[0]!) });
  });

  test.each<[string, Partial<FoundRecord>, RegExp]>([
    [
      "an address: our mark gives it to us",
      { type: "A" },
      /shop\.stage\.example\.org out of the claim, or give it .*`claimbot\/1 test /,
    ],
    ["what we never make: it can only go", { type: "AAAA" }, /^Delete it at Cloudflare, or take \S+ out of the claim\.$/],
    ["what nobody can change", { type: "A", readOnly: true }, /out of the claim\.$/],
  ])("the way out of %s", (_, over, wayOut) => {
    const { contested } = viewZone(stage, "example.org", [found({ comment: "", ...over })]);
    expect(contested[0]?.blocks?.wayOut).toMatch(wayOut);
  });

  test("who gives a record our mark gives it to us", () => {
    const view = viewZone(stage, "example.org", [found({ type: "A", content: "192.0.2.7", comment: "by hand" })]);
    const [, comment] = /`([^`]+)`/.exec(view.contested[0]?.blocks?.wayOut ?? "") ?? [];
    const given = viewZone(stage, "example.org", [found({ type: "A", content: "192.0.2.7", comment: comment ?? "" })]);
    expect(given.contested).toEqual([]);
    expect(given.own).toHaveLength(1);
  });

  test.each<[string, Partial<FoundRecord>, string]>([
    ["nothing", {}, "is not ours"],
    ["its comment, cut", { comment: "x".repeat(200) }, `is not ours (${"x".repeat(79)}…)`],
    ["when it was made", { createdAt: "2026-11-23T14:02:33.000Z" }, "is not ours (made 2026-11-23 14:02 UTC)"],
    [
      "and changed, where that was later",
      { comment: "by hand", createdAt: "2026-11-23T14:02:33.000Z", modifiedAt: "2026-11-24T08:00:00.000Z" },
      "is not ours (by hand, made 2026-11-23 14:02 UTC, changed 2026-11-24 08:00 UTC)",
    ],
  ])("says who made it, as far as Cloudflare tells: %s", (_, over, remark) => {
    const { contested } = viewZone(stage, "example.org", [found({ comment: "", ...over })]);
    expect(contested).toMatchObject([{ key: `CNAME ${NAME}`, content: "shop-stage.gateways.example.net", remark }]);
  });

  test("equal worlds are told alike, whatever ids the records have", () => {
    const records = [
      found({ type: "A", content: "192.0.2.8", comment: "" }),
      found({ type: "A", content: "192.0.2.7", comment: "" }),
      found({ type: "NS", name: "stage.example.org", content: "b.example.net", comment: "" }),
      found({ type: "NS", name: "stage.example.org", content: "A.example.net.", comment: "" }),
    ];
    const withIds = (ids: readonly number[]) =>
      viewZone(
        stage,
        "example.org",
        records.map((record, at) => ({ ...record, id: String(ids[at]).padStart(32, "0") })),
      ).contested;
    expect(withIds([1, 2, 3, 4])).toEqual(withIds([4, 3, 2, 1]));
    expect(withIds([1, 2, 3, 4]).map(({ key, content }) => `${key} ${content}`)).toEqual([
      `A ${NAME} 192.0.2.7`,
      `A ${NAME} 192.0.2.8`,
      "NS stage.example.org a.example.net, b.example.net",
    ]);
  });

  test("a name that an older claim asked for is still ours to remove", () => {
    const old = anEnvironment("stage", { hostnames: ["old.stage.example.org"] });
    const now = { ...stage, log: logOf(old) };
    const record = found({ name: "old.stage.example.org", comment: markOf("test", "shop-stage", "old.stage.example.org") });
    const view = viewZone(now, "example.org", [record]);
    expect(
      diffResources(
        view.own.map(({ record }) => record),
        desiredRecords(now),
      ),
    ).toMatchObject([
      { verb: "delete", key: "CNAME old.stage.example.org" },
      { verb: "create", key: `CNAME ${NAME}` },
    ]);
  });

  test("the apex is never ours, whatever it bears", () => {
    const apex = anEnvironment("prod", { hostnames: ["example.org"] });
    const record = found({ name: "example.org", comment: markOf("test", "shop-prod", "example.org") });
    expect(viewZone(apex, "example.org", [record]).own).toEqual([]);
  });

  test("a copy beside ours with the same mark is one too many", () => {
    const dev = withGateway(anEnvironment("dev"), { address: "192.0.2.10" });
    const name = "shop.dev.example.org";
    const a = { type: "A", name, proxied: false, ttl: 300, comment: markOf("test", "shop-dev", name) };
    const view = viewZone(dev, "example.org", [
      found({ ...a, id: "1".repeat(32), content: "192.0.2.10" }),
      found({ ...a, id: "2".repeat(32), content: "198.51.100.7" }),
    ]);
    const changes = diffResources(
      view.own.map(({ record }) => record),
      desiredRecords(dev),
    );
    expect(changes).toMatchObject([{ verb: "delete", before: { content: "198.51.100.7" } }]);
    expect(batchesOf(dev, changes, view, 200)).toEqual([{ deletes: [{ id: "2".repeat(32) }], patches: [], posts: [] }]);
  });
});

describe("requests", () => {
  const changesOf = (environment: Environment, records: readonly FoundRecord[]) => {
    const view = viewZone(environment, "example.org", records);
    const changes = diffResources(
      view.own.map(({ record }) => record),
      desiredRecords(environment),
    );
    return { view, changes, batches: batchesOf(environment, changes, view, 200) };
  };

  test("what is right needs none", () => {
    expect(changesOf(stage, [found()]).batches).toEqual([]);
  });

  test.each([
    ["unproxied by hand", { proxied: false, ttl: 300 }],
    ["another target", { content: "elsewhere.example.net" }],
  ])("%s is patched, and keeps id and comment", (_, over) => {
    expect(changesOf(stage, [found(over)]).batches).toEqual([
      {
        deletes: [],
        patches: [{ id: "0".repeat(32), content: "shop-stage.gateways.example.net", proxied: true, ttl: 1 }],
        posts: [],
      },
    ]);
  });

  test("a record of another type is deleted and created in one batch", () => {
    const { batches } = changesOf(stage, [found({ type: "A", content: "192.0.2.1" })]);
    expect(batches).toMatchObject([{ deletes: [{ id: "0".repeat(32) }], posts: [{ type: "CNAME", name: NAME, proxied: true }] }]);
  });

  test("a name is never split over two batches, and no batch is over the limit", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 9 }), fc.array(fc.boolean(), { maxLength: 30 }), (limit, typeChanges) => {
        const hostnames = typeChanges.map((_, index) => `h${index}.example.org`);
        const environment = anEnvironment("stage", { hostnames });
        const records = hostnames
          .filter((_, index) => typeChanges[index])
          .map((name, index) =>
            found({
              id: String(index).padStart(32, "0"),
              name,
              type: "A",
              content: "192.0.2.1",
              comment: markOf("test", "shop-stage", name),
            }),
          );
        const view = viewZone(environment, "example.org", records);
        const changes = diffResources(
          view.own.map(({ record }) => record),
          desiredRecords(environment),
        );
        const batches = batchesOf(environment, changes, view, limit);
        const names = new Map(records.map(({ id, name }) => [id, name]));
        const perBatch = batches.map(({ deletes, posts }) => [
          ...deletes.map(({ id }) => names.get(id)),
          ...posts.map(({ name }) => name),
        ]);
        expect(perBatch.every((names) => names.length <= limit)).toBe(true);
        expect(perBatch.flat().map(String).toSorted()).toEqual(
          changes.map((change) => (change.verb === "delete" ? change.before : change.after).name).toSorted(),
        );
        expect(perBatch.reduce((sum, names) => sum + new Set(names).size, 0)).toBe(hostnames.length);
      }),
    );
  });

  test.each([
    [3_500, 1],
    [200, 3],
  ])("500 records on a zone that takes %i operations are %i batches", (limit, count) => {
    const many = anEnvironment("stage", { hostnames: Array.from({ length: 500 }, (_, index) => `h${index}.example.org`) });
    const view = viewZone(many, "example.org", []);
    expect(batchesOf(many, diffResources([], desiredRecords(many)), view, limit)).toHaveLength(count);
  });

  test("a name that no claim asked for is a bug, not a request", () => {
    const stranger = { ...desiredRecords(stage)[0], name: "x.example.org" } as never;
    const view = viewZone(stage, "example.org", []);
    expect(() => batchesOf(stage, [{ verb: "create", key: "CNAME x.example.org", after: stranger }], view, 200)).toThrow(
      /was asked for/,
    );
  });
});
