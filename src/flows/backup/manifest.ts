/**
 * What a backup holds, key by key, with the checksum of each: written last, so that a backup without one is none. One that is too large for
 * an object goes into parts, which are written before it and named by it. Pure.
 */
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

/** Of one object, far below what is read back from S3 (adapters/s3/connection.ts); some 30 000 objects of a store. */
export const MANIFEST_BYTES = 8 * 1024 * 1024;

export interface StoredText {
  readonly key: string;
  readonly text: string;
}

/** What is to be written of a manifest, in this order: its parts, where it has more than `maxBytes`, and at the end itself. */
export function manifestTexts(manifest: Manifest, maxBytes: number): readonly StoredText[] {
  const key = manifestKey(manifest);
  const { kind, at, of, objects } = manifest;
  const whole = sealed({ kind, at, of, objects: [] });
  const groups = inPieces(
    objects.map((object) => canonicalJson(object)),
    maxBytes - Buffer.byteLength(whole),
  );
  if (groups.length <= 1) return [{ key, text: sealed(manifest) }];
  const parts = groups.map((group, index) => ({ key: partKey(key, index), text: `[${group.join(",")}]\n` }));
  return [...parts, { key, text: sealed({ kind, at, of, parts: parts.map(({ text }) => digestOfBytes(text)) }) }];
}

/** The last line is the digest of what stands before it. */
function sealed(value: unknown): string {
  const text = `${canonicalJson(value)}\n`;
  return `${text}${digestOfBytes(text)}\n`;
}

/** Of at most so many bytes together, each with a comma; one that is larger is a piece of its own. */
function inPieces(texts: readonly string[], maxBytes: number): readonly (readonly string[])[] {
  const pieces: string[][] = [];
  let leftBytes = 0;
  for (const text of texts) {
    const sizeBytes = Buffer.byteLength(text) + 1;
    if (pieces.length === 0 || sizeBytes > leftBytes) {
      pieces.push([]);
      leftBytes = maxBytes;
    }
    pieces.at(-1)?.push(text);
    leftBytes -= sizeBytes;
  }
  return pieces;
}

function partKey(key: string, index: number): string {
  return key.replace(/\.json$/, `/${String(index + 1).padStart(5, "0")}.json`);
}

/** A manifest that lies in parts. */
export interface ManifestHead extends Omit<Manifest, "objects"> {
  readonly parts: readonly { readonly key: string; readonly sha256: Digest }[];
}

/** Undefined where it is torn, foreign or changed, or of another time than its key. */
export function parseManifest(key: string, text: string): Manifest | ManifestHead | undefined {
  const end = text.indexOf("\n") + 1;
  if (end === 0 || `${digestOfBytes(text.slice(0, end))}\n` !== text.slice(end)) return undefined;
  const value = parseJson(text.slice(0, end));
  if (!isObject(value) || value["kind"] !== "Backup" || value["at"] !== timeIn(key)) return undefined;
  if (Array.isArray(value["objects"])) return value as unknown as Manifest;
  const { parts, ...head } = value as unknown as Omit<ManifestHead, "parts"> & { readonly parts?: readonly Digest[] };
  if (!Array.isArray(parts)) return undefined;
  return { ...head, parts: parts.map((sha256: Digest, index) => ({ key: partKey(key, index), sha256 })) };
}

/** Undefined where it was changed. */
export function parsePart(sha256: Digest, bytes: Uint8Array): readonly BackedUp[] | undefined {
  if (digestOfBytes(bytes) !== sha256) return undefined;
  const value = parseJson(Buffer.from(bytes).toString("utf8"));
  return Array.isArray(value) ? (value as readonly BackedUp[]) : undefined;
}
