/** Changes of an environment that a newer one overtook before they were at their end: nobody reports on them any more, so their last report is closed. */
import { PLATFORM_NAME } from "../core/adopted.ts";
import { claimPathsOf } from "../core/claim/tree-files.ts";
import type { MergeRequest } from "../core/ports.ts";
import type { Log, LogRecord } from "../core/record.ts";
import { renderReportNote, reportMarker } from "../core/render/report-note.ts";
import { readLog } from "../targets/claim-store/claim-store.ts";
import { endForgotten } from "./apply-status.ts";
import { parentOf } from "./parent-of.ts";
import { hasReceipt } from "./receipt.ts";
import type { Ground } from "./release.ts";
import { mergeRequestBehind } from "./review-facts.ts";
import { editStickyNote } from "./sticky-note.ts";
import type { ForgeWorld } from "./world.ts";

/** Older ones were closed when the one after them was reported. */
const DEEPEST = 4;

/** `by` is the merge request whose release is reported now; undefined for a change that came without one. */
export async function closeOvertaken(
  world: ForgeWorld,
  ground: Ground,
  name: string,
  by: MergeRequest | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (name === PLATFORM_NAME) return;
  const end = await lastEnd(world, await readLog(world.store, name, signal), ground.project, by?.iid, signal);
  const paths = claimPathsOf(name);
  let change = await world.repository.lastChange(ground.commit, paths);
  for (let step = 0; change !== undefined && step < DEEPEST; step += 1) {
    if (end !== undefined && (await world.repository.isAncestor(change, end.source.commit))) return;
    // The newest is reported now, or came without a merge request.
    const isReported = change === by?.mergedCommit || (step === 0 && by === undefined);
    const older = isReported ? undefined : await olderBehind(world, change, signal);
    if (older !== undefined && older.iid !== by?.iid) {
      const body = renderReportNote(name, undefined, { kind: "overtaken", by: by?.iid });
      const written = await editStickyNote(world, older.iid, reportMarker(name), body, signal);
      if (written !== "none") await endForgotten(world, older, name, by?.iid, signal);
    }
    const before = await parentOf(world.repository, change);
    change = before && (await world.repository.lastChange(before, paths));
  }
}

/** Commits that came without a merge request: that of an older change is asked for once. */
const NOBODYS = new WeakMap<ForgeWorld["forge"], Set<string>>();

async function olderBehind(world: ForgeWorld, change: string, signal: AbortSignal): Promise<MergeRequest | undefined> {
  const nobodys = NOBODYS.get(world.forge) ?? new Set();
  NOBODYS.set(world.forge, nobodys);
  if (nobodys.has(change)) return undefined;
  const found = await mergeRequestBehind(world, change, signal);
  if (found === undefined) nobodys.add(change);
  return found;
}

/** The newest record of another change that was seen to its end. */
async function lastEnd(
  world: ForgeWorld,
  log: Log,
  project: string,
  by: number | undefined,
  signal: AbortSignal,
): Promise<LogRecord | undefined> {
  for (const record of log.toReversed()) {
    const isOther = record.source.project === project && record.source.mergeRequest !== by;
    if (isOther && (await hasReceipt(world, record.environment, record.sequence, signal))) return record;
  }
  return undefined;
}
