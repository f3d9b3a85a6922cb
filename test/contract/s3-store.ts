/** What a claim store on S3 must hold beside the common contract: lost answers, pages, delete markers, busy and strange servers. */
import { setImmediate as breathe } from "node:timers/promises";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import type { S3Options } from "../../src/adapters/s3/connection.ts";
import type { AuditableStore } from "../../src/core/ports.ts";
import { Secret } from "../../src/core/secret.ts";
import type { FaultKind } from "../../src/sandbox/faults.ts";
import type { S3UnderTest } from "./s3-servers.ts";

const KEY = "current/shop-dev.yaml";
const bytes = (text: string): Uint8Array => Buffer.from(text);
const textOf = (object: { body: Uint8Array } | undefined): string | undefined => object && Buffer.from(object.body).toString();

/** Puts and replaces it, whatever is there. */
const CALLS: Readonly<Record<string, (store: AuditableStore) => Promise<unknown>>> = {
  read: async (store) => store.read(KEY),
  putNew: async (store) => store.putNew("plans/new.json", bytes("x")),
  replace: async (store) => store.replace(KEY, bytes("x"), "0".repeat(32)),
  list: async (store) => store.list("current/"),
  versions: async (store) => store.versions("current/"),
  facts: async (store) => store.facts(KEY),
};

/** Runs every call, and expects each to fail so. */
async function expectEach(store: AuditableStore, expected: object): Promise<readonly unknown[]> {
  const errors: unknown[] = [];
  for (const run of Object.values(CALLS)) errors.push(await run(store).catch((error: unknown) => error));
  const each: unknown = expect.objectContaining(expected);
  expect(errors).toEqual(Object.keys(CALLS).map(() => each));
  return errors;
}

const LOST: readonly (readonly [string, FaultKind])[] = [
  ["cut after it was carried out", { kind: "cut-after" }],
  ["cut before it was carried out", { kind: "cut-before" }],
  ["answered by a proxy that gave up", { kind: "status-after", status: 502 }],
  ["answered with 500", { kind: "status", status: 500 }],
  ["answered with 503", { kind: "status", status: 503 }],
  ["answered with 429", { kind: "status", status: 429 }],
  ["answered by a page in HTML", { kind: "status", status: 200, html: true }],
];

