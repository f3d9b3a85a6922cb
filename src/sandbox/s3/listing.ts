/** Pages of a bucket: what is on one, and where the next begins. Pure. Order and markers are MinIO's (measured 2026-11-24). */
import { compareBytes, newestVersion, sortedKeys, type Bucket, type ObjectContent, type Version } from "./bucket.ts";

/** At most this many on a page, whatever is asked for. */
const PAGE_LIMIT = 1000;

export type Entry = { readonly key: string; readonly object: ObjectContent } | { readonly prefix: string };

export interface Page<E> {
  readonly entries: readonly E[];
  /** Of the last entry; undefined on the last page. */
  readonly next: E | undefined;
}

interface PageOptions {
  readonly prefix: string;
  /** A key or a folded prefix; what comes after it is on the page. Empty: all is. */
  readonly after: string;
  readonly limit: number;
  /** Does not know whether more follows a full page, and says that it does. */
  readonly readsAhead: boolean;
}

/** Keys with an object on top, folded at the delimiter; a fold is there also where all below it is deleted. */
export function objectPage(bucket: Bucket, options: PageOptions & { readonly delimiter: string }): Page<Entry> {
  const { prefix, delimiter, after } = options;
  const entries: Entry[] = [];
  for (const key of sortedKeys(bucket)) {
    if (!key.startsWith(prefix)) continue;
    const newest = newestVersion(bucket, key);
    const cut = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    const folded = cut === -1 ? undefined : key.slice(0, cut + delimiter.length);
    if (compareBytes(folded ?? key, after) <= 0) continue;
    if (folded !== undefined && nameOf(entries.at(-1)) !== folded) entries.push({ prefix: folded });
    if (folded === undefined && newest?.kind === "object") entries.push({ key, object: newest });
  }
  return cutPage(entries, options);
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

/** Every version, by key, the newest first. After a version that the key does not have comes the key itself. */
export function versionPage(bucket: Bucket, options: PageOptions & { readonly afterVersion: string }): Page<VersionEntry> {
  const { prefix, after, afterVersion } = options;
  const entries = sortedKeys(bucket)
    .filter((key) => key.startsWith(prefix))
    .flatMap((key) => {
      const order = compareBytes(key, after);
      const versions = (bucket.keys.get(key) ?? []).map((version, index) => ({ key, version, isLatest: index === 0 }));
      if (order > 0) return versions;
      if (order < 0 || afterVersion === "") return [];
      return versions.slice(versions.findIndex(({ version }) => version.versionId === afterVersion) + 1);
    });
  return cutPage(entries, options);
}

function cutPage<E>(all: readonly E[], { limit, readsAhead }: PageOptions): Page<E> {
  const size = Math.min(limit, PAGE_LIMIT);
  const entries = all.slice(0, size);
  const more = entries.length < all.length || (readsAhead && entries.length === size);
  return { entries, next: more ? entries.at(-1) : undefined };
}
