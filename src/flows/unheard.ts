/** Commands that no webhook told of: the sweep reads the comments of an open merge request where their number is not what it was. */
import { parseNote } from "../core/command.ts";
import { digestOfBytes } from "../core/json.ts";
import type { Comment, MergeRequest, User } from "../core/ports.ts";
import { answerMarker } from "../core/render/answer-marker.ts";
import { PLAN_MARKER } from "../core/render/plan-note.ts";
import type { ForgeWorld } from "./world.ts";

/** Under a marker that no note has: the newest comment that was looked at, and how many there were. */
const MEMORY = "claimbot:seen";
/** No merge request has this number: the newest merge request that a sweep saw. */
const NEWEST = 0;
/** An order of yesterday is obeyed no more: who gave it has done something else since. */
const OLDEST_MS = 24 * 3_600_000;

/**
 * Takes them as their webhooks would have: one that came by both is done once. Where nothing is remembered (a lost database) what was said so
 * far is left alone, for nobody knows whether it was done; except on a merge request that is newer than the last sweep.
 */
export async function takeUnheard(world: ForgeWorld, open: readonly MergeRequest[], signal: AbortSignal): Promise<void> {
  const { forge, memory } = world;
  const last = (await memory.stickyNote(NEWEST, MEMORY))?.noteId;
  for (const { iid, noteCount } of open) {
    const seen = await memory.stickyNote(iid, MEMORY);
    if (seen?.bodyDigest === String(noteCount)) continue;
    const isSilent = seen === undefined && noteCount <= ((await memory.stickyNote(iid, PLAN_MARKER)) === undefined ? 0 : 1);
    const comments = isSilent ? [] : await forge.commentsSince(iid, seen?.noteId ?? 0, signal);
    if (seen !== undefined || (last !== undefined && iid > last)) await take(world, iid, comments, signal);
    const noteId = Math.max(seen?.noteId ?? 0, ...comments.map(({ id }) => id));
    await memory.rememberStickyNote(iid, MEMORY, { noteId, bodyDigest: String(noteCount) });
  }
  const newest = Math.max(last ?? 0, ...open.map(({ iid }) => iid));
  if (newest !== last) await memory.rememberStickyNote(NEWEST, MEMORY, { noteId: newest, bodyDigest: "" });
}

async function take(world: ForgeWorld, mergeRequest: number, comments: readonly Comment[], signal: AbortSignal): Promise<void> {
  if (comments.length === 0) return;
  const [me, project] = await Promise.all([world.forge.me(signal), world.forge.project(signal)]);
  for (const { id: note, discussionId: discussion, body } of unanswered(comments, me, world.now())) {
    world.log.info({ mergeRequest, note }, "a command is taken that the sweep found");
    // Of what head it was said is asked by the time of the comment.
    const said = digestOfBytes(body);
    await world.jobs.enqueue({
      kind: "command",
      project: project.id,
      mergeRequest,
      note,
      discussion,
      intendedSha: undefined,
      said,
    });
  }
}

/** Those with a command, as they were written, by people, within a day, and without an answer of ours; oldest first. */
export function unanswered(comments: readonly Comment[], me: User, now: Date): readonly Comment[] {
  const own = comments.filter(({ author }) => author.id === me.id);
  return comments
    .filter(
      ({ id, author, system, createdAt, updatedAt, body }) =>
        !system &&
        !author.bot &&
        author.id !== me.id &&
        updatedAt === createdAt &&
        now.getTime() - Date.parse(createdAt) <= OLDEST_MS &&
        parseNote(body).length > 0 &&
        !own.some((answer) => answer.body.startsWith(answerMarker(id))),
    )
    .toSorted((a, b) => a.id - b.id);
}
