/**
 * Where the next page of a listing begins. MinIO's markers are no keys: they have a tail, and go back as they came. From the third page on
 * it reads ahead of what it says, so that a full page is never known to be the last, and an empty one may follow (measured 2026-11-24).
 */
import { randomUUID } from "node:crypto";

export interface Marker {
  /** The last key, or folded prefix, of the page before; empty on the first page. */
  readonly name: string;
  /** Of the page that the marker begins. */
  readonly page: "first" | "second" | "later";
}

const TAIL = /^([\s\S]*)\[minio_cache:v2,(return:|id:[0-9a-f-]+,p:0,s:0)\]$/;

/** A key without a tail is as good as a marker. */
export function readMarker(text: string): Marker {
  if (text === "") return { name: "", page: "first" };
  const [, name, state] = TAIL.exec(text) ?? [];
  if (name === undefined) return { name: text, page: "second" };
  return { name, page: state === "return:" ? "second" : "later" };
}

/** What a page ends with. */
export function writeMarker(name: string, page: Marker["page"]): string {
  return `${name}[minio_cache:v2,${page === "first" ? "return:" : `id:${randomUUID()},p:0,s:0`}]`;
}
