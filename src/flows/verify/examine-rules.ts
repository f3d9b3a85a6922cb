/** The rules' log: what was adopted, as far as it is one. */
import { PLATFORM_NAME } from "../../core/adopted.ts";
import { Stalled } from "../../core/errors.ts";
import type { ObjectStore } from "../../core/ports.ts";
import { readAdoptions, type AdoptionRecord } from "../adoption.ts";
import { deviation, type Deviation } from "./deviation.ts";

/** Of a broken one nothing is believed. */
export async function examineRules(
  store: ObjectStore,
  signal: AbortSignal,
): Promise<{ readonly adoptions: readonly AdoptionRecord[]; readonly faults: readonly Deviation[] }> {
  try {
    return { adoptions: await readAdoptions(store, signal), faults: [] };
  } catch (error) {
    if (!(error instanceof Stalled)) throw error;
    return { adoptions: [], faults: [deviation("rules/chain", `claims/${PLATFORM_NAME}/`, error.message)] };
  }
}
