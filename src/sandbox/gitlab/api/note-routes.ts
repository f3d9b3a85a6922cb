/** Notes, threads and reactions of a merge request. */
import { Hono } from "hono";
import { award, comment, deleteNote, editNote, resolveDiscussion, revokeAward, type Commented } from "../actions/notes.ts";
import type { MergeRequest, Note, Position } from "../model.ts";
import { RateLimit } from "../rate-limit.ts";
import { badRequest, notFound } from "../refusal.ts";
import { awardEntity, commandsEntity, discussionEntity, noteEntity } from "./note-entities.ts";
import { paginate } from "./pagination.ts";
import type { Parameters } from "./parameters.ts";
import { mergeRequestOf, noteOf, threadOf, type ApiBindings, type ApiContext } from "./request.ts";

// notes_create_limit, 300 a minute for each user (rate_limit_on_notes_creation).
const NOTES_PER_MINUTE = 300;

export function noteRoutes(): Hono<ApiBindings> {
  const api = new Hono<ApiBindings>();
  const limit = new RateLimit(NOTES_PER_MINUTE);
  const counted = (context: ApiContext): void => limit.count(context.get("me").username, context.get("world").now());

  api.get("/:iid/notes", (context) => {
    const mergeRequest = mergeRequestOf(context);
    const parameters = context.get("parameters");
    const orderBy = parameters.oneOf("order_by", ["created_at", "updated_at"] as const) ?? "created_at";
    const sort = parameters.oneOf("sort", ["asc", "desc"] as const) ?? "desc";
    const activity = parameters.oneOf("activity_filter", ["all_notes", "only_comments", "only_activity"] as const) ?? "all_notes";
    const time = (note: Note): number => (orderBy === "created_at" ? note.createdAt : note.updatedAt).getTime();
    const notes = mergeRequest.discussions
      .flatMap(({ notes }) => notes)
      .filter(({ system }) => activity === "all_notes" || system === (activity === "only_activity"))
      .toSorted((a, b) => time(a) - time(b) || a.id - b.id);
    const page = paginate(context, sort === "asc" ? notes : notes.toReversed());
    return context.json(page.map((note) => noteEntity(context.get("world"), mergeRequest, note)));
  });

  api.post("/:iid/notes", async (context) => {
    const mergeRequest = mergeRequestOf(context);
    const parameters = context.get("parameters");
    parameters.require("body");
    counted(context);
    const internal = parameters.boolean("internal") ?? parameters.boolean("confidential") ?? false;
    const said = await comment(context.get("world"), mergeRequest, context.get("me"), {
      body: parameters.text("body") ?? "",
      internal,
    });
    return answerNote(context, mergeRequest, said, 201);
  });

  api.get("/:iid/notes/:note", (context) => {
    const mergeRequest = mergeRequestOf(context);
    return context.json(noteEntity(context.get("world"), mergeRequest, noteOf(context, mergeRequest)));
  });

  api.put("/:iid/notes/:note", async (context) => edited(context));
  api.put("/:iid/discussions/:discussion/notes/:note", async (context) => edited(context));

  api.delete("/:iid/notes/:note", (context) => {
    const mergeRequest = mergeRequestOf(context);
    deleteNote(context.get("world"), mergeRequest, context.get("me"), noteOf(context, mergeRequest));
    return context.body(null, 204);
  });

  api.get("/:iid/notes/:note/award_emoji", (context) => {
    const note = noteOf(context, mergeRequestOf(context));
    return context.json(paginate(context, note.awards).map((given) => awardEntity(context.get("world"), note, given)));
  });

  api.post("/:iid/notes/:note/award_emoji", async (context) => {
    const mergeRequest = mergeRequestOf(context);
    const note = noteOf(context, mergeRequest);
    const parameters = context.get("parameters");
    parameters.require("name");
    const given = await award(context.get("world"), mergeRequest, context.get("me"), note, parameters.text("name") ?? "");
    return context.json(awardEntity(context.get("world"), note, given), 201);
  });

  api.delete("/:iid/notes/:note/award_emoji/:award", async (context) => {
    const mergeRequest = mergeRequestOf(context);
    const note = noteOf(context, mergeRequest);
    await revokeAward(context.get("world"), mergeRequest, context.get("me"), note, Number(context.req.param("award")));
    return context.body(null, 204);
  });

  api.get("/:iid/discussions", (context) => {
    const mergeRequest = mergeRequestOf(context);
    const page = paginate(context, mergeRequest.discussions);
    return context.json(page.map((discussion) => discussionEntity(context.get("world"), mergeRequest, discussion)));
  });

  api.post("/:iid/discussions", async (context) => {
    const mergeRequest = mergeRequestOf(context);
    const parameters = context.get("parameters");
    parameters.require("body");
    counted(context);
    const position = positionOf(parameters);
    const said = await comment(context.get("world"), mergeRequest, context.get("me"), {
      body: parameters.text("body") ?? "",
      thread: true,
      ...(position === undefined ? {} : { position }),
    });
    if (said.kind === "commands") return context.json(commandsEntity(said), 202);
    return context.json(discussionEntity(context.get("world"), mergeRequest, said.discussion), 201);
  });

  api.get("/:iid/discussions/:discussion", (context) => {
    const mergeRequest = mergeRequestOf(context);
    return context.json(discussionEntity(context.get("world"), mergeRequest, threadOf(context, mergeRequest)));
  });

  api.put("/:iid/discussions/:discussion", (context) => {
    const mergeRequest = mergeRequestOf(context);
    const discussion = threadOf(context, mergeRequest);
    const parameters = context.get("parameters");
    parameters.require("resolved");
    const resolved = parameters.boolean("resolved") ?? false;
    resolveDiscussion(context.get("world"), mergeRequest, context.get("me"), discussion, resolved);
    return context.json(discussionEntity(context.get("world"), mergeRequest, discussion));
  });

  api.post("/:iid/discussions/:discussion/notes", async (context) => {
    const mergeRequest = mergeRequestOf(context);
    const discussion = threadOf(context, mergeRequest);
    const parameters = context.get("parameters");
    parameters.require("body");
    counted(context);
    const said = await comment(context.get("world"), mergeRequest, context.get("me"), {
      body: parameters.text("body") ?? "",
      in: discussion,
    });
    return answerNote(context, mergeRequest, said, 201);
  });
  return api;
}

