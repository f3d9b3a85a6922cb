/** What every API route works with: the world, who asks, and the parameters. */
import type { Context } from "hono";
import type { Discussion, MergeRequest, Note, Project, Token, User } from "../model.ts";
import { forbidden, notFound } from "../refusal.ts";
import type { World } from "../world.ts";
import type { Parameters } from "./parameters.ts";

export interface ApiBindings {
  readonly Variables: {
    readonly world: World;
    readonly token: Token;
    readonly me: User;
    readonly parameters: Parameters;
  };
}

export type ApiContext = Context<ApiBindings>;

/** The project of the route; 404 for whoever is no member (it is private), 403 below the level that is needed. */
export function projectOf(context: ApiContext, level: 10 | 20 | 30 | 40): Project {
  const world = context.get("world");
  const project = world.project(context.req.param("id") ?? "");
  const mine = project === undefined ? 0 : world.level(project, context.get("me"));
  if (project === undefined || mine === 0) throw notFound("Project");
  if (mine < level) throw forbidden();
  return project;
}

/** Whoever may read code may read merge requests; each action judges the rest. */
export function mergeRequestOf(context: ApiContext): MergeRequest {
  const project = projectOf(context, 20);
  const mergeRequest = project.mergeRequests.find(({ iid }) => String(iid) === context.req.param("iid"));
  if (mergeRequest === undefined) throw notFound();
  return mergeRequest;
}

export function noteOf(context: ApiContext, mergeRequest: MergeRequest): Note {
  const note = mergeRequest.discussions.flatMap(({ notes }) => notes).find(({ id }) => String(id) === context.req.param("note"));
  if (note === undefined) throw notFound();
  return note;
}

export function threadOf(context: ApiContext, mergeRequest: MergeRequest): Discussion {
  const discussion = mergeRequest.discussions.find(({ id }) => id === context.req.param("discussion"));
  if (discussion === undefined) throw notFound("Discussion");
  return discussion;
}
