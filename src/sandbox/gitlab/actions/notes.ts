/** Comments, threads and reactions. */
import { lineCode } from "../file-diff.ts";
import { mergeRequestDiffs } from "../merge-request-state.ts";
import type { Discussion, MergeRequest, Note, Position, User } from "../model.ts";
import { emojiEvent, noteEvent } from "../payloads/note-event.ts";
import { extractQuickActions } from "../quick-actions.ts";
import { badRequest, forbidden, notFound, unauthorized } from "../refusal.ts";
import type { World } from "../world.ts";
import { isEmoji } from "../emoji.ts";
import { blankNote, newDiscussion } from "./new-note.ts";
import { runQuickActions, type CommandsOutcome } from "./run-quick-actions.ts";

// instance_limits, 19.x.
const BODY_LIMIT = 1_000_000;
const NOTES_PER_MERGE_REQUEST = 5_000;

export type Commented = { readonly kind: "note"; readonly discussion: Discussion; readonly note: Note } | CommandsOutcome;

export interface NewNote {
  readonly body: string;
  readonly internal?: boolean;
}

/** A stand-alone comment, or, with a discussion, an answer; a comment of quick actions only is never saved. */
export async function comment(
  world: World,
  mergeRequest: MergeRequest,
  by: User,
  input: NewNote & { readonly in?: Discussion; readonly position?: Position; readonly thread?: boolean },
): Promise<Commented> {
  checkBody(input.body);
  const said = mergeRequest.discussions.flatMap(({ notes }) => notes).filter(({ system }) => !system).length;
  if (said >= NOTES_PER_MERGE_REQUEST) throw badRequest('Note {:base=>["Maximum number of comments exceeded"]}');
  const code = input.position === undefined ? undefined : await anchor(mergeRequest, input.position);
  const { actions, rest } = extractQuickActions(input.body);
  const outcome = await runQuickActions(world, mergeRequest, by, actions);
  if (actions.length > 0 && rest === "") return outcome;
  const answered = input.in;
  if (answered?.notes[0]?.system) throw badRequest("Discussion can not be replied to.");
  const threaded = answered !== undefined || input.thread === true;
  const note: Note = {
    ...blankNote(world, by, rest),
    type:
      input.position !== undefined || answered?.notes[0]?.type === "DiffNote" ? "DiffNote" : threaded ? "DiscussionNote" : null,
    internal: input.internal ?? false,
    position: input.position ?? answered?.notes[0]?.position,
    lineCode: code ?? answered?.notes[0]?.lineCode,
    resolvable: threaded,
  };
  const discussion = answered ?? newDiscussion(mergeRequest, !threaded);
  if (answered?.individual) turnIntoThread(answered);
  note.resolved = answered?.notes[0]?.resolved;
  discussion.notes.push(note);
  mergeRequest.updatedAt = world.now();
  await world.announce(mergeRequest.project, async () =>
    noteEvent(world, mergeRequest, discussion, note, { action: "create", by }),
  );
  return { kind: "note", discussion, note };
}

export async function editNote(world: World, mergeRequest: MergeRequest, by: User, note: Note, body: string): Promise<Commented> {
  mustAdminister(world, mergeRequest, by, note);
  checkBody(body);
  const discussion = discussionOf(mergeRequest, note);
  const { actions, rest } = extractQuickActions(body);
  const outcome = await runQuickActions(world, mergeRequest, by, actions);
  if (actions.length > 0 && rest === "") {
    removeNote(mergeRequest, note);
    return outcome;
  }
  note.body = rest;
  note.updatedAt = world.now();
  note.updatedBy = by;
  await world.announce(mergeRequest.project, async () =>
    noteEvent(world, mergeRequest, discussion, note, { action: "update", by }),
  );
  return { kind: "note", discussion, note };
}

/** Deleting tells no hook. */
export function deleteNote(world: World, mergeRequest: MergeRequest, by: User, note: Note): void {
  mustAdminister(world, mergeRequest, by, note);
  removeNote(mergeRequest, note);
}

