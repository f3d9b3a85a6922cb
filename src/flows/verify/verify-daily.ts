/** Verify as the service does it, once a day: each deviation is logged, and their number told to whoever watches. */
import type { ServiceWorld } from "../world.ts";
import { deviationsOf, verifyStore } from "./verify.ts";

export async function verifyDaily(world: ServiceWorld, signal: AbortSignal): Promise<void> {
  const project = await world.forge.project(signal);
  // The commits of all records come with the default branch, also of those that another replica published a moment ago.
  const beforeDeriving = async (): Promise<void> =>
    void (await world.repository.fetch([`refs/heads/${project.defaultBranch}`], signal));
  const found = await verifyStore(world, { environments: [], beforeDeriving }, signal);
  const deviations = deviationsOf(found);
  for (const { name, key, detail } of deviations) world.log.error({ deviation: name, key, detail }, "the claim store deviates");
  const { records, objects } = found;
  world.log.info({ deviations: deviations.length, records, objects }, "the claim store was verified");
  world.verified?.(deviations.length);
}

const DAY_MS = 86_400_000;

/** `last`: when it was done last, ISO 8601; undefined where nobody remembers. */
export function isVerifyDue(last: string | undefined, now: Date): boolean {
  return last === undefined || now.getTime() - Date.parse(last) >= DAY_MS;
}
