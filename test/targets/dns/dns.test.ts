import { expect, test } from "vitest";
import type { FaultKind } from "../../../src/sandbox/faults.ts";
import { dnsTarget } from "../../../src/targets/dns/dns.ts";
import { markOf } from "../../../src/targets/dns/model.ts";
import { anEnvironment, going, platform, releaseOf } from "../an-environment.ts";
import { aCloudflare, clientOf, logOf, settle, SIGNAL, writesOf } from "../a-cloudflare.ts";

const stage = anEnvironment("stage", { hostnames: ["a.stage.example.org", "b.stage.example.org"] });
/** The same with another gateway: every record changes. */
const moved = {
  ...stage,
  log: logOf(stage),
  wish: {
    ...stage.wish!,
    platform: {
      ...platform,
      spec: { ...platform.spec, gateways: { ...platform.spec.gateways, dedicated: { domain: "new.example.net" } } },
    },
  },
};

test("creates what is missing, then has nothing to do, and removes it in the end", async () => {
  await using world = await aCloudflare();
  const target = dnsTarget(world.cloudflare);
  await settle(target, stage);
  expect(world.server.records("example.org")).toMatchObject([
    {
      name: "a.stage.example.org",
      type: "CNAME",
      content: "shop-stage.gateways.example.net",
      proxied: true,
      comment: markOf("test", "shop-stage", "a.stage.example.org"),
    },
    { name: "b.stage.example.org", proxied: true },
  ]);
  expect(await settle(target, stage)).toEqual([]);
  const gone = going(stage, logOf(stage));
  expect(await settle(target, gone)).toHaveLength(2);
  expect(world.server.records("example.org")).toEqual([]);
  expect(await settle(target, gone)).toEqual([]);
  expect(writesOf(world.server)).toHaveLength(2);
  expect(world.server.unexpected).toEqual([]);
});

test("leaves foreign records as they are, byte for byte", async () => {
  await using world = await aCloudflare();
  for (const record of [
    { type: "A", name: "www.example.org", content: "192.0.2.1", comment: "by hand", tags: ["team:web"] },
    { type: "MX", name: "example.org", content: "mx.example.net", priority: 10, meta: { read_only: true } },
    { type: "NS", name: "sub.example.org", content: "ns.example.net" },
    { type: "TXT", name: "a.stage.example.org", content: "verification=1" },
    { type: "CAA", name: "example.org", data: { flags: 0, tag: "issue", value: "ca.example.net" } },
    { type: "CNAME", name: "x.example.org", content: "y.example.net", comment: markOf("test", "shop-stage", "x.example.org") },
  ])
    world.server.addForeignRecord("example.org", record);
  const before = JSON.stringify(world.server.records("example.org"));
  const target = dnsTarget(world.cloudflare);
  for (const environment of [stage, moved, going(stage, logOf(stage))]) await settle(target, environment);
  expect(JSON.stringify(world.server.records("example.org"))).toBe(before);
});

test("mends drift in place, and keeps what people wrote behind the mark", async () => {
  await using world = await aCloudflare();
  const target = dnsTarget(world.cloudflare);
  await settle(target, stage);
  const [record] = world.server.records("example.org");
  world.server.editRecord("example.org", record!.id, { proxied: false, ttl: 600, comment: `${record!.comment} see CHG-17` });
  expect(await settle(target, { ...stage, log: logOf(stage) })).toMatchObject([
    { verb: "update", before: { proxied: false, ttl: 600 } },
  ]);
  const [mended] = world.server.records("example.org");
  expect(mended).toMatchObject({ id: record!.id, proxied: true, ttl: 1, comment: `${record!.comment} see CHG-17` });
});

test("shows a name that somebody else holds as contested, and refuses to take it", async () => {
  await using world = await aCloudflare();
  world.server.addForeignRecord("example.org", {
    type: "A",
    name: "b.stage.example.org",
    content: "192.0.2.1",
    comment: "by hand",
  });
  const target = dnsTarget(world.cloudflare);
  const { contested } = await target.observe(stage, SIGNAL);
  expect(contested).toEqual([
    {
      key: "A b.stage.example.org",
      content: "192.0.2.1",
      remark: expect.stringMatching(/^is not ours \(by hand, made \d{4}-\d\d-\d\d \d\d:\d\d UTC\)$/),
      blocks: { key: "CNAME b.stage.example.org", wayOut: expect.stringContaining("Delete it at Cloudflare") },
    },
  ]);
  await expect(settle(target, stage)).rejects.toMatchObject({
    name: "Stalled",
    message: expect.stringContaining("b.stage.example.org is taken"),
    wayOut: expect.stringContaining("/claim apply"),
  });
  expect(writesOf(world.server)).toEqual([]);
});

test("waits for another environment that gives up the name", async () => {
  await using world = await aCloudflare();
  const other = anEnvironment("stage", { name: "other", hostnames: ["b.stage.example.org"] });
  const target = dnsTarget(world.cloudflare);
  await settle(target, other);
  await expect(settle(target, stage)).rejects.toMatchObject({
    name: "Waiting",
    message: expect.stringContaining("environment other"),
  });
  await settle(target, going(other, logOf(other)));
  expect(await settle(target, stage)).toHaveLength(2);
});

