/** `claimbot/apply`: how far the environments of a merge request are, on the commit that it was merged as. */
import { applyStatus, statusPartOf } from "../core/apply-status.ts";
import { Stalled } from "../core/errors.ts";
import type { MergeRequest, RememberedStatus, StatusPart } from "../core/ports.ts";
import { ownStatus, sayStatus } from "./commit-status.ts";
import type { ForgeWorld } from "./world.ts";

const NAME = "claimbot/apply";
/** Somebody else did it, such as a terminal. */
const NOTHING_LEFT: StatusPart = { state: "settled", words: "nothing left to do" };
const OWN_ERROR: StatusPart = { state: "stopped", words: "stopped by an error of claimbot's own: see its log" };

/** `mr` is the merge request whose change of the environment is the newest; undefined for a change that came without one. */
export async function tellApply(
  world: ForgeWorld,
  mr: MergeRequest | undefined,
  environment: string,
  part: StatusPart,
  signal: AbortSignal,
): Promise<void> {
  const sha = mr?.mergedCommit;
  for (const older of await world.memory.openStatuses()) {
    const known = older.parts[environment];
    if (older.name !== NAME || older.sha === sha || known === undefined || isOver(known)) continue;
    await say(world, older, { [environment]: overtakenBy(mr?.iid) }, signal);
  }
  if (mr === undefined || sha === undefined) return;
  await say(world, { sha, mergeRequest: mr.iid }, { [environment]: part }, signal);
}

/** The status of an overtaken change that a lost database does not know any more: ended where it still runs in GitLab. */
export async function endForgotten(
  world: ForgeWorld,
  { mergedCommit: sha, iid }: MergeRequest,
  environment: string,
  by: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (sha === undefined || (await world.memory.status(sha, NAME)) !== undefined) return;
  const ours = await ownStatus(world, { sha, name: NAME }, signal);
  if (ours?.said?.state !== "running") return;
  await say(world, { sha, mergeRequest: iid }, { [environment]: overtakenBy(by) }, signal);
}

function overtakenBy(by: number | undefined): StatusPart {
  return statusPartOf(undefined, { kind: "overtaken", by });
}

/** For an end that no report tells of: what is said to be on its way is not so any more. What has another end keeps it. */
export async function endApply(
  world: ForgeWorld,
  environment: string,
  how: "nothing left" | "own error",
  signal: AbortSignal,
): Promise<void> {
  const part = how === "nothing left" ? NOTHING_LEFT : OWN_ERROR;
  for (const status of await world.memory.openStatuses()) {
    if (status.name === NAME && status.parts[environment]?.state === "waiting")
      await say(world, status, { [environment]: part }, signal);
  }
}

/**
 * Ends what nobody works on: `atWork` are the environments that have something to do, whose own jobs will tell of it. What was cut off
 * while it was written is looked up in GitLab first, so that nothing is said twice.
 */
export async function finishApply(world: ForgeWorld, atWork: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
  for (const status of await world.memory.openStatuses()) {
    if (status.name !== NAME || Object.keys(status.parts).length === 0) continue;
    const left = Object.entries(status.parts).filter(([name, { state }]) => state === "waiting" && !atWork.has(name));
    const ended = left.map(([name]): [string, StatusPart] => [name, NOTHING_LEFT]);
    if (ended.length === 0 && status.said !== undefined) continue;
    try {
      await say(world, status, Object.fromEntries(ended), signal);
    } catch (error) {
      if (!(error instanceof Stalled)) throw error;
      // Such as a commit that is gone: the others are to be ended all the same.
      world.log.warn({ commit: status.sha, reason: error.message }, "a commit status could not be ended");
    }
  }
}

async function say(
  world: ForgeWorld,
  { sha, mergeRequest }: Pick<RememberedStatus, "sha" | "mergeRequest">,
  parts: Readonly<Record<string, StatusPart>>,
  signal: AbortSignal,
): Promise<void> {
  const { defaultBranch, webUrl } = await world.forge.project(signal);
  const targetUrl = `${webUrl}/-/merge_requests/${mergeRequest}`;
  await sayStatus(world, { sha, name: NAME, ref: defaultBranch, mergeRequest, parts, targetUrl, words: applyStatus }, signal);
}

function isOver({ state }: StatusPart): boolean {
  return state === "settled" || state === "overtaken";
}
