/** One commit status, written only when it says something else, and remembered so that a run that dies in between leaves nothing running. */
import type { CommitStatus, RememberedStatus } from "../core/ports.ts";
import { Locks } from "./locks.ts";
import type { ForgeWorld } from "./world.ts";

/** By commit: one writer. */
const commits = new Locks();

export interface StatusWish {
  readonly sha: string;
  readonly name: CommitStatus["name"];
  /** The branch that holds the commit. */
  readonly ref: string;
  readonly mergeRequest: number;
  /** The pipeline that GitLab asks, where it told of one. A status that may be running elsewhere is ended there first. */
  readonly pipelineId?: number | undefined;
  readonly targetUrl?: string | undefined;
  /** Added to those that are remembered. */
  readonly parts?: RememberedStatus["parts"];
  /** From all parts that are remembered. */
  readonly words: (parts: RememberedStatus["parts"]) => Pick<CommitStatus, "state" | "description">;
}

export async function sayStatus(world: ForgeWorld, wish: StatusWish, signal: AbortSignal): Promise<void> {
  const { sha, name, mergeRequest, parts = {} } = wish;
  await commits.hold(sha, async () => {
    const { memory } = world;
    let known = await memory.status(sha, name);
    // A write was begun, and nobody knows its end: GitLab does.
    const isUnsure = known !== undefined && known.said === undefined;
    if (known !== undefined && isUnsure) known = { ...known, ...(await ownStatus(world, known, signal)) };
    for (;;) {
      const all = { ...known?.parts, ...parts };
      const words = wish.words(all);
      const isSaid = isSame(known?.said, words) && isWhereAsked(known?.pipelineId, wish.pipelineId);
      const memo = { sha, name, mergeRequest, parts, pipelineId: known?.pipelineId };
      if (isSaid && !isUnsure && sameParts(known?.parts, all)) return;
      // A write that nobody knows the end of must not leave the old words behind: they would never be written again.
      await memory.rememberStatus({ ...memo, said: isSaid ? known?.said : undefined });
      if (isSaid) return;
      const isOver = known?.said !== undefined && known.said.state !== "running";
      const pipelineId = isOver ? (wish.pipelineId ?? known?.pipelineId) : (known?.pipelineId ?? wish.pipelineId);
      const where = await world.forge.setStatus(
        sha,
        wish.ref,
        {
          name,
          ...words,
          ...(pipelineId !== undefined && { pipelineId }),
          ...(wish.targetUrl !== undefined && { targetUrl: wish.targetUrl }),
        },
        signal,
      );
      await memory.rememberStatus({ ...memo, said: words, pipelineId: where });
      known = await memory.status(sha, name);
      // Another process may have added its part meanwhile: whoever sees both says both.
      if (known === undefined || isSame(wish.words(known.parts), words)) return;
    }
  });
}

/** What GitLab has of ours; nothing where it has none. Another state than those that we set is none. */
export async function ownStatus(
  { forge }: ForgeWorld,
  { sha, name }: Pick<RememberedStatus, "sha" | "name">,
  signal: AbortSignal,
): Promise<Pick<RememberedStatus, "said" | "pipelineId"> | undefined> {
  const [me, seen] = await Promise.all([forge.me(signal), forge.statuses(sha, signal)]);
  const ours = seen.findLast((one) => one.name === name && one.author.id === me.id);
  const state = STATES.find((one) => one === ours?.state);
  if (ours === undefined || state === undefined) return undefined;
  return { said: { state, description: ours.description ?? "" }, pipelineId: ours.pipelineId };
}

const STATES = ["pending", "running", "success", "failed", "canceled"] as const satisfies readonly CommitStatus["state"][];

/** GitLab refuses to run what is running, so its words stay. */
function isSame(said: RememberedStatus["said"], { state, description }: Pick<CommitStatus, "state" | "description">): boolean {
  return said?.state === state && (state === "running" || said.description === description);
}

/** A newer pipeline of the same commit is asked instead of ours, and does not know what we said. */
function isWhereAsked(known: number | undefined, asked: number | undefined): boolean {
  return known === undefined || asked === undefined || known === asked;
}

function sameParts(known: RememberedStatus["parts"] | undefined, all: RememberedStatus["parts"]): boolean {
  return Object.entries(all).every(([name, { state, words }]) => known?.[name]?.state === state && known[name].words === words);
}
