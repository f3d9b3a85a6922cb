/** Whose place it is: one holds the backups of one claim store, and no claims. */
import { Stalled } from "../../core/errors.ts";
import { digestOfBytes } from "../../core/json.ts";
import type { ObjectStore } from "../../core/ports.ts";
import { isKnownKey } from "../../targets/claim-store/known-key.ts";
import { manifestKey, type Manifest } from "./manifest.ts";

const WAY_OUT = "Name a directory or bucket of its own for the backups of each claim store";

/** Throws Stalled where the place is the store that is copied, lies in it, or is another claim store. `prefixes`: where claims lie. */
export async function requireNoClaims(
  from: ObjectStore,
  to: ObjectStore,
  prefixes: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (from.name === to.name)
    throw new Stalled(`${to.name} is the claim store itself`, "Name another place: a backup lies elsewhere");
  if (to.name.startsWith(`${from.name}/`))
    throw new Stalled(`${to.name} lies in the claim store itself`, "Name another place: a backup lies elsewhere");
  for (const prefix of prefixes) {
    const found = (await to.list(prefix, signal)).find(({ key }) => isKnownKey(key));
    if (found !== undefined) throw new Stalled(`${to.name} is itself a claim store: it holds ${found.key}`, WAY_OUT);
  }
}

/** What is written first, once, and with the time in it: no two stores have the same. A store's name says nothing, as it may move. */
const FIRST = /^(audit\/0000-00|claims\/[a-z0-9-]+)\/00000001\.json$/;

/**
 * Throws Stalled where the manifest is of another store: none of the first objects that both have is the same. One that is the same is
 * enough, for others may have been changed; where there is none to compare, as in a store that is empty now, the names decide.
 */
export async function requireSameStore(
  from: ObjectStore,
  to: ObjectStore,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<void> {
  let other: string | undefined;
  let unread: Stalled | undefined;
  for (const { key, sha256 } of manifest.objects.filter((object) => FIRST.test(object.key))) {
    const digest = await digestAt(from, key, signal);
    if (digest === sha256) return;
    if (digest instanceof Stalled) unread ??= digest;
    else if (digest !== undefined) other ??= key;
  }
  if (other === undefined && (manifest.of === from.name || manifest.objects.length === 0)) return;
  if (other === undefined && unread !== undefined) throw unread;
  const why = other === undefined ? "it has nothing of what that one began with" : `its ${other} is another`;
  throw new Stalled(
    `${to.name}: ${manifestKey(manifest)} is a backup of another store (${manifest.of}), and not of ${from.name}: ${why}`,
    WAY_OUT,
  );
}

/** Undefined where there is nothing; a store that gives no content because it is damaged says so. */
export async function digestAt(store: ObjectStore, key: string, signal: AbortSignal): Promise<string | Stalled | undefined> {
  try {
    const object = await store.read(key, signal);
    return object && digestOfBytes(object.body);
  } catch (error) {
    if (error instanceof Stalled) return error;
    throw error;
  }
}
