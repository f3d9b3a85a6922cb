/** Listings: ListObjectsV2 and ListObjectVersions, in MinIO's words (measured 2026-11-24). */
import { bucketOf } from "./bucket-routes.ts";
import { nameOf, objectPage, versionPage, type Entry, type VersionEntry } from "./listing.ts";
import { readMarker, writeMarker, type Marker } from "./marker.ts";
import { S3Error } from "./refusal.ts";
import type { Handler } from "./world.ts";
import { document, type Element } from "./xml.ts";

const OWNER: Element = [
  "Owner",
  [
    ["ID", "02d6176db174dc93cb1b899f7c6078f08654445fe8cf1b6ce98d8855f66bdbf4"],
    ["DisplayName", "minio"],
  ],
];

export const listObjects: Handler = (world, { bucketName, query }) => {
  const [prefix, delimiter, maxKeys] = [query.get("prefix") ?? "", query.get("delimiter") ?? "", maxKeysOf(query)];
  const token = query.get("continuation-token");
  const encode = encoderOf(query);
  const marker: Marker = token === null ? { name: query.get("start-after") ?? "", page: "first" } : fromToken(token);
  const readsAhead = marker.page === "later" && delimiter === "";
  const options = { prefix, delimiter, after: marker.name, limit: maxKeys, readsAhead };
  const page = objectPage(bucketOf(world, bucketName), options);
  const next = nameOf(page.next);
  const contents = page.entries.flatMap((entry): readonly Element[] =>
    "key" in entry ? [["Contents", contentOf(entry, encode)]] : [],
  );
  const prefixes = page.entries.flatMap((entry): readonly Element[] =>
    "prefix" in entry ? [["CommonPrefixes", [["Prefix", encode(entry.prefix)]]]] : [],
  );
  const body = document("ListBucketResult", [
    ["Name", bucketName],
    ["Prefix", encode(prefix)],
    ...given("StartAfter", query.get("start-after")),
    ...given("ContinuationToken", token),
    ...given("NextContinuationToken", next === undefined ? null : toToken(writeMarker(next, marker.page))),
    ["KeyCount", page.entries.length],
    ["MaxKeys", maxKeys],
    ...given("Delimiter", delimiter === "" ? null : delimiter),
    ["IsTruncated", next !== undefined],
    ...contents,
    ...prefixes,
    ...given("EncodingType", query.get("encoding-type")),
  ]);
  return { status: 200, body };
};

export const listObjectVersions: Handler = (world, { bucketName, query }) => {
  const [prefix, keyMarker, versionMarker] = ["prefix", "key-marker", "version-id-marker"].map(
    (name) => query.get(name) ?? "",
  ) as [string, string, string];
  const maxKeys = maxKeysOf(query);
  const encode = encoderOf(query);
  const marker = readMarker(keyMarker);
  // MinIO knows no version without its key, and no marker outside the prefix.
  const lost = marker.name === "" ? versionMarker !== "" : !marker.name.startsWith(prefix);
  if (lost) throw new S3Error("NotImplemented");
  const at = { after: marker.name, afterVersion: versionMarker, readsAhead: marker.page === "later" };
  const { entries, next } = versionPage(bucketOf(world, bucketName), { prefix, limit: maxKeys, ...at });
  const body = document("ListVersionsResult", [
    ["Name", bucketName],
    ["Prefix", encode(prefix)],
    ["KeyMarker", encode(keyMarker)],
    ...given("NextKeyMarker", next === undefined ? null : encode(writeMarker(next.key, marker.page))),
    ["NextVersionIdMarker", next?.version.versionId ?? ""],
    ["VersionIdMarker", versionMarker],
    ["MaxKeys", maxKeys],
    ["IsTruncated", next !== undefined],
    ...entries.map((entry): Element => [
      entry.version.kind === "object" ? "Version" : "DeleteMarker",
      versionElements(entry, encode),
    ]),
    ...given("EncodingType", query.get("encoding-type")),
  ]);
  return { status: 200, body };
};

function contentOf({ key, object }: Extract<Entry, { key: string }>, encode: (text: string) => string): readonly Element[] {
  return [
    ["Key", encode(key)],
    ["LastModified", object.at.toISOString()],
    ["ETag", `"${object.etag}"`],
    ["Size", object.body.byteLength],
    ["StorageClass", "STANDARD"],
  ];
}

function versionElements({ key, version, isLatest }: VersionEntry, encode: (text: string) => string): readonly Element[] {
  return [
    ["Key", encode(key)],
    ["LastModified", version.at.toISOString()],
    ["ETag", version.kind === "object" ? `"${version.etag}"` : ""],
    ["Size", version.kind === "object" ? version.body.byteLength : 0],
    OWNER,
    ["StorageClass", "STANDARD"],
    ["IsLatest", isLatest],
    ["VersionId", version.versionId],
  ];
}

function given(name: string, text: string | null): readonly Element[] {
  return text === null ? [] : [[name, text]];
}

function maxKeysOf(query: URLSearchParams): number {
  const text = query.get("max-keys") ?? "1000";
  if (!/^\d{1,9}$/.test(text)) {
    throw new S3Error("InvalidArgument", { message: "Argument maxKeys must be an integer between 0 and 2147483647" });
  }
  return Number(text);
}

/** encoding-type=url as MinIO does it: not the slash and the star, but the tilde, and a space is a plus. */
function encoderOf(query: URLSearchParams): (text: string) => string {
  const encoding = query.get("encoding-type");
  if (encoding === null || encoding === "") return (text) => text;
  if (encoding.toLowerCase() !== "url") {
    throw new S3Error("InvalidArgument", { message: "Invalid Encoding Method specified in Request" });
  }
  return (text) =>
    encodeURIComponent(text)
      .replaceAll(/[!'()~]/g, (sign) => `%${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase()}`)
      .replaceAll("%20", "+")
      .replaceAll("%2F", "/");
}

function toToken(marker: string): string {
  return Buffer.from(marker).toString("base64");
}

function fromToken(token: string): Marker {
  const text = Buffer.from(token, "base64").toString();
  if (text === "" || toToken(text) !== token) {
    throw new S3Error("InvalidArgument", { message: "The continuation token provided is incorrect" });
  }
  return readMarker(text);
}
