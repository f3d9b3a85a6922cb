/** Versions and locks of the keys that are written once: each has one version, locked for as long as its type asks. */
import { LOCK_SLACK_MS, type AuditableStore, type ObjectFacts, type ObjectVersion } from "../../core/ports.ts";
import { isKnownKey } from "../../targets/claim-store/known-key.ts";
import { inGroups } from "../in-groups.ts";
import { deviation, type Deviation } from "./deviation.ts";
import type { NeededLocks } from "./needed-locks.ts";

export interface ObjectsExamined {
  /** Those that were examined, foreign ones too. */
  readonly keys: readonly string[];
  readonly deviations: readonly Deviation[];
}

/** `versions`: all of each key, as they were listed. Examines every key that has one not older than `since`. */
export async function examineObjects(
  store: AuditableStore,
  versions: readonly ObjectVersion[],
  since: string,
  needed: NeededLocks,
  signal: AbortSignal,
): Promise<ObjectsExamined> {
  const keys = Map.groupBy(versions, ({ key }) => key);
  const recent = [...keys.values()].filter((ofKey) => ofKey.some(({ at }) => at >= since));
  const foreign = [...keys.keys()].filter((key) => !isKnownKey(key)).map((key) => deviation("object/foreign", key));
  const recentKeys = recent.map(([version]) => version?.key ?? "");
  const found = [...foreign, ...recent.flatMap(versionFaults)];
  if (!store.locks) return { keys: recentKeys, deviations: found };
  const locked = await inGroups(recent.flat().filter(isObject), 16, async (version) => {
    const facts = await store.facts(version.key, version.versionId, signal);
    return lockFaults(version.key, facts, needed.get(version.key));
  });
  return { keys: recentKeys, deviations: [...found, ...locked.flat()] };
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

function lockFaults(key: string, facts: ObjectFacts | undefined, needed: Date | undefined): readonly Deviation[] {
  const lock = facts?.lock;
  if (lock === undefined) return [deviation("object/unlocked", key)];
  const found: Deviation[] = [];
  if (lock.mode !== "COMPLIANCE") found.push(deviation("object/governance", key));
  // The server keeps whole seconds.
  if (needed !== undefined && lock.retainUntil.getTime() + LOCK_SLACK_MS + 1_000 < needed.getTime()) {
    const [until, asked] = [lock.retainUntil, needed].map((date) => date.toISOString().slice(0, 10));
    found.push(deviation("object/lock-short", key, `it is locked until ${until}, and what stands on it asks for ${asked}`));
  }
  return found;
}
