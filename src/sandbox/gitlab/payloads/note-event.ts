/** What the hooks of a project hear of a note. System notes are never told. */
import type { Award, Discussion, MergeRequest, Note, User } from "../model.ts";
import type { Happening, World } from "../world.ts";
import { hookMergeRequest, hookProject, hookRepository, hookTime, hookUser, type Payload } from "./parts.ts";

// GitLab fills this in when a later push moves the line.
const UNMOVED = {
  base_sha: null,
  start_sha: null,
  head_sha: null,
  old_path: null,
  new_path: null,
  position_type: "text",
  old_line: null,
  new_line: null,
};

function hookNote(world: World, mergeRequest: MergeRequest, discussion: Discussion, note: Note): Payload {
  return {
    attachment: null,
    author_id: note.author.id,
    change_position: note.position === undefined ? null : UNMOVED,
    commit_id: null,
    created_at: hookTime(note.createdAt),
    discussion_id: discussion.id,
    id: note.id,
    internal: note.internal,
    line_code: note.lineCode ?? null,
    note: note.body,
    noteable_id: mergeRequest.id,
    noteable_type: "MergeRequest",
    original_position: note.position ?? null,
    position: note.position ?? null,
    project_id: mergeRequest.project.id,
    resolved_at: note.resolved === undefined ? null : hookTime(note.resolved.at),
    resolved_by_id: note.resolved?.by.id ?? null,
    resolved_by_push: null,
    st_diff: null,
    system: note.system,
    type: note.type,
    updated_at: hookTime(note.updatedAt),
    updated_by_id: note.updatedBy?.id ?? null,
    description: note.body,
    url: `${world.mergeRequestUrl(mergeRequest)}#note_${note.id}`,
  };
}

export async function noteEvent(
  world: World,
  mergeRequest: MergeRequest,
  discussion: Discussion,
  note: Note,
  event: { readonly action: "create" | "update"; readonly by: User },
): Promise<Happening> {
  return {
    project: mergeRequest.project,
    event: note.internal ? "confidential_note_events" : "note_events",
    header: note.internal ? "Confidential Note Hook" : "Note Hook",
    payload: {
      object_kind: "note",
      event_type: note.internal ? "confidential_note" : "note",
      user: hookUser(event.by),
      project_id: mergeRequest.project.id,
      project: hookProject(world, mergeRequest.project),
      object_attributes: { ...hookNote(world, mergeRequest, discussion, note), action: event.action },
      repository: hookRepository(world, mergeRequest.project),
      merge_request: await hookMergeRequest(world, mergeRequest),
    },
  };
}

export async function emojiEvent(
  world: World,
  mergeRequest: MergeRequest,
  discussion: Discussion,
  note: Note,
  award: Award,
  action: "award" | "revoke",
): Promise<Happening> {
  return {
    project: mergeRequest.project,
    event: "emoji_events",
    header: "Emoji Hook",
    payload: {
      object_kind: "emoji",
      event_type: action,
      user: hookUser(award.user),
      project_id: mergeRequest.project.id,
      project: hookProject(world, mergeRequest.project),
      object_attributes: {
        user_id: award.user.id,
        created_at: hookTime(award.at),
        id: award.id,
        name: award.name,
        awardable_type: "Note",
        awardable_id: note.id,
        updated_at: hookTime(award.at),
        action,
        awarded_on_url: `${world.mergeRequestUrl(mergeRequest)}#note_${note.id}`,
      },
      note: hookNote(world, mergeRequest, discussion, note),
      merge_request: await hookMergeRequest(world, mergeRequest),
    },
  };
}
