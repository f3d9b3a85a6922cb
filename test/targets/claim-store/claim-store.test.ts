import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openDirectoryStore } from "../../../src/adapters/directory-store.ts";
import type { Environment } from "../../../src/core/environment.ts";
import { digestOf, digestOfBytes } from "../../../src/core/json.ts";
import type { Step } from "../../../src/core/plan.ts";
import type { ObjectStore } from "../../../src/core/ports.ts";
import { renderBundle } from "../../../src/core/render/bundle.ts";
import { recordKey, type Log } from "../../../src/core/record.ts";
import {
  claimStoreTarget,
  environmentsInLog,
  readLog,
  readPlan,
  storePlan,
} from "../../../src/targets/claim-store/claim-store.ts";
import { recordText } from "../../../src/targets/claim-store/model.ts";
import type { Release } from "../../../src/targets/target.ts";
import { anEnvironment, COMMITS, going, releaseOf } from "../an-environment.ts";
import { storeAround } from "../../store-around.ts";

const signal = new AbortController().signal;

async function aStore(): Promise<AsyncDisposable & { readonly store: ObjectStore; readonly directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), "claimbot-log-"));
  const store = await openDirectoryStore(directory);
  return { store, directory, [Symbol.asyncDispose]: async () => rm(directory, { recursive: true, force: true }) };
}

/** Plans the claim store's part against what is there, and carries it out. */
async function release(store: ObjectStore, wanted: Environment, commit?: string): Promise<Release> {
  const target = claimStoreTarget(store);
  const environment = { ...wanted, log: await readLog(store, wanted.name) };
  const { resources, pending, contested } = await target.observe(environment, signal);
  const changes = target.diff(resources, target.desired(environment));
  const step: Step = { target: "claim-store", changes, pending, contested };
  const made = releaseOf(environment, [step], commit);
  await target.apply(changes, made, signal);
  return made;
}

const kinds = (log: Log): string[] => log.map(({ kind }) => kind);

