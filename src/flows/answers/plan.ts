/** /claim plan: plans again, with the newest versions that the constraints allow. */
import { shortDigest } from "../../core/json.ts";
import type { MergeRequest } from "../../core/ports.ts";
import { code } from "../../core/render/encode.ts";
import { review } from "../review.ts";
import type { ForgeWorld } from "../world.ts";
import type { Answer } from "./asked.ts";

export async function plan(world: ForgeWorld, mr: MergeRequest, signal: AbortSignal): Promise<Answer> {
  const reviewed = await review(world, mr.iid, signal, { fresh: true });
  if (reviewed === undefined) return { ok: false, text: "There is nothing to plan here." };
  const mistakes = reviewed.diagnostics.filter(({ severity }) => severity === "error").length;
  if (mistakes > 0) return { ok: false, text: `Looked again: ${mistakes} mistakes, listed in the plan note.` };
  const plans = reviewed.plans
    .filter(({ verb }) => verb !== "none")
    .map(({ environment, digest }) => `${code(environment)} ${code(shortDigest(digest))}`);
  return { ok: true, text: plans.length === 0 ? "Planned again: nothing changes." : `Planned again: ${plans.join(", ")}.` };
}
