/** A command may be quicker than the review of the head that it was said of: then that comes first. */
import { Stalled, Waiting } from "../core/errors.ts";
import type { MergeRequest } from "../core/ports.ts";
import { review } from "./review.ts";
import type { ForgeWorld } from "./world.ts";

/** Without the plans nobody knows which environments a command concerns, and so who may say it. Where there can be none, it is answered without. */
export async function reviewedHead(world: ForgeWorld, mr: MergeRequest, signal: AbortSignal): Promise<void> {
  if (mr.state !== "opened") return;
  const reviewed = await world.memory.reviewedPlans(mr.iid);
  if (reviewed !== undefined && reviewed.sha === mr.sha) return;
  try {
    await review(world, mr.iid, signal);
  } catch (error) {
    if (!(error instanceof Waiting || error instanceof Stalled)) throw error;
    // A hold must not wait for what keeps a plan from being made.
    world.log.info({ mergeRequest: mr.iid, reason: error.message }, "a command is answered without a review of its head");
  }
}
