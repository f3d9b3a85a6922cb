/** Plain JSON, its one canonical text, and the digest of that. Whatever is compared, approved or recorded goes through here. */
import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [member: string]: Json | undefined;
}

/** SHA-256 as 64 lower-case hexadecimal digits. */
export type Digest = string;

/**
 * The canonical text of a value: members sorted by UTF-16 code unit, no white space, undefined members left out.
 * Equal values have equal texts, whatever the order of their members (RFC 8785 without its number formatting, which is JavaScript's).
 * Whatever is no JSON (a Date, a Map, NaN) is our bug: two different ones would have the same text.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  if (value !== null && typeof value === "object") {
    assert(isPlain(value), "only plain objects are JSON");
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
    return `{${members.join(",")}}`;
  }
  assert(
    value === null || typeof value === "string" || typeof value === "boolean" || Number.isFinite(value),
    `${typeof value === "number" ? value : typeof value} is no JSON`,
  );
  return JSON.stringify(value);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

export function digestOfBytes(bytes: Uint8Array | string): Digest {
  return createHash("sha256").update(bytes).digest("hex");
}

export function digestOf(value: unknown): Digest {
  return digestOfBytes(canonicalJson(value));
}

/** The first 12 digits: for eyes only, never for a comparison. */
export function shortDigest(digest: Digest): string {
  return digest.slice(0, 12);
}

/** Undefined equals only itself. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === undefined || b === undefined) return a === b;
  return canonicalJson(a) === canonicalJson(b);
}

/** No value of ours is half as deep: a text of ten thousand brackets is none of claimbot's, and no reader goes down there. */
const MOST_LEVELS = 200;

/** What a stored text holds; undefined for what has no canonical text: torn, foreign, without end, or a number that JavaScript takes for Infinity. */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return hasCanonicalText(value, MOST_LEVELS) ? value : undefined;
  } catch {
    return undefined;
  }
}

function hasCanonicalText(value: unknown, levels: number): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (value === null || typeof value !== "object") return true;
  return levels > 0 && Object.values(value).every((member) => hasCanonicalText(member, levels - 1));
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
