/** Notes, threads and reactions as the API shows them. */
import type { CommandsOutcome } from "../actions/run-quick-actions.ts";
import type { Award, Discussion, MergeRequest, Note } from "../model.ts";
import type { World } from "../world.ts";
import { userBasic, type Entity } from "./entities.ts";

export function noteEntity(world: World, mergeRequest: MergeRequest, note: Note, commandsChanges: Entity = {}): Entity {
  return {
    id: note.id,
    type: note.type,
    body: note.body,
    author: userBasic(world, note.author),
    created_at: note.createdAt.toISOString(),
    updated_at: note.updatedAt.toISOString(),
    system: note.system,
    noteable_id: mergeRequest.id,
    noteable_type: "MergeRequest",
    project_id: mergeRequest.project.id,
    ...(note.position === undefined ? {} : { commit_id: null, position: { ...note.position, line_range: null } }),
    resolvable: note.resolvable,
    ...(note.resolvable
      ? {
          resolved: note.resolved !== undefined,
          resolved_by: note.resolved === undefined ? null : userBasic(world, note.resolved.by),
          resolved_at: note.resolved?.at.toISOString() ?? null,
        }
      : {}),
    confidential: note.internal,
    internal: note.internal,
    imported: false,
    imported_from: "none",
    noteable_iid: mergeRequest.iid,
    commands_changes: commandsChanges,
  };
}

/** The answer to a note of quick actions only: there is no note, so there is no id. */
export function commandsEntity(outcome: CommandsOutcome): Entity {
  return { commands_changes: outcome.changes, summary: outcome.summary };
}

export function discussionEntity(world: World, mergeRequest: MergeRequest, discussion: Discussion): Entity {
  return {
    id: discussion.id,
    individual_note: discussion.individual,
    notes: discussion.notes.map((note) => noteEntity(world, mergeRequest, note)),
  };
}

export function awardEntity(world: World, note: Note, award: Award): Entity {
  return {
    id: award.id,
    name: award.name,
    user: userBasic(world, award.user),
    created_at: award.at.toISOString(),
    updated_at: award.at.toISOString(),
    awardable_id: note.id,
    awardable_type: "Note",
    url: null,
  };
}
