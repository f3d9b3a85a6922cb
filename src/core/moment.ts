/** The time machine: what an environment was at a record of its log, and what differs between two such moments. Pure. */
import type { Platform } from "./claim/platform.generated.ts";
import type { Digest } from "./json.ts";
import { lastPublication, type Log, type LogRecord, type Publication } from "./record.ts";
import { changedLeaves, type Leaf } from "./render/changed-leaves.ts";
import type { KubernetesObject } from "./render/bundle/kubernetes-object.ts";
import { objectName } from "./render/bundle/kubernetes-object.ts";

/** Which record somebody asks for: a number of the log, a time (ISO 8601, UTC: the newest record not after it), or the newest. */
export type Which = { readonly sequence: number } | { readonly at: string } | "newest";

/** Undefined where there was none. */
export function recordFor(log: Log, which: Which): LogRecord | undefined {
  if (which === "newest") return log.at(-1);
  if ("sequence" in which) return log.find(({ sequence }) => sequence === which.sequence);
  return log.findLast(({ at }) => at <= which.at);
}

export interface Moment {
  /** The record that was the newest then. */
  readonly record: LogRecord;
  /** What was published then; undefined once the environment was gone, or is to go. */
  readonly publication: Publication | undefined;
  /** The rules of its type that judged its plan; undefined where they cannot be found any more. */
  readonly rules: { readonly digest: Digest; readonly adoptedAt: string | undefined; readonly of: RulesOfType } | undefined;
  /** What Flux applied. */
  readonly objects: readonly KubernetesObject[];
}

export type RulesOfType = Platform["spec"]["types"]["prod"];

/** What a record says was there: nothing after a Tombstone or Removed. */
export function publishedAt(log: Log, record: LogRecord): Publication | undefined {
  return record.kind === "Publication" ? lastPublication(log.slice(0, log.indexOf(record) + 1)) : undefined;
}

/** What differs between two moments, part by part; a part without a difference is not there. */
export interface MomentDifference {
  readonly part: "claim" | "versions" | "rules" | "objects";
  readonly leaves: readonly Leaf[];
}

export function momentDifferences(a: Moment, b: Moment): readonly MomentDifference[] {
  const parts: readonly MomentDifference[] = [
    { part: "claim", leaves: changedLeaves(a.publication?.claim, b.publication?.claim) },
    { part: "versions", leaves: changedLeaves(a.publication?.versions ?? {}, b.publication?.versions ?? {}) },
    { part: "rules", leaves: changedLeaves(a.rules?.of, b.rules?.of) },
    { part: "objects", leaves: changedLeaves(byName(a.objects), byName(b.objects)) },
  ];
  return parts.filter(({ leaves }) => leaves.length > 0);
}

function byName(objects: readonly KubernetesObject[]): Readonly<Record<string, KubernetesObject>> {
  return Object.fromEntries(objects.map((object) => [objectName(object), object]));
}