describe("publishing", () => {
  test("writes plan, release and record, the record naming the other two", async () => {
    await using there = await aStore();
    const { plan, environment } = await release(there.store, anEnvironment("dev"));
    const [record] = await readLog(there.store, "shop-dev");
    const bundle = renderBundle(environment);
    expect(record).toMatchObject({ kind: "Publication", sequence: 1, planDigest: plan.digest, releaseDigest: bundle.digest });
    expect(record).not.toHaveProperty("previous");
    expect(await readPlan(there.store, plan.digest)).toEqual(plan);
    const stored = await there.store.read(`releases/shop-dev/${bundle.digest}/bundle.yaml`);
    expect(Buffer.from(stored?.body ?? []).toString()).toBe(bundle.yaml);
    expect(digestOfBytes(stored?.body ?? "")).toBe(bundle.digest);
  });

  test("makes a chain, each record naming the digest of the one before", async () => {
    await using there = await aStore();
    await release(there.store, anEnvironment("dev"));
    await release(there.store, anEnvironment("dev", { maxNodes: 5 }), COMMITS.second);
    const log = await readLog(there.store, "shop-dev");
    const first = await there.store.read(recordKey("shop-dev", 1));
    expect(log.map(({ sequence }) => sequence)).toEqual([1, 2]);
    expect(log[1]?.previous).toBe(digestOfBytes(first?.body ?? ""));
  });

  test("writes nothing where the log already says it", async () => {
    await using there = await aStore();
    await release(there.store, anEnvironment("dev"));
    const again = await release(there.store, anEnvironment("dev"), COMMITS.second);
    expect(again.plan.steps).toMatchObject([{ changes: [] }]);
    expect(await readLog(there.store, "shop-dev")).toHaveLength(1);
  });

  test("finds its own work when it is repeated with what it read before", async () => {
    await using there = await aStore();
    const target = claimStoreTarget(there.store);
    const made = await release(there.store, anEnvironment("dev"));
    const changes = target.diff([], target.desired(made.environment));
    await target.apply(changes, made, signal);
    expect(await readLog(there.store, "shop-dev")).toHaveLength(1);
    const { resources } = await target.observe(made.environment, signal);
    expect(resources).toEqual(target.desired(made.environment));
  });

  test("is finished by the next run wherever it was cut off", async () => {
    const target = (store: ObjectStore) => claimStoreTarget(store);
    const effects = 3;
    for (let cut = 0; cut <= effects; cut += 1) {
      await using there = await aStore();
      let left = cut;
      const dying: ObjectStore = {
        name: "dying",
        read: async (...parameters) => there.store.read(...parameters),
        list: async (...parameters) => there.store.list(...parameters),
        replace: async (...parameters) => there.store.replace(...parameters),
        async putNew(...parameters) {
          if (left === 0) throw new Error("killed");
          left -= 1;
          return there.store.putNew(...parameters);
        },
      };
      const wanted = anEnvironment("dev");
      const changes = target(dying).diff([], target(dying).desired(wanted));
      const made = releaseOf(wanted, [{ target: "claim-store", changes, pending: [], contested: [] }]);
      const outcome = target(dying).apply(changes, made, signal);
      if (cut < effects) await expect(outcome).rejects.toThrow("killed");
      else await outcome;
      const log = await readLog(there.store, "shop-dev");
      for (const record of log) {
        if (record.kind !== "Publication") continue;
        expect(await there.store.read(`releases/shop-dev/${record.releaseDigest}/bundle.yaml`)).toBeDefined();
        expect(await readPlan(there.store, record.planDigest)).toBeDefined();
      }
      await release(there.store, wanted);
      expect(kinds(await readLog(there.store, "shop-dev"))).toEqual(["Publication"]);
    }
  });

  test("lets one of two writers have the next number, and tells the other that it is stale", async () => {
    await using there = await aStore();
    const target = claimStoreTarget(there.store);
    const releases = [releaseOf(anEnvironment("dev")), releaseOf(anEnvironment("dev", { maxNodes: 6 }), [], COMMITS.second)];
    const outcomes = await Promise.allSettled(
      releases.map(async (each) => target.apply(target.diff([], target.desired(each.environment)), each, signal)),
    );
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(outcomes.find((each) => each.status === "rejected")).toMatchObject({ reason: { name: "Stale" } });
    expect(await readLog(there.store, "shop-dev")).toHaveLength(1);
  });

  test("stops where a content-addressed key holds something else", async () => {
    await using there = await aStore();
    const wanted = anEnvironment("dev");
    await there.store.putNew(`releases/shop-dev/${renderBundle(wanted).digest}/bundle.yaml`, Buffer.from("kind: Evil\n"));
    await expect(release(there.store, wanted)).rejects.toMatchObject({
      name: "Stalled",
      message: expect.stringContaining("bundle.yaml"),
    });
    expect(await readLog(there.store, "shop-dev")).toEqual([]);
  });

  test("locks what it writes for as long as the type says, also what says that it is gone", async () => {
    await using there = await aStore();
    const until = new Map<string, Date | undefined>();
    const watched: ObjectStore = {
      name: "watched",
      read: async (...parameters) => there.store.read(...parameters),
      list: async (...parameters) => there.store.list(...parameters),
      replace: async (...parameters) => there.store.replace(...parameters),
      async putNew(key, body, options) {
        until.set(key.split("/")[0] ?? "", options?.retainUntil);
        return there.store.putNew(key, body, options);
      },
    };
    await release(watched, anEnvironment("sue"));
    const week = new Date("2026-12-01T08:00:00.000Z");
    expect(Object.fromEntries(until)).toEqual({ plans: week, releases: week, claims: week });
    until.clear();
    const gone = { ...going(anEnvironment("sue"), await readLog(there.store, "shop-sue")), retentionDays: 40 };
    const target = claimStoreTarget(watched);
    const { resources } = await target.observe(gone, signal);
    await target.apply(target.diff(resources, []), releaseOf(gone), signal);
    expect(until.get("claims")).toEqual(new Date("2027-01-03T08:00:00.000Z"));
  });
});

