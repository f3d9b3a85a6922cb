/** GET version, user, users, members, token. */
import { Hono } from "hono";
import { notFound } from "../refusal.ts";
import { currentUser, member, personalAccessToken, projectEntity, userBasic, userFull, type Entity } from "./entities.ts";
import { paginate } from "./pagination.ts";
import { projectOf, type ApiBindings, type ApiContext } from "./request.ts";
import type { Group, User } from "../model.ts";
import type { World } from "../world.ts";

const versionOf = ({ release }: World): Entity => ({
  version: release.version,
  revision: "d66adcb6937",
  kas: { enabled: false, externalUrl: null, version: null },
  enterprise: true,
});

export function peopleRoutes(): Hono<ApiBindings> {
  const api = new Hono<ApiBindings>();
  api.get("/version", (context) => context.json(versionOf(context.get("world"))));
  api.get("/metadata", (context) => context.json(versionOf(context.get("world"))));
  api.get("/user", (context) => context.json(currentUser(context.get("world"), context.get("me"))));
  api.get("/users", (context) => {
    const { users } = context.get("world");
    const { username, search } = context.req.query();
    const found = users.filter(
      (user) =>
        (username === undefined || user.username.toLowerCase() === username.toLowerCase()) &&
        (search === undefined || user.username.includes(search) || user.name.includes(search)),
    );
    return context.json(paginate(context, found).map((user) => userBasic(context.get("world"), user)));
  });
  api.get("/users/:user", (context) => context.json(userFull(context.get("world"), userOf(context))));
  api.get("/personal_access_tokens/self", (context) =>
    context.json(personalAccessToken(context.get("world"), context.get("token"))),
  );
  api.get("/projects/:id", (context) =>
    context.json(projectEntity(context.get("world"), projectOf(context, 10), context.get("me"))),
  );
  for (const path of ["/projects/:id/members", "/projects/:id/members/all"]) {
    api.get(path, (context) => {
      const world = context.get("world");
      const project = projectOf(context, 10);
      const all = world.members({ project });
      const shown = path.endsWith("/all") ? all : all.filter(({ user }) => project.members.has(user.id));
      return context.json(paginate(context, shown).map(({ user, membership }) => member(world, user, membership)));
    });
  }
  api.get("/projects/:id/members/all/:user", (context) => {
    const project = projectOf(context, 10);
    const user = userOf(context, "Not found");
    const membership = context.get("world").projectMember(project, user);
    if (membership === undefined) throw notFound();
    return context.json(member(context.get("world"), user, membership));
  });
  api.get("/groups/:id/members/all", (context) => {
    const world = context.get("world");
    const all = world.members({ group: groupOf(context) });
    return context.json(paginate(context, all).map(({ user, membership }) => member(world, user, membership)));
  });
  api.get("/groups/:id/members/all/:user", (context) => {
    const group = groupOf(context);
    const user = userOf(context, "Not found");
    const membership = context.get("world").groupMember(group.path, user);
    if (membership === undefined) throw notFound();
    return context.json(member(context.get("world"), user, membership));
  });
  return api;
}

function userOf(context: ApiContext, miss: "User" | "Not found" = "User"): User {
  const user = context.get("world").users.find(({ id }) => String(id) === context.req.param("user"));
  if (user === undefined) throw notFound(miss === "User" ? "User" : undefined);
  return user;
}

/** A private group is hidden from who is no member. */
function groupOf(context: ApiContext): Group {
  const world = context.get("world");
  const group = world.group(context.req.param("id") ?? "");
  const hidden = group?.visibility === "private" && world.groupMember(group.path, context.get("me")) === undefined;
  if (group === undefined || hidden) throw notFound("Group");
  return group;
}
