/** By which rules commands are judged and read. */
import type { Rules } from "../../core/adopted.ts";
import { adoptedRules, rulesOf } from "../adoption.ts";
import { forgeGround } from "../forge-ground.ts";
import type { ForgeWorld } from "../world.ts";

/** The adopted rules; before the first adoption the default branch counts as adopted. */
export async function judgingRules(world: ForgeWorld, signal: AbortSignal): Promise<Rules | undefined> {
  const ground = await forgeGround(world, signal);
  return (await adoptedRules(world, signal)) ?? rulesOf(world, ground.files);
}
