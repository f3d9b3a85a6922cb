/** Listings and their pages: the same of the sandbox and of a real MinIO. */
import {
  DeleteObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type ListObjectVersionsCommandOutput,
} from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";
import { servers, type ServerUnderTest } from "./under-test.ts";

const KEYS = ["Z", "a&b", "a-x/1", "a/1", "a/2", "a/b/3", "a<b", "z ü/+&", "\u{ffee}", "\u{1f600}"];

async function fill({ client, bucket: Bucket }: ServerUnderTest, keys: readonly string[]): Promise<void> {
  await Promise.all(keys.map(async (Key) => client.send(new PutObjectCommand({ Bucket, Key, Body: Key }))));
}

async function allKeys({ client, bucket: Bucket }: ServerUnderTest, MaxKeys: number, Prefix = ""): Promise<string[][]> {
  const pages: string[][] = [];
  for (let token: string | undefined; ;) {
    const page = await client.send(
      new ListObjectsV2Command({ Bucket, Prefix, MaxKeys, ...(token !== undefined && { ContinuationToken: token }) }),
    );
    pages.push((page.Contents ?? []).map(({ Key }) => Key ?? ""));
    token = page.NextContinuationToken;
    expect(page.IsTruncated).toBe(token !== undefined);
    if (token === undefined) return pages;
  }
}

type Versions = readonly (readonly [key: string, kind: string, isLatest: boolean])[];

/** In the order of the document, which the SDK takes apart. */
function versionsOf(page: ListObjectVersionsCommandOutput): Versions {
  const objects = (page.Versions ?? []).map((version) => ({ ...version, kind: "object" }));
  const markers = (page.DeleteMarkers ?? []).map((version) => ({ ...version, kind: "marker" }));
  return [...objects, ...markers].map(({ Key, kind, IsLatest }) => [Key ?? "", kind, IsLatest ?? false]);
}

