/** Reads a plan for an examination. */
import { Stalled } from "../../core/errors.ts";
import type { Plan } from "../../core/plan.ts";
import type { ObjectStore } from "../../core/ports.ts";
import { planKey, readPlan } from "../../targets/claim-store/log.ts";
import { deviation, type Deviation } from "./deviation.ts";

/** What is not the plan of that digest is a deviation, and so is none at all. */
export async function planOf(
  store: ObjectStore,
  digest: string,
  signal: AbortSignal,
): Promise<{ readonly plan: Plan | undefined; readonly found: readonly Deviation[] }> {
  try {
    const plan = await readPlan(store, digest, signal);
    return { plan, found: plan === undefined ? [deviation("plan/missing", planKey(digest))] : [] };
  } catch (error) {
    if (!(error instanceof Stalled)) throw error;
    return { plan: undefined, found: [deviation("plan/altered", planKey(digest), error.message)] };
  }
}