describe("removing", () => {
  test("says Tombstone first and Removed last, with the same change both times", async () => {
    await using there = await aStore();
    await release(there.store, anEnvironment("dev"));
    const target = claimStoreTarget(there.store);
    const environment = going(anEnvironment("dev"), await readLog(there.store, "shop-dev"));
    const before = await target.observe(environment, signal);
    const changes = target.diff(before.resources, target.desired(environment));
    const made = releaseOf(environment, [{ target: "claim-store", changes, pending: [], contested: [] }], COMMITS.second);
    await target.apply(changes, made, signal);
    expect(kinds(await readLog(there.store, "shop-dev"))).toEqual(["Publication", "Tombstone"]);
    const between = await target.observe(environment, signal);
    expect(between).toEqual({ ...before, pending: ["the removal is not confirmed yet"] });
    await target.apply(changes, made, signal);
    const log = await readLog(there.store, "shop-dev");
    expect(kinds(log)).toEqual(["Publication", "Tombstone", "Removed"]);
    expect(await target.observe({ ...environment, log }, signal)).toEqual({ resources: [], pending: [], contested: [] });
    await target.apply(changes, made, signal);
    expect(await readLog(there.store, "shop-dev")).toHaveLength(3);
  });

  test("gives way to a claim that came back while it was going", async () => {
    await using there = await aStore();
    await release(there.store, anEnvironment("dev"));
    const stale = going(anEnvironment("dev"), await readLog(there.store, "shop-dev"));
    await release(there.store, stale, COMMITS.second);
    const back = await release(there.store, anEnvironment("dev"), COMMITS.third);
    expect(back.plan.steps).toMatchObject([{ changes: [{ verb: "create" }] }]);
    const target = claimStoreTarget(there.store);
    const [change] = target.diff(target.desired(back.environment), []);
    await expect(target.apply(change ? [change] : [], releaseOf(stale), signal)).rejects.toMatchObject({ name: "Stale" });
    expect(kinds(await readLog(there.store, "shop-dev"))).toEqual(["Publication", "Tombstone", "Publication"]);
  });

  test("leaves a name that may be used again, with the next number", async () => {
    await using there = await aStore();
    await release(there.store, anEnvironment("dev"));
    await release(there.store, going(anEnvironment("dev"), []), COMMITS.second);
    await release(there.store, going(anEnvironment("dev"), []), COMMITS.second);
    await release(there.store, anEnvironment("dev"), COMMITS.third);
    expect(kinds(await readLog(there.store, "shop-dev"))).toEqual(["Publication", "Tombstone", "Removed", "Publication"]);
  });

  test("has nothing to remove where nothing was published", async () => {
    await using there = await aStore();
    const made = await release(there.store, going(anEnvironment("dev"), []));
    expect(made.plan.steps).toMatchObject([{ changes: [] }]);
    expect(await there.store.list("")).toEqual([]);
  });
});

describe("the log", () => {
  const damaged: readonly [string, (text: string, log: Log) => string, string][] = [
    ["torn", (text) => text.slice(0, -20), "not a record"],
    ["empty", () => "", "not a record"],
    ["foreign JSON", () => '{"kind":"Publication"}\n', "not a record"],
    ["with a number without end", (text) => text.replace('"sequence":2', '"sequence":2,"x":1e400'), "not a record"],
    [
      "deeper than anything of ours",
      (text) => text.replace('"sequence":2', `"sequence":2,"x":${"[".repeat(20_000)}${"]".repeat(20_000)}`),
      "not a record",
    ],
    ["other bytes of the same value", (text) => text.replace('"at":', '"at" :'), "bytes are not those"],
    [
      "of another environment",
      (text) => text.replaceAll('"environment":"shop-dev"', '"environment":"shop-xxx"'),
      "belongs to shop-xxx",
    ],
    ["of another number", (text) => text.replace('"sequence":2', '"sequence":3'), "number 3"],
    [
      "out of the chain",
      (text) => text.replace(/"previous":"."/, '"previous":"0"').replace(/"previous":"[^"]/, '"previous":"x'),
      "does not follow",
    ],
    ["with another claim", (text) => text.replace('"owner":"commerce/shop"', '"owner":"commerce/evil"'), "claim is not the one"],
  ];

  test.each(damaged)("stops at a record that is %s, and names it", async (_, damage, reason) => {
    await using there = await aStore();
    await release(there.store, anEnvironment("dev"));
    await release(there.store, anEnvironment("dev", { maxNodes: 5 }), COMMITS.second);
    const file = join(there.directory, recordKey("shop-dev", 2));
    const text = await readFile(file, "utf8");
    const changed = damage(text, []);
    expect(changed).not.toBe(text);
    await rm(file);
    await writeFile(file, changed);
    const store = await openDirectoryStore(there.directory);
    await expect(readLog(store, "shop-dev")).rejects.toMatchObject({
      name: "Stalled",
      message: expect.stringContaining("claims/shop-dev/00000002.json"),
    });
    await expect(readLog(store, "shop-dev")).rejects.toThrow(reason);
  });

  test("stops at a number that is left out", async () => {
    await using there = await aStore();
    await release(there.store, anEnvironment("dev"));
    await release(there.store, anEnvironment("dev", { maxNodes: 5 }), COMMITS.second);
    await rm(join(there.directory, recordKey("shop-dev", 1)));
    await expect(readLog(there.store, "shop-dev")).rejects.toMatchObject({ name: "Stalled" });
  });

  test("stops at what is no record among the records", async () => {
    await using there = await aStore();
    await release(there.store, anEnvironment("dev"));
    await there.store.putNew("claims/shop-dev/readme.txt", Buffer.from("hello"));
    await expect(readLog(there.store, "shop-dev")).rejects.toThrow("claims/shop-dev/readme.txt");
  });

  test("is empty for an environment that was never published", async () => {
    await using there = await aStore();
    expect(await readLog(there.store, "shop-dev")).toEqual([]);
  });

  // What MinIO does where there is an object `claims/shop-dev`, too.
  test("is not taken for empty where it is only hidden from the listing", async () => {
    await using there = await aStore();
    await release(there.store, anEnvironment("dev"));
    const hiding = storeAround(there.store, { list: async () => [] });
    await expect(readLog(hiding, "shop-dev")).rejects.toMatchObject({
      name: "Stalled",
      message: expect.stringContaining("no listing shows it"),
    });
    expect(await readLog(hiding, "shop-stage")).toEqual([]);
  });

  test("is read whole where its first record comes after the listing", async () => {
    await using there = await aStore();
    let listings = 0;
    const late = storeAround(there.store, {
      async list(prefix, now) {
        listings += 1;
        if (listings > 1) return there.store.list(prefix, now);
        const before = await there.store.list(prefix, now);
        await release(there.store, anEnvironment("dev"));
        return before;
      },
    });
    expect(await readLog(late, "shop-dev")).toHaveLength(1);
    expect(listings).toBe(2);
  });

  test("of one environment does not hold those of another whose name begins alike", async () => {
    await using there = await aStore();
    await release(there.store, anEnvironment("dev", { name: "shop" }));
    await release(there.store, anEnvironment("dev", { name: "shop-two" }));
    expect(await readLog(there.store, "shop")).toHaveLength(1);
  });

  test("knows its environments, but not the platform's own log", async () => {
    await using there = await aStore();
    await release(there.store, anEnvironment("prod"));
    await release(there.store, anEnvironment("dev"));
    await there.store.putNew("claims/platform/00000001.json", Buffer.from("{}"));
    expect(await environmentsInLog(there.store)).toEqual(["shop-dev", "shop-prod"]);
  });

  test("reads on from where it was read, also what others wrote", async () => {
    await using there = await aStore();
    const target = claimStoreTarget(there.store);
    const wanted = anEnvironment("dev");
    await release(there.store, wanted);
    const { resources } = await target.observe({ ...wanted, log: [] }, signal);
    expect(resources).toEqual(target.desired(wanted));
  });
});