export function resolveDiscussion(
  world: World,
  mergeRequest: MergeRequest,
  by: User,
  discussion: Discussion,
  resolved: boolean,
): void {
  const first = discussion.notes[0];
  if (first === undefined || !first.resolvable) throw forbidden();
  const level = world.level(mergeRequest.project, by);
  if (level < 30 && mergeRequest.author !== by && first.author !== by) throw forbidden();
  for (const note of discussion.notes) note.resolved = resolved ? { by, at: world.now() } : undefined;
}

export async function award(
  world: World,
  mergeRequest: MergeRequest,
  by: User,
  note: Note,
  name: string,
): Promise<Note["awards"][number]> {
  if (!isEmoji(name)) throw notFound("Award Emoji Name is not a valid emoji name");
  if (note.awards.some((given) => given.name === name && given.user === by)) {
    throw notFound("Award Emoji Name has already been taken");
  }
  const given = { id: world.id("award"), name, user: by, at: world.now() };
  note.awards.push(given);
  bumpUpdatedAt(world, note);
  await world.announce(mergeRequest.project, async () =>
    emojiEvent(world, mergeRequest, discussionOf(mergeRequest, note), note, given, "award"),
  );
  return given;
}

export async function revokeAward(
  world: World,
  mergeRequest: MergeRequest,
  by: User,
  note: Note,
  awardId: number,
): Promise<void> {
  const given = note.awards.find(({ id }) => id === awardId);
  if (given === undefined) throw notFound("Award Emoji");
  if (given.user !== by) throw unauthorized();
  note.awards.splice(note.awards.indexOf(given), 1);
  bumpUpdatedAt(world, note);
  await world.announce(mergeRequest.project, async () =>
    emojiEvent(world, mergeRequest, discussionOf(mergeRequest, note), note, given, "revoke"),
  );
}

/** Not edits alone move this time: AwardEmoji#expire_cache does too (gitlabhq app/models/award_emoji.rb and note.rb, read 2026-11-24). */
function bumpUpdatedAt(world: World, note: Note): void {
  note.updatedAt = world.now();
}

export function discussionOf(mergeRequest: MergeRequest, note: Note): Discussion {
  const discussion = mergeRequest.discussions.find(({ notes }) => notes.includes(note));
  if (discussion === undefined) throw notFound("Note");
  return discussion;
}

function removeNote(mergeRequest: MergeRequest, note: Note): void {
  const { discussions } = mergeRequest;
  const discussion = discussionOf(mergeRequest, note);
  discussion.notes.splice(discussion.notes.indexOf(note), 1);
  if (discussion.notes.length === 0) discussions.splice(discussions.indexOf(discussion), 1);
}

function turnIntoThread(discussion: Discussion): void {
  discussion.individual = false;
  for (const note of discussion.notes) {
    note.type = "DiscussionNote";
    note.resolvable = true;
  }
}

function checkBody(body: string): void {
  if (body.trim() === "") throw badRequest('Note {:note=>["can\'t be blank"]}');
  if (body.length > BODY_LIMIT) {
    throw badRequest(`Note {:note=>["is too long (${body.length} characters). The maximum size is ${BODY_LIMIT} characters."]}`);
  }
}

function mustAdminister(world: World, mergeRequest: MergeRequest, by: User, note: Note): void {
  if (note.system || (note.author !== by && world.level(mergeRequest.project, by) < 40)) throw forbidden();
}

async function anchor(mergeRequest: MergeRequest, position: Position): Promise<string> {
  const version = mergeRequest.versions.find(
    ({ baseSha, startSha, headSha }) =>
      baseSha === position.base_sha && startSha === position.start_sha && headSha === position.head_sha,
  );
  const files = version === undefined ? [] : await mergeRequestDiffs(mergeRequest, version);
  const file = files.find(({ oldPath, newPath }) => oldPath === position.old_path && newPath === position.new_path);
  const code = file && lineCode(file, position.old_line ?? undefined, position.new_line ?? undefined);
  if (code === undefined) throw badRequest('Note {:line_code=>["can\'t be blank", "must be a valid line code"]}');
  return code;
}
