/** What a backup holds, key by key, with the checksum of each: written last, so that a backup without one is none. Pure. */
import { canonicalJson, digestOfBytes, isObject, parseJson, type Digest } from "../../core/json.ts";

export interface BackedUp {
  readonly key: string;
  readonly sha256: Digest;
  readonly sizeBytes: number;
  /** As the store gave it: unchanged, the object need not be read again. */
  readonly etag: string;
  /** ISO 8601, UTC; absent where the store cannot lock. */
  readonly retainUntil?: string;
}

export interface Manifest {
  readonly kind: "Backup";
  /** ISO 8601, UTC: nothing that was written before is missing. */
  readonly at: string;
  /** The name of the store that was copied. */
  readonly of: string;
  /** In byte order of the keys. */
  readonly objects: readonly BackedUp[];
}

const PREFIX = "backups/";

/** In byte order they are in order of time. */
export function manifestKey({ at }: Pick<Manifest, "at">): string {
  return `${PREFIX}${at.replaceAll(/[-:.]/g, "").toLowerCase()}.json`;
}

const KEY = /^backups\/(\d{4})(\d{2})(\d{2})t(\d{2})(\d{2})(\d{2})(\d{3})z\.json$/;

export function isManifestKey(key: string): boolean {
  return KEY.test(key);
}

/** When the backup was made whose manifest has this key; ISO 8601, UTC. */
export function timeIn(key: string): string {
  return key.replace(KEY, "$1-$2-$3T$4:$5:$6.$7Z");
}

export const MANIFESTS = PREFIX;

/** The last line is the digest of what stands before it. */
export function manifestText(manifest: Manifest): string {
  const text = `${canonicalJson(manifest)}\n`;
  return `${text}${digestOfBytes(text)}\n`;
}

/** Undefined where it is torn, foreign or changed, or of another time than its key. */
export function parseManifest(key: string, text: string): Manifest | undefined {
  const end = text.indexOf("\n") + 1;
  if (end === 0 || `${digestOfBytes(text.slice(0, end))}\n` !== text.slice(end)) return undefined;
  const value = parseJson(text.slice(0, end));
  if (!isObject(value) || value["kind"] !== "Backup" || !Array.isArray(value["objects"])) return undefined;
  const manifest = value as unknown as Manifest;
  return manifest.at === timeIn(key) ? manifest : undefined;
}
