/** The one listing of a store that an examination makes, and what its keys tell. Pure. */
import { PLATFORM_NAME } from "../../core/adopted.ts";
import type { ObjectVersion } from "../../core/ports.ts";
import { isKnownKey } from "../../targets/claim-store/known-key.ts";
import { deviation, type Deviation } from "./deviation.ts";

/** Where everything is written once; pointers are replaced, and the proof of a server is nobody's record. */
export function isWrittenOnce({ key }: ObjectVersion): boolean {
  return /^(claims|releases|plans|receipts|audit)\//.test(key);
}

/** Empty for a key that is of no environment. */
export function environmentIn(key: string): string {
  return /^(?:claims|releases|receipts|current)\/([^/]+?)(?:\.yaml)?(?:\/|$)/.exec(key)?.[1] ?? "";
}

/** Of every environment that anything in the store speaks of, in byte order: a pointer without a log is one that somebody else wrote. */
export function namesIn(listing: readonly ObjectVersion[]): readonly string[] {
  const names = new Set(listing.map(({ key }) => (isKnownKey(key) ? environmentIn(key) : "")));
  return [...names].filter((name) => name !== "" && name !== PLATFORM_NAME).toSorted();
}

/** Where nothing else looks: what claimbot does not write, and is there. */
export function foreignElsewhere(listing: readonly ObjectVersion[]): readonly Deviation[] {
  const there = listing.filter(({ kind, isLatest }) => isLatest && kind === "object");
  return there
    .filter((version) => !isWrittenOnce(version) && !isKnownKey(version.key))
    .map(({ key }) => deviation("object/foreign", key));
}
