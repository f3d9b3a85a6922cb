/** Versions and locks of the keys that are written once: each has one version, locked for as long as its type asks. */
import type { AuditableStore, ObjectFacts, ObjectVersion } from "../../core/ports.ts";
import { inGroups } from "../in-groups.ts";
import { deviation, type Deviation } from "./deviation.ts";

export interface ObjectsExamined {
  readonly objects: number;
  readonly deviations: readonly Deviation[];
}

/**
 * Examines every key with the prefix whose newest version is not older than `since`. `retentionDays` says how long a key that was written
 * at a time must be locked from then on.
 */
export async function examineObjects(
  store: AuditableStore,
  prefix: string,
  since: string,
  retentionDays: (key: string, at: string) => number,
  signal: AbortSignal,
): Promise<ObjectsExamined> {
  const versions = await store.versions(prefix, signal);
  const keys = Map.groupBy(versions, ({ key }) => key);
  const recent = [...keys.values()].filter((ofKey) => ofKey.some(({ at }) => at >= since));
  const found = recent.flatMap(versionFaults);
  if (!store.locks) return { objects: recent.length, deviations: found };
  const locked = await inGroups(recent.flat().filter(isObject), 16, async (version) => {
    const facts = await store.facts(version.key, version.versionId, signal);
    return lockFaults(version, facts, retentionDays(version.key, version.at));
  });
  return { objects: recent.length, deviations: [...found, ...locked.flat()] };
}

function isObject({ kind }: ObjectVersion): boolean {
  return kind === "object";
}

/** `versions`: all of one key. */
function versionFaults(versions: readonly ObjectVersion[]): readonly Deviation[] {
  const key = versions[0]?.key ?? "";
  const contents = versions.filter(isObject);
  const markers = versions.filter((version) => !isObject(version));
  const found: Deviation[] = [];
  if (contents.length > 1) {
    const times = contents.map(({ at }) => at.slice(0, 19)).join(", ");
    found.push(
      deviation("object/overwritten", key, `it has ${contents.length} versions, of ${times}; the oldest is what was published`),
    );
  }
  const [marker] = markers;
  if (marker !== undefined) {
    const hides = marker.isLatest ? "a delete marker hides it" : "a delete marker hid it";
    found.push(deviation("object/deleted", key, `${hides}, of ${marker.at.slice(0, 19)}`));
  }
  return found;
}

const DAY_MS = 86_400_000;

/** A day of grace: the lock counts from the publication's time, the version from the store's own clock. */
function lockFaults({ key, at }: ObjectVersion, facts: ObjectFacts | undefined, days: number): readonly Deviation[] {
  const lock = facts?.lock;
  if (lock === undefined) return [deviation("object/unlocked", key)];
  const needed = new Date(Date.parse(at) + (days - 1) * DAY_MS);
  const found: Deviation[] = [];
  if (lock.mode !== "COMPLIANCE") found.push(deviation("object/governance", key));
  if (lock.retainUntil < needed) {
    const until = lock.retainUntil.toISOString().slice(0, 10);
    found.push(
      deviation("object/lock-short", key, `locked until ${until}, and its type asks for ${days} days from ${at.slice(0, 10)}`),
    );
  }
  return found;
}
