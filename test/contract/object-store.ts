/** The contract of a claim store (DESIGN 3), as a suite that takes any factory. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { AuditableStore, ObjectStore } from "../../src/core/ports.ts";

export interface StoreUnderTest extends AsyncDisposable {
  readonly store: AuditableStore;
  /** The same objects, as another process sees them. */
  open(): Promise<AuditableStore>;
}

const bytes = (text: string): Uint8Array => Buffer.from(text);
const textOf = (object: { body: Uint8Array } | undefined): string | undefined => object && Buffer.from(object.body).toString();
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

export function objectStoreContract(name: string, start: () => Promise<StoreUnderTest>, runs = true): void {
  describe.skipIf(!runs)(`the claim store in ${name}`, () => {
    test("gives back what was put, and nothing for a key that was not", async () => {
      await using under = await start();
      const put = await under.store.putNew("claims/shop-dev/00000001.json", bytes("one"));
      expect(textOf(await under.store.read("claims/shop-dev/00000001.json"))).toBe("one");
      expect((await under.store.read("claims/shop-dev/00000001.json"))?.etag).toBe(put === "exists" ? undefined : put.etag);
      expect(await under.store.read("claims/shop-dev/00000002.json")).toBeUndefined();
      expect(await under.store.read("claims/shop-dev/00000001")).toBeUndefined();
    });

    test("keeps any bytes, also none", async () => {
      await using under = await start();
      const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
      await under.store.putNew("proof/all", all);
      await under.store.putNew("proof/none", new Uint8Array());
      expect([...((await under.store.read("proof/all"))?.body ?? [])]).toEqual([...all]);
      expect((await under.store.read("proof/none"))?.body.byteLength).toBe(0);
    });

    test("gives the MD5 of the content as ETag, which Flux's revision is made of", async () => {
      await using under = await start();
      const put = await under.store.putNew("releases/shop-dev/x/bundle.yaml", bytes("kind: Namespace\n"));
      const md5 = createHash("md5").update("kind: Namespace\n").digest("hex");
      expect(put === "exists" ? put : put.etag.replaceAll('"', "")).toBe(md5);
      const [listed] = await under.store.list("releases/shop-dev/x/");
      expect(listed?.etag.replaceAll('"', "")).toBe(md5);
    });

    test("puts a new key once, and leaves what is there alone", async () => {
      await using under = await start();
      await under.store.putNew("plans/a.json", bytes("first"), { retainUntil: new Date(Date.now() + 60_000) });
      expect(await under.store.putNew("plans/a.json", bytes("second"))).toBe("exists");
      expect(await under.store.putNew("plans/a.json", bytes("first"))).toBe("exists");
      expect(textOf(await under.store.read("plans/a.json"))).toBe("first");
    });

    test("gives a new key to exactly one of ten writers", async () => {
      await using under = await start();
      const other = await under.open();
      const writers = Array.from({ length: 10 }, async (_, index) =>
        (index % 2 === 0 ? under.store : other).putNew("claims/shop-dev/00000007.json", bytes(`writer ${index}`)),
      );
      const answers = await Promise.all(writers);
      expect(answers.filter((answer) => answer !== "exists")).toHaveLength(1);
      const winner = answers.findIndex((answer) => answer !== "exists");
      expect(textOf(await under.store.read("claims/shop-dev/00000007.json"))).toBe(`writer ${winner}`);
    });

    test("replaces only what the writer has seen", async () => {
      await using under = await start();
      const { store } = under;
      expect(await store.replace("current/shop-dev.yaml", bytes("x"), "0".repeat(32)), "a missing key has no ETag").toBe(
        "conflict",
      );
      const first = await store.replace("current/shop-dev.yaml", bytes("one"), undefined);
      expect(await store.replace("current/shop-dev.yaml", bytes("two"), undefined), "it is there by now").toBe("conflict");
      if (first === "conflict") return expect.fail("the first put was refused");
      const second = await store.replace("current/shop-dev.yaml", bytes("two"), first.etag);
      expect(second).not.toBe("conflict");
      expect(await store.replace("current/shop-dev.yaml", bytes("three"), first.etag), "an old ETag").toBe("conflict");
      expect(textOf(await store.read("current/shop-dev.yaml"))).toBe("two");
    });

    test("lets exactly one of ten replace what all have seen", async () => {
      await using under = await start();
      const other = await under.open();
      const first = await under.store.replace("current/shop-dev.yaml", bytes("first"), undefined);
      if (first === "conflict") return expect.fail("the first put was refused");
      const answers = await Promise.all(
        Array.from({ length: 10 }, async (_, index) =>
          (index % 2 === 0 ? under.store : other).replace("current/shop-dev.yaml", bytes(`writer ${index}`), first.etag),
        ),
      );
      expect(answers.filter((answer) => answer !== "conflict")).toHaveLength(1);
    });

    test("loses no increment of writers who read, add and replace until they win", async () => {
      await using under = await start();
      const stores = [under.store, await under.open(), await under.open()];
      const increment = async (store: ObjectStore): Promise<void> => {
        for (;;) {
          const seen = await store.read("current/counter.yaml");
          const next = String(Number(textOf(seen) ?? 0) + 1);
          if ((await store.replace("current/counter.yaml", bytes(next), seen?.etag)) !== "conflict") return;
        }
      };
      await Promise.all(stores.flatMap((store) => Array.from({ length: 8 }, async () => increment(store))));
      expect(textOf(await under.store.read("current/counter.yaml"))).toBe("24");
    });

    test("lists the keys of a prefix in byte order, each with its newest ETag", async () => {
      await using under = await start();
      const { store } = under;
      for (const key of [
        "claims/b/00000001.json",
        "claims/a-x/00000001.json",
        "claims/a/00000002.json",
        "claims/a/00000001.json",
      ]) {
        await store.putNew(key, bytes(key));
      }
      const first = await store.replace("current/a.yaml", bytes("one"), undefined);
      if (first === "conflict") return expect.fail("the first put was refused");
      const second = await store.replace("current/a.yaml", bytes("two"), first.etag);
      const keys = async (prefix: string): Promise<string[]> => (await store.list(prefix)).map(({ key }) => key);
      expect(await keys("claims/")).toEqual([
        "claims/a-x/00000001.json",
        "claims/a/00000001.json",
        "claims/a/00000002.json",
        "claims/b/00000001.json",
      ]);
      expect(await keys("claims/a/")).toEqual(["claims/a/00000001.json", "claims/a/00000002.json"]);
      expect(await keys("claims/a"), "a prefix ends anywhere").toHaveLength(3);
      expect(await keys("claims/nobody/")).toEqual([]);
      expect(await store.list("current/")).toEqual([{ key: "current/a.yaml", etag: second === "conflict" ? "" : second.etag }]);
    });

    test("shows another process what was written, at once", async () => {
      await using under = await start();
      const other = await under.open();
      await under.store.putNew("claims/shop-dev/00000001.json", bytes("one"));
      expect(textOf(await other.read("claims/shop-dev/00000001.json"))).toBe("one");
      expect(await other.putNew("claims/shop-dev/00000001.json", bytes("two"))).toBe("exists");
    });

    test("tells an auditor every version of a mutable key, the newest first", async () => {
      await using under = await start();
      const { store } = under;
      await store.putNew("claims/a/00000001.json", bytes("{}"));
      let etag: string | undefined;
      for (const text of ["one", "two", "three"]) {
        const put = await store.replace("current/a.yaml", bytes(text), etag);
        etag = put === "conflict" ? expect.fail("conflict") : put.etag;
      }
      const versions = await store.versions("current/");
      expect(versions.map(({ key, kind, isLatest }) => [key, kind, isLatest])).toEqual([
        ["current/a.yaml", "object", true],
        ["current/a.yaml", "object", false],
        ["current/a.yaml", "object", false],
      ]);
      expect(new Set(versions.map(({ versionId }) => versionId)).size).toBe(3);
      const sizes = await Promise.all(versions.map(async ({ key, versionId }) => store.facts(key, versionId)));
      expect(sizes.map((facts) => facts?.sizeBytes)).toEqual([5, 3, 3]);
      expect(sizes.map((facts) => facts?.sha256)).toEqual(["three", "two", "one"].map(sha256));
      const age = Date.now() - Date.parse(versions[0]?.at ?? "");
      expect(Math.abs(age)).toBeLessThan(60_000);
      expect(await store.versions("nothing/")).toEqual([]);
      expect((await store.versions("")).map(({ key }) => key)).toEqual([
        "claims/a/00000001.json",
        ...Array(3).fill("current/a.yaml"),
      ]);
    });

    test("tells of an object its size, its SHA-256 and its lock, and nothing of one that is not there", async () => {
      await using under = await start();
      const { store } = under;
      const retainUntil = new Date(Date.now() + 60_000);
      await store.putNew("claims/a/00000001.json", bytes("locked"), { retainUntil });
      await store.replace("current/a.yaml", bytes("free"), undefined);
      const locked = await store.facts("claims/a/00000001.json");
      expect(locked).toMatchObject({ sizeBytes: 6, sha256: sha256("locked") });
      expect(locked?.lock?.mode).toBe(store.locks ? "COMPLIANCE" : undefined);
      if (store.locks) expect(Math.abs((locked?.lock?.retainUntil.getTime() ?? 0) - retainUntil.getTime())).toBeLessThan(1000);
      expect(await store.facts("current/a.yaml")).toEqual({ sizeBytes: 4, sha256: sha256("free"), lock: undefined });
      expect(await store.facts("claims/a/00000002.json")).toBeUndefined();
    });

    test.each([
      "",
      "/claims/x",
      "claims/../x",
      "claims//x",
      "claims/",
      "claims/Shop",
      "claims/a@2",
      "claims/é",
      "a".repeat(1100),
    ])("writes nothing under %j, which is no key", async (key) => {
      await using under = await start();
      await expect(under.store.putNew(key, bytes("x"))).rejects.toThrow("not a key");
      await expect(under.store.replace(key, bytes("x"), undefined)).rejects.toThrow("not a key");
      expect(await under.store.list("")).toEqual([]);
    });

    test("gives up when it is told to", async () => {
      await using under = await start();
      const { store } = under;
      await store.putNew("claims/a/00000001.json", bytes("one"));
      const signal = AbortSignal.abort(new Error("no longer"));
      await expect(store.list("claims/", signal)).rejects.toThrow(/no longer|aborted/);
      await expect(store.read("claims/a/00000001.json", signal)).rejects.toThrow(/no longer|aborted/);
      await expect(store.versions("claims/", signal)).rejects.toThrow(/no longer|aborted/);
    });
  });
}
