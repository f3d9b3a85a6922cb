/** Plans and bundles that no record names: shown and never released, or what a removal points to. Each is what the digest in its key says. */
import { digestOfBytes } from "../../core/json.ts";
import type { ObjectStore } from "../../core/ports.ts";
import { inGroups } from "../in-groups.ts";
import { deviation, type Deviation } from "./deviation.ts";
import { planOf } from "./plan-of.ts";
import { readText } from "./read-text.ts";

const PLAN = /^plans\/([0-9a-f]{64})\.json$/;
const BUNDLE = /^releases\/[a-z0-9-]+\/([0-9a-f]{64})\/bundle\.yaml$/;

/** `named`: the keys that were examined with their records, which are not read again. */
export async function examineUnnamed(
  store: ObjectStore,
  keys: readonly string[],
  named: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<readonly Deviation[]> {
  const unnamed = keys.filter((key) => !named.has(key) && (PLAN.test(key) || BUNDLE.test(key)));
  return (await inGroups(unnamed, 16, async (key) => examine(store, key, signal))).flat();
}

async function examine(store: ObjectStore, key: string, signal: AbortSignal): Promise<readonly Deviation[]> {
  const plan = PLAN.exec(key)?.[1];
  if (plan !== undefined) {
    const { found } = await planOf(store, plan, signal);
    // A delete marker hides it, which is named already, and nobody asks for it.
    return found.filter(({ name }) => name !== "plan/missing");
  }
  const { object, found } = await readText(store, key, signal);
  const isAltered = object !== undefined && digestOfBytes(object.text) !== BUNDLE.exec(key)?.[1];
  return isAltered ? [...found, deviation("release/altered", key)] : found;
}