describe.each(servers)("a listing in $name", ({ start }) => {
  test("is in byte order, whatever the order of writing", async () => {
    await using server = await start();
    await fill(server, KEYS.toReversed());
    expect(await allKeys(server, 1000)).toEqual([KEYS]);
  });

  test.each([1, 2, 3, KEYS.length - 1, KEYS.length])("has every key once on pages of %i", async (size) => {
    await using server = await start();
    await fill(server, KEYS);
    const pages = await allKeys(server, size);
    expect(pages.flat()).toEqual(KEYS);
    expect(pages.slice(0, -1).every((page) => page.length === size)).toBe(true);
  });

  test("may end with an empty page: only IsTruncated says which is the last", async () => {
    await using server = await start();
    await fill(server, ["a", "b", "c"]);
    expect(await allKeys(server, 1)).toEqual([["a"], ["b"], ["c"], []]);
    expect(await allKeys(server, 3)).toEqual([["a", "b", "c"]]);
  });

  test("has the keys of a prefix that ends anywhere", async () => {
    await using server = await start();
    await fill(server, KEYS);
    expect(await allKeys(server, 1000, "a/")).toEqual([["a/1", "a/2", "a/b/3"]]);
    expect((await allKeys(server, 2, "a")).flat()).toEqual(KEYS.filter((key) => key.startsWith("a")));
    expect(await allKeys(server, 1000, "nobody/")).toEqual([[]]);
  });

  test("folds keys at the delimiter", async () => {
    await using server = await start();
    const { client, bucket: Bucket } = server;
    await fill(server, KEYS);
    const names = async (input: object): Promise<unknown> => {
      const page = await client.send(new ListObjectsV2Command({ Bucket, ...input }));
      return [page.Contents?.map(({ Key }) => Key), page.CommonPrefixes?.map(({ Prefix }) => Prefix), page.KeyCount];
    };
    expect(await names({ Delimiter: "/", Prefix: "a/" })).toEqual([["a/1", "a/2"], ["a/b/"], 3]);
    expect(await names({ Delimiter: "/", Prefix: "a" })).toEqual([["a&b", "a<b"], ["a-x/", "a/"], 4]);
    expect(await names({ Delimiter: "/", Prefix: "a", MaxKeys: 2 })).toEqual([["a&b"], ["a-x/"], 2]);
  });

  test("has a folded prefix also where all below it is deleted", async () => {
    await using server = await start();
    const { client, bucket: Bucket } = server;
    await fill(server, ["a/1", "b"]);
    await client.send(new DeleteObjectCommand({ Bucket, Key: "a/1" }));
    const page = await client.send(new ListObjectsV2Command({ Bucket, Delimiter: "/" }));
    expect([page.CommonPrefixes, page.Contents?.map(({ Key }) => Key)]).toEqual([[{ Prefix: "a/" }], ["b"]]);
    expect(await allKeys(server, 1000)).toEqual([["b"]]);
  });

  test("goes on after a folded prefix", async () => {
    await using server = await start();
    const { client, bucket: Bucket } = server;
    await fill(server, ["a/1", "a/2", "b/1", "c"]);
    const first = await client.send(new ListObjectsV2Command({ Bucket, Delimiter: "/", MaxKeys: 1 }));
    expect(first.CommonPrefixes).toEqual([{ Prefix: "a/" }]);
    const token = first.NextContinuationToken ?? "";
    const second = await client.send(new ListObjectsV2Command({ Bucket, Delimiter: "/", ContinuationToken: token }));
    expect([second.CommonPrefixes, second.Contents?.map(({ Key }) => Key)]).toEqual([[{ Prefix: "b/" }], ["c"]]);
  });

  test("shows the newest of a key, and none that is deleted", async () => {
    await using server = await start();
    const { client, bucket: Bucket } = server;
    await fill(server, ["a", "b"]);
    const { ETag } = await client.send(new PutObjectCommand({ Bucket, Key: "a", Body: "newer" }));
    await client.send(new DeleteObjectCommand({ Bucket, Key: "b" }));
    const { Contents } = await client.send(new ListObjectsV2Command({ Bucket }));
    expect(Contents).toEqual([expect.objectContaining({ Key: "a", ETag, Size: 5, StorageClass: "STANDARD" })]);
  });

  test("encodes keys where it is asked to", async () => {
    await using server = await start();
    const { client, bucket: Bucket } = server;
    await fill(server, ["z ü/+&", "a(1)'!*~"]);
    const { Contents, EncodingType } = await client.send(new ListObjectsV2Command({ Bucket, EncodingType: "url" }));
    expect([EncodingType, Contents?.map(({ Key }) => Key)]).toEqual(["url", ["a%281%29%27%21*%7E", "z+%C3%BC/%2B%26"]]);
  });

  test.each<[string, Record<string, string>]>([
    ["a token that is none", { "list-type": "2", "continuation-token": "zzz" }],
    ["an empty token", { "list-type": "2", "continuation-token": "" }],
    ["a negative size", { "list-type": "2", "max-keys": "-1" }],
    ["a size that is no number", { "list-type": "2", "max-keys": "many" }],
    ["another encoding", { "list-type": "2", "encoding-type": "base64" }],
    ["a negative size of versions", { versions: "", "max-keys": "-1" }],
  ])("is refused with %s", async (_, query) => {
    await using server = await start();
    expect(await server.fetch({ path: `/${server.bucket}`, query })).toMatchObject({ status: 400, code: "InvalidArgument" });
  });

  test("is empty for a size of nothing, and of a bucket that is missing there is none", async () => {
    await using server = await start();
    await fill(server, ["a"]);
    const none = await server.fetch({ path: `/${server.bucket}`, query: { "list-type": "2", "max-keys": "0" } });
    expect(none.body).toContain("<KeyCount>0</KeyCount><MaxKeys>0</MaxKeys><IsTruncated>false</IsTruncated></ListBucketResult>");
    for (const query of [{ "list-type": "2" }, { versions: "" }]) {
      const missing = await server.fetch({ path: "/no-such-bucket", query });
      expect(missing).toMatchObject({ status: 404, code: "NoSuchBucket" });
    }
  });

  test("has a thousand keys on a page, however many are asked for", { timeout: 60_000 }, async () => {
    await using server = await start();
    const keys = Array.from({ length: 1001 }, (_, index) => `k/${String(index).padStart(4, "0")}`);
    for (let at = 0; at < keys.length; at += 50) await fill(server, keys.slice(at, at + 50));
    const pages = await allKeys(server, 5000);
    expect(pages.map((page) => page.length)).toEqual([1000, 1]);
    expect(pages.flat()).toEqual(keys);
    const versions = await server.client.send(new ListObjectVersionsCommand({ Bucket: server.bucket, MaxKeys: 5000 }));
    expect([versions.Versions?.length, versions.IsTruncated]).toEqual([1000, true]);
  });

  test("of versions has them by key, the newest first, and delete markers among them", async () => {
    await using server = await start();
    const { client, bucket: Bucket } = server;
    await fill(server, ["a", "b", "c/d"]);
    await fill(server, ["b"]);
    await client.send(new DeleteObjectCommand({ Bucket, Key: "b" }));
    await fill(server, ["b"]);
    const { body } = await server.fetch({ path: `/${Bucket}`, query: { versions: "" } });
    const found = [...body.matchAll(/<(Version|DeleteMarker)><Key>([^<]*)<.*?<IsLatest>(\w+)</g)].map(([, kind, key, latest]) => [
      kind,
      key,
      latest,
    ]);
    expect(found).toEqual([
      ["Version", "a", "true"],
      ["Version", "b", "true"],
      ["DeleteMarker", "b", "false"],
      ["Version", "b", "false"],
      ["Version", "b", "false"],
      ["Version", "c/d", "true"],
    ]);
    const page = await client.send(new ListObjectVersionsCommand({ Bucket, Prefix: "b" }));
    expect(versionsOf(page)).toEqual([
      ["b", "object", true],
      ["b", "object", false],
      ["b", "object", false],
      ["b", "marker", false],
    ]);
  });

  test.each([1, 2, 3, 4, 5])(
    "of versions has every one once on pages of %i, also where a page ends within a key",
    async (MaxKeys) => {
      await using server = await start();
      const { client, bucket: Bucket } = server;
      await fill(server, ["a", "b&", "c"]);
      await fill(server, ["b&"]);
      await client.send(new DeleteObjectCommand({ Bucket, Key: "b&" }));
      const seen: string[] = [];
      for (let next: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {}; next !== undefined;) {
        const page: ListObjectVersionsCommandOutput = await client.send(
          new ListObjectVersionsCommand({ Bucket, MaxKeys, ...next }),
        );
        seen.push(...[...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].map(({ VersionId }) => VersionId ?? ""));
        const { IsTruncated, NextKeyMarker, NextVersionIdMarker } = page;
        next = IsTruncated === true ? { KeyMarker: NextKeyMarker ?? "", VersionIdMarker: NextVersionIdMarker ?? "" } : undefined;
      }
      expect(seen).toHaveLength(5);
      expect(new Set(seen).size).toBe(5);
    },
  );

  test("of versions goes on from a marker that is no key: it goes back as it came", async () => {
    await using server = await start();
    await fill(server, ["a", "b"]);
    const query = { versions: "", "max-keys": "1" };
    const { body } = await server.fetch({ path: `/${server.bucket}`, query });
    expect(/<NextKeyMarker>([^<]*)</.exec(body)?.[1]).toMatch(/^a\[minio_cache:v2,.*\]$/);
  });

  test.each<[string, Record<string, string>, number, readonly string[]]>([
    ["a key", { "key-marker": "b" }, 200, ["c"]],
    ["a key that is missing", { "key-marker": "aa" }, 200, ["b", "b", "c"]],
    [
      "a version that the key does not have",
      { "key-marker": "b", "version-id-marker": "00000000-0000-4000-8000-000000000000" },
      200,
      ["b", "b", "c"],
    ],
    ["a version without a key", { "version-id-marker": "00000000-0000-4000-8000-000000000000" }, 501, []],
    ["a key outside the prefix", { "key-marker": "a", prefix: "b" }, 501, []],
  ])("of versions begins after %s", async (_, query, status, keys) => {
    await using server = await start();
    await fill(server, ["a", "b", "c"]);
    await fill(server, ["b"]);
    const answer = await server.fetch({ path: `/${server.bucket}`, query: { versions: "", ...query } });
    expect(answer.status).toBe(status);
    expect([...answer.body.matchAll(/<Version><Key>([^<]*)</g)].map(([, key]) => key)).toEqual(keys);
  });

  test("of versions calls the one version of a bucket without them null", async () => {
    await using server = await start();
    const { client, plain: Bucket } = server;
    await client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "one" }));
    await client.send(new PutObjectCommand({ Bucket, Key: "k", Body: "two" }));
    const { Versions } = await client.send(new ListObjectVersionsCommand({ Bucket }));
    expect(Versions).toEqual([expect.objectContaining({ Key: "k", VersionId: "null", IsLatest: true, Size: 3 })]);
  });
});
