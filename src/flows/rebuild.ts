/**
 * Rebuild: what the database knew, found again without it. Which plans stood for which head since when, and who pushed it, is in the audit
 * log; which notes are ours is on GitLab. What is known already stays.
 */
import { digestOfBytes } from "../core/json.ts";
import { PLAN_MARKER } from "../core/render/plan-note.ts";
import { reportMarker } from "../core/render/report-note.ts";
import { inGroups } from "./in-groups.ts";
import { readReviews } from "./verify/audit.ts";
import type { ForgeWorld } from "./world.ts";

export interface Rebuilt {
  /** Merge requests whose shown plans are known again. */
  readonly reviews: number;
  readonly pushers: number;
  readonly notes: number;
  readonly environments: number;
}

const BROKEN_LOG = "Find out who wrote that object; claimbot audit shows all of them. Without it people approve once more";

type RebuildWorld = Pick<ForgeWorld, "store" | "forge" | "memory" | "logs" | "jobs">;

/** Throws Stalled where the audit log is broken: approvals would stand on what somebody changed. */
export async function rebuild(world: RebuildWorld, signal: AbortSignal): Promise<Rebuilt> {
  const { plans, pushers } = await readReviews(world.store, BROKEN_LOG, signal);
  let reviews = 0;
  for (const [iid, shown] of plans) {
    if ((await world.memory.reviewedPlans(iid)) !== undefined) continue;
    await world.memory.rememberReviewedPlans(iid, shown);
    reviews += 1;
  }
  let heads = 0;
  for (const [sha, userId] of pushers) {
    if ((await world.memory.pusherOf(sha)) !== undefined) continue;
    await world.memory.rememberPusher(sha, userId);
    heads += 1;
  }
  const live = await world.logs.live(world.store, signal);
  const places = new Map<string, { readonly iid: number; readonly marker: string }>();
  const look = (iid: number, marker: string): void => void places.set(`${iid} ${marker}`, { iid, marker });
  for (const { iid } of await world.forge.openMergeRequests(signal)) look(iid, PLAN_MARKER);
  for (const [name, log] of live) {
    const iid = log.at(-1)?.source.mergeRequest;
    if (iid !== undefined) look(iid, reportMarker(name));
  }
  const found = await inGroups([...places.values()], 4, async ({ iid, marker }) => rememberNote(world, iid, marker, signal));
  // Whatever was missed meanwhile is found by the sweep.
  await world.jobs.enqueue({ kind: "sweep" });
  return { reviews, pushers: heads, notes: found.filter(Boolean).length, environments: live.size };
}

/** False where there is no such note. */
async function rememberNote({ forge, memory }: RebuildWorld, iid: number, marker: string, signal: AbortSignal): Promise<boolean> {
  const note = (await memory.stickyNote(iid, marker)) === undefined ? await forge.findOwnNote(iid, marker, signal) : undefined;
  if (note === undefined) return false;
  await memory.rememberStickyNote(iid, marker, { noteId: note.id, bodyDigest: digestOfBytes(note.body) });
  return true;
}
