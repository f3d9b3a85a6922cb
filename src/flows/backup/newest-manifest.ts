/** The manifests of a place, the newest first: a backup goes on from the newest that is whole, a restore takes no other than it was told. */
import { Stalled } from "../../core/errors.ts";
import type { ObjectStore } from "../../core/ports.ts";
import { inGroups } from "../in-groups.ts";
import { isManifestKey, MANIFESTS, parseManifest, parsePart, timeIn, type Manifest, type ManifestHead } from "./manifest.ts";

export interface WholeManifest {
  /** Undefined where there is none. */
  readonly manifest: Manifest | undefined;
  /** Those that are newer; the newest first. */
  readonly damaged: readonly DamagedManifest[];
}

export interface DamagedManifest {
  readonly key: string;
  /** It is torn or was changed, or what the store says. */
  readonly fault: Stalled;
}

/** `at`: ISO 8601, UTC; what was backed up later is left out. */
export async function newestWhole(store: ObjectStore, at: string | undefined, signal: AbortSignal): Promise<WholeManifest> {
  const damaged: DamagedManifest[] = [];
  for (const { key } of (await store.list(MANIFESTS, signal)).toReversed()) {
    if (!isManifestKey(key) || (at !== undefined && timeIn(key) > at)) continue;
    const manifest = await readManifest(store, key, signal);
    if (!("fault" in manifest)) return { manifest, damaged };
    damaged.push(manifest);
  }
  return { manifest: undefined, damaged };
}

/** Undefined where there is none until then. Throws Stalled where the newest until then is torn or was changed: which other is wanted, people say. */
export async function newestManifest(store: ObjectStore, signal: AbortSignal, at?: string): Promise<Manifest | undefined> {
  const { manifest, damaged } = await newestWhole(store, at, signal);
  const [newest] = damaged;
  if (newest === undefined) return manifest;
  const { message, wayOut } = newest.fault;
  const older = manifest === undefined ? "" : `, or the newest backup there that is whole: restore --at ${manifest.at}`;
  throw new Stalled(message, `${wayOut}${older}`, { cause: newest.fault });
}

async function readManifest(store: ObjectStore, key: string, signal: AbortSignal): Promise<Manifest | DamagedManifest> {
  try {
    const object = await store.read(key, signal);
    const manifest = object && parseManifest(key, Buffer.from(object.body).toString("utf8"));
    if (manifest === undefined) throw damagedAt(store, `${key} is torn or was changed`);
    return "objects" in manifest ? manifest : await joined(store, manifest, signal);
  } catch (error) {
    // The store itself says that it is not what was written.
    if (error instanceof Stalled) return { key, fault: error };
    throw error;
  }
}

async function joined(store: ObjectStore, { parts, ...head }: ManifestHead, signal: AbortSignal): Promise<Manifest> {
  const objects = await inGroups(parts, 4, async ({ key, sha256 }) => {
    const object = await store.read(key, signal);
    if (object === undefined) throw damagedAt(store, `${key} is missing`);
    const part = parsePart(sha256, object.body);
    if (part === undefined) throw damagedAt(store, `${key} is torn or was changed`);
    return part;
  });
  return { ...head, objects: objects.flat() };
}

function damagedAt(store: ObjectStore, what: string): Stalled {
  return new Stalled(`${store.name}: ${what}`, "Take another copy of the backup");
}
