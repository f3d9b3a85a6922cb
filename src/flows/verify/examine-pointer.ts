/** The pointer of an environment beside the newest record of its log. Pure. */
import { recordKey, type LogRecord } from "../../core/record.ts";
import { claimName, parsePointer, pointerKey } from "../../targets/flux/pointer.ts";
import { deviation, type Deviation } from "./deviation.ts";

/**
 * `text`: the pointer as it is stored; undefined where there is none. `isSeen`: the head was seen to its end, so the pointer must stand
 * for it; before that it may still stand for an older one, or be missing.
 */
export function examinePointer(
  environment: string,
  text: string | undefined,
  head: LogRecord | undefined,
  isSeen: boolean,
): readonly Deviation[] {
  const key = pointerKey(environment);
  if (text === undefined) return isSeen && head?.kind === "Publication" ? [deviation("pointer/missing", key)] : [];
  const pointer = parsePointer(text);
  if (pointer?.environment !== environment) return [deviation("pointer/unreadable", key)];
  if (head === undefined || pointer.sequence > head.sequence)
    return [deviation("pointer/ahead", key, `it stands for ${claimName(pointer)}, which is not in the log`)];
  if (!isSeen) return [];
  const newest = recordKey(environment, head.sequence);
  if (head.kind === "Publication") {
    const points = pointer.kind === "release" && pointer.sequence === head.sequence && pointer.digest === head.releaseDigest;
    return points
      ? []
      : [deviation("pointer/elsewhere", key, `it stands for ${claimName(pointer)}, and the newest is ${newest}`)];
  }
  if (head.kind === "Removed" && pointer.kind !== "removed")
    return [deviation("pointer/elsewhere", key, `it points to a release, and ${newest} says that the environment is gone`)];
  return [];
}
