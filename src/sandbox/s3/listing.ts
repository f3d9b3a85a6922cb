/** Pages of a bucket: what is on one, and where the next begins. Pure. Order and markers are MinIO's (measured 2026-11-24). */
import { compareBytes, newestVersion, sortedKeys, type Bucket, type ObjectContent, type Version } from "./bucket.ts";

/** At most this many on a page, whatever is asked for. */
export const PAGE_LIMIT = 1000;

export type Entry = { readonly key: string; readonly object: ObjectContent } | { readonly prefix: string };

export interface Page<E> {
  readonly entries: readonly E[];
  /** Of the last entry; undefined on the last page. */
  readonly next: E | undefined;
}

/** Keys with an object on top, folded at the delimiter. `after` is a key or a folded prefix; what comes after it is on the page. */
export function objectPage(
  bucket: Bucket,
  options: { readonly prefix: string; readonly delimiter: string; readonly after: string; readonly limit: number },
): Page<Entry> {
  const { prefix, delimiter, after } = options;
  const entries: Entry[] = [];
  for (const key of sortedKeys(bucket)) {
    const object = newestVersion(bucket, key);
    if (object?.kind !== "object" || !key.startsWith(prefix)) continue;
    const cut = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    const folded = cut === -1 ? undefined : key.slice(0, cut + delimiter.length);
    if (compareBytes(folded ?? key, after) <= 0) continue;
    if (folded === undefined) entries.push({ key, object });
    else if (nameOf(entries.at(-1)) !== folded) entries.push({ prefix: folded });
  }
  return cutPage(entries, options.limit);
}

/** A key, or a folded prefix. */
export function nameOf(entry: Entry | undefined): string | undefined {
  return entry && ("key" in entry ? entry.key : entry.prefix);
}

export interface VersionEntry {
  readonly key: string;
  readonly version: Version;
  readonly isLatest: boolean;
}

/** Every version, by key, the newest first. A version marker that the key does not have begins at the key itself. */
export function versionPage(
  bucket: Bucket,
  options: { readonly prefix: string; readonly keyMarker: string; readonly versionMarker: string; readonly limit: number },
): Page<VersionEntry> {
  const { prefix, keyMarker, versionMarker } = options;
  const entries = sortedKeys(bucket)
    .filter((key) => key.startsWith(prefix))
    .flatMap((key) => {
      const order = compareBytes(key, keyMarker);
      const versions = (bucket.keys.get(key) ?? []).map((version, index) => ({ key, version, isLatest: index === 0 }));
      if (order > 0) return versions;
      if (order < 0 || versionMarker === "") return [];
      return versions.slice(versions.findIndex(({ version }) => version.versionId === versionMarker) + 1);
    });
  return cutPage(entries, options.limit);
}

function cutPage<E>(all: readonly E[], asked: number): Page<E> {
  const entries = all.slice(0, Math.min(asked, PAGE_LIMIT));
  return { entries, next: entries.length < all.length ? entries.at(-1) : undefined };
}
