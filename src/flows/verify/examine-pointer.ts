/** The pointer of an environment beside its log. Pure. */
import { shortDigest } from "../../core/json.ts";
import { lastPublication, recordKey, type Log } from "../../core/record.ts";
import { claimName, parsePointer, pointerKey, type Pointer } from "../../targets/flux/pointer.ts";
import { deviation, type Deviation } from "./deviation.ts";

export interface BesidePointer {
  /** The records that can be read; read after the pointer. */
  readonly log: Log;
  /** The highest number that the log has, of a record that can be read or not. */
  readonly newest: number;
  /** The newest record that had a receipt before the pointer was read; undefined where none had. */
  readonly seen: number | undefined;
  /** The digest of what the pointer disarms, in its disarmed form; undefined where it cannot be told. */
  readonly disarmed: string | undefined;
}

/** `text`: the pointer as it is stored; undefined where there is none. It may be ahead of what was seen to its end; where it is behind, it points to that release all the same. */
export function examinePointer(environment: string, text: string | undefined, beside: BesidePointer): readonly Deviation[] {
  const key = pointerKey(environment);
  const seen = beside.log.find(({ sequence }) => sequence === beside.seen);
  if (text === undefined) return seen?.kind === "Publication" ? [deviation("pointer/missing", key)] : [];
  const pointer = parsePointer(text);
  if (pointer?.environment !== environment) return [deviation("pointer/unreadable", key)];
  if (pointer.sequence > beside.newest)
    return [deviation("pointer/ahead", key, `it stands for ${claimName(pointer)}, which is not in the log`)];
  const isBehind =
    seen !== undefined &&
    (seen.kind === "Publication"
      ? pointer.sequence < seen.sequence && !pointsTo(pointer, seen.releaseDigest)
      : seen.kind === "Removed" && pointer.kind !== "removed" && pointer.sequence < seen.sequence);
  if (isBehind)
    return [
      deviation(
        "pointer/elsewhere",
        key,
        `it stands for ${claimName(pointer)}, and ${recordKey(environment, seen.sequence)} was seen to its end`,
      ),
    ];
  const fault = faultOf(pointer, beside);
  return fault === undefined ? [] : [deviation("pointer/elsewhere", key, `it stands for ${claimName(pointer)}, and ${fault}`)];
}

/** A release whose bundle is the one before leaves the pointer as it is, standing for the older record. */
function pointsTo(pointer: Pointer, releaseDigest: string): boolean {
  return pointer.kind === "release" && pointer.disarms === undefined && pointer.digest === releaseDigest;
}

/**
 * | record it stands for | a pointer                                                                        |
 * | -------------------- | -------------------------------------------------------------------------------- |
 * | Publication          | to its release                                                                   |
 * | Tombstone            | to the disarmed form of the release before it, or of a removed environment        |
 * | Removed              | of a removed environment                                                         |
 * | unreadable           | any: the record is named                                                         |
 */
function faultOf(pointer: Pointer, { log, disarmed }: BesidePointer): string | undefined {
  const index = log.findIndex(({ sequence }) => sequence === pointer.sequence);
  const record = log[index];
  if (record === undefined) return undefined;
  if (pointer.kind === "removed") return record.kind === "Publication" ? "that record is a publication" : undefined;
  const points = shortDigest(pointer.digest);
  switch (record.kind) {
    case "Publication":
      return pointsTo(pointer, record.releaseDigest)
        ? undefined
        : `points to release ${points}, not to ${shortDigest(record.releaseDigest)}`;
    case "Tombstone": {
      const published = lastPublication(log.slice(0, index));
      if (pointer.disarms === undefined) return `points to release ${points} without taking its protection off`;
      if (published !== undefined && pointer.disarms.digest !== published.releaseDigest)
        return `disarms release ${shortDigest(pointer.disarms.digest)}, not ${shortDigest(published.releaseDigest)}`;
      return disarmed === undefined || disarmed === pointer.digest ? undefined : `${points} is not what it says that it disarms`;
    }
    case "Removed":
      return `points to release ${points} of an environment that is gone`;
  }
}
