/** Whether an open merge request plans something for an environment. */
import type { MergeRequest } from "../../core/ports.ts";
import type { ForgeWorld } from "../world.ts";

/** Of others it says nothing: what holds them is what was merged before. */
export async function isPlannedBy({ memory }: ForgeWorld, { iid }: MergeRequest, name: string): Promise<boolean> {
  const reviewed = await memory.reviewedPlans(iid);
  return reviewed === undefined || reviewed.plans[name] !== undefined;
}