test("refuses when somebody takes the name between the look and the write", async () => {
  await using world = await aCloudflare();
  const target = dnsTarget(world.cloudflare);
  const act = (): void =>
    void world.server.addForeignRecord("example.org", { type: "A", name: "b.stage.example.org", content: "192.0.2.1" });
  world.server.faults.add({ method: "POST", path: /batch/, fault: { kind: "meanwhile", act } });
  await expect(settle(target, stage)).rejects.toMatchObject({ name: "Stalled", message: expect.stringContaining("is taken") });
  expect(world.server.records("example.org")).toHaveLength(1);
});

test("takes a record that is gone already for deleted", async () => {
  await using world = await aCloudflare();
  const target = dnsTarget(world.cloudflare);
  await settle(target, stage);
  const act = (): void => world.server.removeRecord("example.org", world.server.records("example.org")[0]!.id);
  world.server.faults.add({ method: "POST", path: /batch/, fault: { kind: "meanwhile", act } });
  await settle(target, going(stage, logOf(stage)));
  expect(world.server.records("example.org")).toEqual([]);
});

test("touches nothing that was made foreign between plan and rollout", async () => {
  await using world = await aCloudflare();
  const target = dnsTarget(world.cloudflare);
  await settle(target, stage);
  const gone = going(stage, logOf(stage));
  const { resources } = await target.observe(gone, SIGNAL);
  const [record] = world.server.records("example.org");
  world.server.editRecord("example.org", record!.id, { comment: "taken over by team web" });
  await target.apply(target.diff(resources, []), releaseOf(gone), SIGNAL);
  expect(world.server.records("example.org")).toMatchObject([{ id: record!.id, comment: "taken over by team web" }]);
});

const FAULTS: readonly (readonly [string, FaultKind])[] = [
  ["cut before anything happens", { kind: "cut-before" }],
  ["cut after it happened", { kind: "cut-after" }],
  ["500", { kind: "status", status: 500 }],
  ["502 in HTML", { kind: "status", status: 502, html: true }],
  ["HTML with status 200", { kind: "status", status: 200, html: true }],
  ["502 after it happened", { kind: "status-after", status: 502 }],
  ["429", { kind: "status", status: 429, retryAfterSeconds: 1 }],
];

/** Create, then change, then remove: with a fault at each call of each. */
test.each(FAULTS)("interrupted anywhere by %s, the next run converges without duplicates", async (_, fault) => {
  for (let call = 0; call < 12; call += 1) {
    await using world = await aCloudflare();
    world.server.addForeignRecord("example.org", { type: "A", name: "www.example.org", content: "192.0.2.1" });
    const foreign = JSON.stringify(world.server.records("example.org"));
    let seen = 0;
    let interruptions = 0;
    world.server.faults.add({ path: { test: () => seen++ === call } as unknown as RegExp, fault });
    for (const environment of [stage, moved, going(stage, logOf(stage))]) {
      for (;;) {
        try {
          // A new process: nothing is remembered, and the pause after 429 is over.
          if ((await settle(dnsTarget(clientOf(world.server)), environment)).length === 0) break;
        } catch (error) {
          expect(error).toMatchObject({ name: "Waiting" });
          interruptions += 1;
        }
      }
      const names = world.server
        .records("example.org")
        .map(({ name }) => name)
        .toSorted();
      expect(names).toEqual(
        environment.wish === undefined ? ["www.example.org"] : ["a.stage.example.org", "b.stage.example.org", "www.example.org"],
      );
    }
    expect(JSON.stringify(world.server.records("example.org"))).toBe(foreign);
    expect(interruptions).toBeLessThanOrEqual(1);
  }
});

test.each([
  ["business", 500, 1, 2],
  ["free", 150, 1, 2],
] as const)("on a %s zone %i records are %i write, %i calls once the zone is known", async (plan, count, writes, calls) => {
  await using world = await aCloudflare(plan);
  const target = dnsTarget(world.cloudflare);
  await settle(target, anEnvironment("stage", { name: "warm-up" }));
  world.server.faults.requests.length = 0;
  const many = anEnvironment("stage", { hostnames: Array.from({ length: count }, (_, index) => `h${index}.stage.example.org`) });
  await settle(target, many);
  expect(writesOf(world.server)).toHaveLength(writes);
  expect(world.server.faults.requests).toHaveLength(calls);
  expect(world.server.records("example.org")).toHaveLength(count + 1);
});

test("says which permission is missing, and never the token", async () => {
  await using world = await aCloudflare();
  world.server.deny("example.org", "dns");
  await expect(settle(dnsTarget(world.cloudflare), stage)).rejects.toMatchObject({
    name: "Stalled",
    wayOut: expect.stringContaining("Zone > DNS > Edit on example.org"),
  });
});

test("names the quota of a zone that is full", async () => {
  await using world = await aCloudflare("free");
  const many = anEnvironment("stage", { hostnames: Array.from({ length: 201 }, (_, index) => `h${index}.stage.example.org`) });
  await expect(settle(dnsTarget(world.cloudflare), many)).rejects.toMatchObject({
    name: "Stalled",
    wayOut: expect.stringContaining("200 records"),
  });
});
