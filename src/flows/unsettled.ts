/** Which environments need a look: changed, new, removed, expired, or never seen finished. A lost event is found here. */
import { inputsDigest } from "../core/adopted.ts";
import type { JudgedClaim } from "../core/claim/validate.ts";
import { isExpired } from "../core/environment.ts";
import { isLive, lastPublication, type Log } from "../core/record.ts";
import { readLog, readPlan } from "../targets/claim-store/claim-store.ts";
import { adoptedRules } from "./adoption.ts";
import type { ClaimFiles } from "./files.ts";
import { inGroups } from "./in-groups.ts";
import { judge, type Judged } from "./planning.ts";
import { hasReceipt } from "./receipt.ts";
import type { World } from "./world.ts";

/** Names in byte order. Throws Stalled where platform.yaml cannot be read. */
export async function unsettled(world: World, files: ClaimFiles, signal: AbortSignal): Promise<readonly string[]> {
  const live = await world.logs.live(world.store, signal);
  const judged = judge(world, files, { rules: await adoptedRules(world, signal), live });
  const removed = [...live.keys()].filter((name) => !judged.verdict.present.has(name));
  const asked = await inGroups(judged.verdict.claims, 16, async (claim) => {
    const { name } = claim.claim.metadata;
    if (world.logs.broken.includes(name)) return [];
    const log = live.get(name) ?? (await readLog(world.store, name, signal));
    return (await isSettled(world, judged, claim, log, signal)) ? [] : [name];
  });
  // Of a broken log its release says what is wrong.
  return [...new Set([...removed, ...world.logs.broken, ...asked.flat()])].toSorted();
}

async function isSettled(
  world: World,
  { platform }: Judged,
  claim: JudgedClaim,
  log: Log,
  signal: AbortSignal,
): Promise<boolean> {
  const isOver = isExpired(claim.claim, claim.blob, platform, log, world.now());
  const head = log.at(-1);
  if (isOver) return head !== undefined && !isLive(log);
  if (head === undefined || head.kind !== "Publication" || lastPublication(log)?.claimDigest !== claim.claimDigest) return false;
  if (!(await hasReceipt(world, head.environment, head.sequence, signal))) return false;
  const plan = await readPlan(world.store, head.planDigest, signal);
  return plan?.inputsDigest === inputsDigest(platform);
}