export function s3StoreContract(name: string, start: () => Promise<S3UnderTest>, runs = true): void {
  describe.skipIf(!runs)(`the claim store in ${name}, under faults`, () => {
    describe.each(LOST)("a write that was %s", (_, fault) => {
      test("is put once, and known for ours", async () => {
        await using under = await start();
        under.faults.add({ method: "PUT", path: /plans/, fault });
        expect(await under.store.putNew("plans/a.json", bytes("one"))).toEqual({ etag: expect.stringMatching(/^[0-9a-f]{32}$/) });
        expect(await under.store.versions("plans/")).toHaveLength(1);
        expect(await under.store.putNew("plans/a.json", bytes("one"))).toBe("exists");
      });

      test("replaces once, and is known for ours", async () => {
        await using under = await start();
        const first = await under.store.replace(KEY, bytes("one"), undefined);
        under.faults.add({ method: "PUT", path: /current/, fault });
        const second = await under.store.replace(KEY, bytes("two"), first === "conflict" ? "" : first.etag);
        expect(second).toEqual({ etag: (await under.store.read(KEY))?.etag });
        expect(await under.store.versions(KEY)).toHaveLength(2);
      });
    });

    test("a lost write after which somebody else wrote the same bytes is a conflict: one of two increments is not lost", async () => {
      await using under = await start();
      const other = await under.open({ direct: true });
      const first = await under.store.replace(KEY, bytes("1"), undefined);
      const etag = first === "conflict" ? "" : first.etag;
      const act = async (): Promise<void> => {
        expect(await other.replace(KEY, bytes("2"), etag)).not.toBe("conflict");
      };
      under.faults.add({ method: "PUT", path: /current/, fault: { kind: "cut-before" } });
      under.faults.add({ method: "PUT", path: /current/, fault: { kind: "meanwhile", act } });
      expect(await under.store.replace(KEY, bytes("2"), etag)).toBe("conflict");
    });

    test.each(LOST)("a read that was %s is tried again", async (_, fault) => {
      await using under = await start();
      await under.store.replace(KEY, bytes("one"), undefined);
      const calls = ["read", "list", "versions", "facts"];
      const found: unknown[] = [];
      for (const call of calls) {
        under.faults.add({ path: /current/, fault });
        found.push(await CALLS[call]?.(under.store));
      }
      expect(found.map(Boolean)).toEqual(calls.map(() => true));
      expect(textOf(await under.store.read(KEY))).toBe("one");
    });

    test.each(LOST)("what is always %s is waited for", async (_, fault) => {
      await using under = await start();
      await under.store.replace(KEY, bytes("one"), undefined);
      under.faults.add({ path: /./, fault, times: 1000 });
      await expectEach(under.store, { name: "Waiting", retryAfterMs: expect.any(Number) });
    });

    test("a server that asks for a minute is left alone for a minute", async () => {
      await using under = await start();
      under.faults.add({ path: /./, fault: { kind: "status", status: 503, retryAfterSeconds: 60 }, times: 1000 });
      const before = under.faults.requests.length;
      await expect(under.store.read(KEY)).rejects.toMatchObject({ name: "Waiting", retryAfterMs: 60_000 });
      expect(under.faults.requests.length - before).toBe(1);
    });

    test("what a proxy forbids is nothing to wait for", async () => {
      await using under = await start();
      under.faults.add({ path: /./, fault: { kind: "status", status: 403, html: true }, times: 1000 });
      await expectEach(under.store, { name: "Stalled", wayOut: expect.stringContaining("proxy") });
    });

    test("a page that is not there is not an object that is not there", async () => {
      await using under = await start();
      under.faults.add({ path: /./, fault: { kind: "status", status: 404, html: true }, times: 1000 });
      await expectEach(under.store, { name: "Waiting", message: expect.stringContaining("not S3") });
    });

    test("an answer that does not come is not waited for longer than the deadline", async () => {
      await using under = await start();
      const hasty = await under.open({ change: { deadlineMs: 50 } });
      under.faults.add({ path: /./, fault: { kind: "slow", ms: 200 }, times: 1000 });
      await expectEach(hasty, { name: "Waiting", message: expect.stringContaining("within 50 ms") });
    });

    test("a caller who gives up is let go at once, with its own reason", async () => {
      await using under = await start();
      const caller = new AbortController();
      under.faults.add({
        path: /./,
        fault: {
          kind: "meanwhile",
          act: async () => {
            caller.abort(new Error("shutting down"));
            await breathe();
          },
        },
      });
      await expect(under.store.read(KEY, caller.signal)).rejects.toThrow("shutting down");
    });

    test("at most 32 requests are under way, however many callers there are", async () => {
      await using under = await start();
      let [running, most] = [0, 0];
      const act = async (): Promise<void> => {
        most = Math.max(most, (running += 1));
        for (let turn = 0; turn < 20; turn += 1) await breathe();
        running -= 1;
      };
      under.faults.add({ path: /./, fault: { kind: "meanwhile", act }, times: 1000 });
      const puts = Array.from({ length: 100 }, async (_, index) => under.store.putNew(`plans/${index}.json`, bytes("x")));
      expect(await Promise.all(puts)).not.toContain("exists");
      expect(most).toBeLessThanOrEqual(32);
      expect(most).toBeGreaterThan(1);
    });

    test("a key behind a delete marker is not there, but its versions are told", async () => {
      await using under = await start();
      const { store } = under;
      await store.putNew("claims/a/00000001.json", bytes("one"), { retainUntil: new Date(Date.now() + 60_000) });
      await under.remove("claims/a/00000001.json");
      expect(await store.read("claims/a/00000001.json")).toBeUndefined();
      expect(await store.list("claims/")).toEqual([]);
      expect(await store.facts("claims/a/00000001.json")).toBeUndefined();
      const versions = await store.versions("claims/");
      expect(versions.map(({ kind, isLatest }) => [kind, isLatest])).toEqual([
        ["delete-marker", true],
        ["object", false],
      ]);
      const [marker, object] = await Promise.all(versions.map(async ({ key, versionId }) => store.facts(key, versionId)));
      expect(marker).toBeUndefined();
      expect(object).toMatchObject({ sizeBytes: 3, lock: { mode: "COMPLIANCE" } });
      // The key is open again (facts of 2026-11-23): only the policy and `verify` stand against it.
      expect(await store.putNew("claims/a/00000001.json", bytes("two"))).not.toBe("exists");
      expect((await store.versions("claims/")).map(({ kind }) => kind)).toEqual(["object", "delete-marker", "object"]);
    });

    test("what is put again is locked as long as is asked then, and never shorter; without a lock it is left alone", async () => {
      await using under = await start();
      const { store } = under;
      const now = Math.floor(Date.now() / 1000) * 1000;
      const hour = (count: number): Date => new Date(now + count * 3_600_000);
      const lockOf = async (): Promise<Date | undefined> => (await store.facts("releases/a/b/bundle.yaml"))?.lock?.retainUntil;
      const put = async (retainUntil: Date | undefined): Promise<unknown> =>
        store.putNew("releases/a/b/bundle.yaml", Buffer.from("x"), retainUntil && { retainUntil });
      await put(hour(1));
      expect(await put(hour(3))).toBe("exists");
      expect(await lockOf()).toEqual(hour(3));
      expect(await put(hour(2))).toBe("exists");
      expect(await put(undefined)).toBe("exists");
      expect(await lockOf()).toEqual(hour(3));
      expect(await store.versions("releases/")).toHaveLength(1);
      // Ten at once: whoever asks for less than another has got is content with that.
      const asked = Array.from({ length: 10 }, (_, index) => put(hour(4 + ((index * 7) % 10))));
      expect(new Set(await Promise.all(asked))).toEqual(new Set(["exists"]));
      expect(await lockOf()).toEqual(hour(13));
    });

    test("what is too large to be read back is not written", async () => {
      await using under = await start();
      const store = await under.open({ change: { maxBytes: 10 } });
      const tooLarge = {
        name: "Stalled",
        message: `${store.name}: plans/a.json has 11 bytes, more than the 10 that are read back, and was not written`,
      };
      await expect(store.putNew("plans/a.json", bytes("x".repeat(11)))).rejects.toMatchObject(tooLarge);
      await expect(store.replace("plans/a.json", bytes("x".repeat(11)), undefined)).rejects.toMatchObject(tooLarge);
      expect(await under.store.versions("plans/")).toEqual([]);
      expect(await store.putNew("plans/a.json", bytes("x".repeat(10)))).not.toBe("exists");
      expect(textOf(await store.read("plans/a.json"))).toHaveLength(10);
      await under.store.putNew("plans/b.json", bytes("x".repeat(11)));
      await expect(store.read("plans/b.json")).rejects.toMatchObject({
        name: "Stalled",
        message: expect.stringContaining("larger"),
      });
    });

    test("listings of more than a thousand keys are whole, and in order", async () => {
      await using under = await start();
      const { store } = under;
      const keys = Array.from({ length: 1003 }, (_, index) => `plans/${String(index).padStart(5, "0")}`);
      await Promise.all(keys.map(async (key) => store.putNew(key, bytes(key))));
      expect((await store.list("plans/")).map(({ key }) => key)).toEqual(keys);
      expect((await store.versions("")).map(({ key }) => key)).toEqual(keys);
      expect(await store.list("plans/0100")).toHaveLength(3);
    });

    const strangers: readonly (readonly [string, Partial<S3Options>, object])[] = [
      [
        "a bucket that is not there",
        { bucket: "nobodys-bucket" },
        { name: "Stalled", message: expect.stringContaining("no bucket") },
      ],
      [
        "a key that the server does not know",
        { credentials: { accessKeyId: "nobody", secretAccessKey: new Secret("not-a-secret-at-all") } },
        { name: "Stalled", message: expect.stringContaining("does not know our key") },
      ],
      [
        "a server that is not there",
        { endpoint: "http://127.0.0.1:1" },
        { name: "Waiting", message: expect.stringContaining("ECONNREFUSED") },
      ],
      [
        "a name that nobody has",
        { endpoint: "http://claims.invalid" },
        { name: "Waiting", message: expect.stringMatching(/no such host|name server/) },
      ],
    ];
    test.each(strangers)("%s is said so, with a way out and without a secret", async (_, change, expected) => {
      await using under = await start();
      const store = await under.open({ change });
      for (const error of await expectEach(store, expected)) expectNoSecret(error, under, "not-a-secret-at-all");
    });

    test("a secret that does not fit is said so, without it", async () => {
      await using under = await start();
      const { credentials } = under.options;
      if (!("accessKeyId" in credentials)) return expect.fail("a static key");
      const wrong = { accessKeyId: credentials.accessKeyId, secretAccessKey: new Secret("not-a-secret-at-all") };
      const store = await under.open({ change: { credentials: wrong } });
      const error: unknown = await store.list("current/").catch((error: unknown) => error);
      expect(error).toMatchObject({ name: "Stalled", message: expect.stringContaining("signature") });
      expectNoSecret(error, under, "not-a-secret-at-all");
    });

    test("plain http where https is asked for is said so", async () => {
      await using under = await start();
      const store = await under.open({ change: { endpoint: under.options.endpoint.replace("http:", "https:") } });
      await expect(store.list("")).rejects.toMatchObject({
        name: "Stalled",
        message: expect.stringContaining("does not answer in TLS"),
      });
    });

    test("a listing that ends early and calls itself whole is read to its true end", async () => {
      await using under = await start();
      if (under.fail === undefined) return;
      const keys = ["plans/a", "plans/b", "plans/c", "plans/d"];
      for (const key of keys) await under.store.putNew(key, bytes(key));
      for (const entries of [0, 1, 3]) {
        under.fail({ operation: "ListObjectsV2", fault: { kind: "short-listing", entries } });
        expect((await under.store.list("plans/")).map(({ key }) => key)).toEqual(keys);
      }
    });

    test("a body that was damaged on its way is read again, and one that is damaged is refused by name", async () => {
      await using under = await start();
      if (under.fail === undefined) return;
      await under.store.putNew("plans/a.json", bytes("one"));
      under.fail({ operation: "GetObject", fault: { kind: "damaged-body" } });
      expect(textOf(await under.store.read("plans/a.json"))).toBe("one");
      under.fail({ operation: "GetObject", fault: { kind: "cut-body" } });
      expect(textOf(await under.store.read("plans/a.json"))).toBe("one");
      under.fail({ operation: "GetObject", fault: { kind: "damaged-body" }, times: 100 });
      await expect(under.store.read("plans/a.json")).rejects.toMatchObject({
        name: "Stalled",
        message: expect.stringContaining("plans/a.json is damaged"),
      });
    });

    test("a right that is missing is named", async () => {
      await using under = await start();
      if (under.fail === undefined) return;
      const rights = { PutObject: "s3:PutObject", GetObject: "s3:GetObject", ListObjectsV2: "s3:ListBucket" };
      for (const [operation, right] of Object.entries(rights)) {
        under.fail({ operation, fault: { kind: "refuse", code: "AccessDenied" } });
        const call = { PutObject: "putNew", GetObject: "read", ListObjectsV2: "list" }[operation] ?? "";
        await expect(CALLS[call]?.(under.store)).rejects.toMatchObject({
          name: "Stalled",
          wayOut: expect.stringContaining(right),
        });
      }
    });
  });
}

/** Nowhere: not in the message, the way out, the stack, nor anything that hangs on it. */
function expectNoSecret(error: unknown, { options }: S3UnderTest, other: string): void {
  const { credentials } = options;
  const seen = inspect(error, { depth: 8, showHidden: true });
  expect(seen.length).toBeGreaterThan(10);
  if ("secretAccessKey" in credentials) expect(seen).not.toContain(credentials.secretAccessKey.reveal());
  expect(seen).not.toContain(other);
}