describe("a stored plan", () => {
  const plan = releaseOf(anEnvironment("dev")).plan;

  test("is read back by its digest, and stored twice without harm", async () => {
    await using there = await aStore();
    await storePlan(there.store, plan);
    await storePlan(there.store, plan);
    expect(await readPlan(there.store, plan.digest)).toEqual(plan);
    expect(await readPlan(there.store, "0".repeat(64))).toBeUndefined();
  });

  const swaps: readonly [string, unknown][] = [
    ["another plan", releaseOf(anEnvironment("prod")).plan],
    ["the same digests and another claim", { ...plan, claim: { ...plan.claim, spec: {} } }],
    ["no claim", { ...plan, claim: undefined }],
    ["other changes", { ...plan, steps: [{ target: "dns", missing: "x" }] }],
    ["something else", []],
    [
      "the same digests and a claim that no text is of",
      JSON.stringify({ ...plan, claim: {} }).replace('"claim":{}', '"claim":{"x":1e400}'),
    ],
  ];

  test.each(swaps)("is refused when it was replaced by %s (S27)", async (_, swapped) => {
    await using there = await aStore();
    await storePlan(there.store, plan);
    const file = join(there.directory, "plans", `${plan.digest}.json`);
    await rm(file);
    await writeFile(file, typeof swapped === "string" ? swapped : JSON.stringify(swapped));
    await expect(readPlan(there.store, plan.digest)).rejects.toMatchObject({ name: "Stalled" });
    await expect(storePlan(there.store, plan)).rejects.toMatchObject({ name: "Stalled" });
  });

  test("is asked for by its whole digest only", async () => {
    await using there = await aStore();
    await expect(readPlan(there.store, plan.digest.slice(0, 12))).rejects.toThrow("not a whole digest");
    await expect(readPlan(there.store, "../../etc/passwd")).rejects.toThrow("not a whole digest");
    expect(await readdir(there.directory)).toEqual([]);
  });
});

test("a record's text follows from its value, in whatever order its members were set", async () => {
  await using there = await aStore();
  await release(there.store, anEnvironment("dev"));
  const [record] = await readLog(there.store, "shop-dev");
  if (record === undefined) return expect.fail("no record");
  const reversed = Object.fromEntries(Object.entries(record).toReversed()) as typeof record;
  expect(recordText(reversed)).toBe(recordText(record));
  expect(digestOf(reversed)).toBe(digestOf(record));
});
