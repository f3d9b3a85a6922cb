/** Refuses a claim store that belongs to another project, before anything of it is read for a plan. */
import { PLATFORM_NAME } from "../core/adopted.ts";
import { Stalled } from "../core/errors.ts";
import { recordKey } from "../core/record.ts";
import { isOwn, type StoreOwner } from "../core/store-owner.ts";
import { newestAdoption } from "./adoption.ts";
import type { World } from "./world.ts";

/** Its newest adoption of rules says whose it is. Throws Stalled. */
export async function refuseForeignStore(
  { store, formerProject }: Pick<World, "store" | "formerProject">,
  ours: StoreOwner,
  signal: AbortSignal,
): Promise<void> {
  const adoption = await newestAdoption(store, signal);
  if (adoption === undefined) return;
  const { source, gitlab, sequence } = adoption;
  if (isOwn({ path: source.project, ...gitlab }, ours, formerProject)) return;
  const theirs = gitlab === undefined ? source.project : `${source.project} (number ${gitlab.id} at ${gitlab.host})`;
  throw new Stalled(
    `${store.name} belongs to ${theirs}, as ${recordKey(PLATFORM_NAME, sequence)} says; this is ${ours.path} (number ${ours.id} at ${ours.host})`,
    `Give every project a store of its own. Where the project moved and no service runs for ${source.project} any more, set CLAIMBOT_GITLAB_FORMER_PROJECT=${source.project}`,
  );
}