async function edited(context: ApiContext): Promise<Response> {
  const mergeRequest = mergeRequestOf(context);
  const note = noteOf(context, mergeRequest);
  if (context.req.param("discussion") !== undefined && !threadOf(context, mergeRequest).notes.includes(note)) throw notFound();
  const parameters = context.get("parameters");
  if (!parameters.has("body") && parameters.has("resolved")) {
    const discussion = threadOf(context, mergeRequest);
    const resolved = parameters.boolean("resolved") ?? false;
    resolveDiscussion(context.get("world"), mergeRequest, context.get("me"), discussion, resolved);
    return context.json(noteEntity(context.get("world"), mergeRequest, note));
  }
  parameters.require("body");
  const said = await editNote(context.get("world"), mergeRequest, context.get("me"), note, parameters.text("body") ?? "");
  return answerNote(context, mergeRequest, said, 200);
}

function answerNote(context: ApiContext, mergeRequest: MergeRequest, said: Commented, status: 200 | 201): Response {
  if (said.kind === "commands") return context.json(commandsEntity(said), 202);
  return context.json(noteEntity(context.get("world"), mergeRequest, said.note), status);
}

function positionOf(parameters: Parameters): Position | undefined {
  const position = parameters.nested("position");
  if (position === undefined) return undefined;
  position.require("base_sha", "start_sha", "head_sha", "position_type");
  if (position.oneOf("position_type", ["text", "image", "file"] as const) !== "text") {
    throw badRequest("The sandbox anchors comments to lines of text only");
  }
  return {
    base_sha: position.text("base_sha") ?? "",
    start_sha: position.text("start_sha") ?? "",
    head_sha: position.text("head_sha") ?? "",
    // Both are needed; without one the anchor cannot be valid.
    old_path: position.text("old_path") ?? "",
    new_path: position.text("new_path") ?? "",
    position_type: "text",
    old_line: position.integer("old_line") ?? null,
    new_line: position.integer("new_line") ?? null,
  };
}
