/** `claimbot/plan`: what a merge waits for. Written once, at the end of a review: it is never pending and never running. */
import { Stalled } from "../core/errors.ts";
import type { CommitStatus, MergeRequest } from "../core/ports.ts";
import { PLAN_MARKER } from "../core/render/plan-note.ts";
import { ownStatus, sayStatus } from "./commit-status.ts";
import type { ForgeWorld } from "./world.ts";

const NAME = "claimbot/plan";

export async function tellPlan(
  world: ForgeWorld,
  mr: MergeRequest,
  words: Pick<CommitStatus, "state" | "description">,
  signal: AbortSignal,
): Promise<void> {
  if (mr.sha === undefined) return;
  const note = await world.memory.stickyNote(mr.iid, PLAN_MARKER);
  await sayStatus(
    world,
    {
      sha: mr.sha,
      name: NAME,
      ref: mr.sourceBranch,
      mergeRequest: mr.iid,
      pipelineId: mr.headPipeline,
      ...(note !== undefined && { targetUrl: `${mr.webUrl}#note_${note.noteId}` }),
      words: () => words,
    },
    signal,
  );
}

/**
 * Who wrote the status of an open merge request's head? True where it has to be written again: somebody else set it (threat S13), or
 * GitLab asks a newer pipeline, which does not know it.
 */
export async function examinePlanStatus(world: ForgeWorld, mr: MergeRequest, signal: AbortSignal): Promise<boolean> {
  if (mr.sha === undefined) return false;
  const [me, statuses, known] = await Promise.all([
    world.forge.me(signal),
    world.forge.statuses(mr.sha, signal),
    world.memory.status(mr.sha, NAME),
  ]);
  const named = statuses.filter(({ name }) => name === NAME);
  const forged = named.slice(named.findLastIndex(({ author }) => author.id === me.id) + 1);
  for (const { author, state } of forged) {
    world.log.warn(
      { mergeRequest: mr.iid, commit: mr.sha, by: author.username, state },
      `${NAME} was set by somebody else, as anybody with a developer's rights can; it is written again`,
    );
    world.alarm?.("forged-status");
  }
  const last = forged.at(-1);
  if (last !== undefined) {
    const said = { state: "canceled", description: `set by ${last.author.username}` } as const;
    if (known !== undefined) await world.memory.rememberStatus({ ...known, said });
    return true;
  }
  const newest = Math.max(0, ...statuses.map(({ pipelineId = 0 }) => pipelineId));
  if (known?.pipelineId === undefined || newest <= known.pipelineId) return false;
  const { headPipeline } = await world.forge.mergeRequest(mr.iid, signal);
  return headPipeline !== undefined && headPipeline !== known.pipelineId;
}

/** Ends a write that was cut off on a head that no open merge request has any more: `open` are the heads that one has. */
export async function finishPlans(world: ForgeWorld, open: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
  for (const status of await world.memory.openStatuses()) {
    const { sha, name, mergeRequest } = status;
    if (name !== NAME || open.has(sha)) continue;
    const ours = await ownStatus(world, status, signal);
    const words = { state: "canceled", description: "nobody waits for this head any more" } as const;
    if (ours?.said?.state !== "running" && ours?.said?.state !== "pending") {
      // Whatever it says, it says to nobody.
      await world.memory.rememberStatus({ ...status, said: words });
      continue;
    }
    const { defaultBranch } = await world.forge.project(signal);
    try {
      await sayStatus(
        world,
        { sha, name, ref: defaultBranch, mergeRequest, pipelineId: ours.pipelineId, words: () => words },
        signal,
      );
    } catch (error) {
      if (!(error instanceof Stalled)) throw error;
      world.log.warn({ commit: sha, reason: error.message }, "a commit status could not be ended");
    }
  }
}
