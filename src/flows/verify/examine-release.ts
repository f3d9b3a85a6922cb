/** What a record stands on: its plan and its release, by their digests, and the release derived again from git. */
import { digestOfBytes } from "../../core/json.ts";
import type { ObjectStore } from "../../core/ports.ts";
import type { LogRecord } from "../../core/record.ts";
import { bundleKey } from "../../core/render/bundle.ts";
import type { AdoptionRecord } from "../adoption.ts";
import { deviation, type Deviation } from "./deviation.ts";
import { planOf } from "./plan-of.ts";
import { readText } from "./read-text.ts";
import { reproduce, type Reproducible } from "./reproduce.ts";

/** `instances`: those that may have rendered it, the likeliest first. */
export async function examineRelease(
  world: Pick<Reproducible, "repository" | "cache"> & { readonly store: ObjectStore },
  adoptions: readonly AdoptionRecord[],
  record: LogRecord,
  instances: readonly string[],
  signal: AbortSignal,
): Promise<readonly Deviation[]> {
  const { plan, found: ofPlan } = await planOf(world.store, record.planDigest, signal);
  if (record.kind !== "Publication") return ofPlan;
  const key = bundleKey(record.environment, record.releaseDigest);
  const { object, found } = await readText(world.store, key, signal);
  const ofBundle = [...found];
  if (object === undefined && found.length === 0) ofBundle.push(deviation("release/missing", key));
  const isWhole = object !== undefined && digestOfBytes(object.text) === record.releaseDigest;
  if (object !== undefined && !isWhole) ofBundle.push(deviation("release/altered", key));
  // What is not the bundle of its digest is named already; it need not be the derived one too.
  const stored = isWhole ? object.text : undefined;
  let derived: readonly Deviation[] | undefined;
  for (const instance of instances) {
    const again = await reproduce({ ...world, instance }, adoptions, record, plan, stored);
    derived ??= again;
    if (again.length === 0) return [...ofPlan, ...ofBundle];
  }
  return [...ofPlan, ...ofBundle, ...(derived ?? [])];
}
