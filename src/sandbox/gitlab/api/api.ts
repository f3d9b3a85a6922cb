/** GitLab's REST API, the part that claimbot uses: who asks, with which right, and every route behind it. */
import { Hono } from "hono";
import { apiToken, mustHaveScope } from "../authentication.ts";
import { Refusal } from "../refusal.ts";
import type { Webhooks } from "../webhooks.ts";
import type { World } from "../world.ts";
import { approvalRoutes } from "./approval-routes.ts";
import { commitRoutes } from "./commit-routes.ts";
import { environmentRoutes } from "./environment-routes.ts";
import { hookRoutes } from "./hook-routes.ts";
import { labelRoutes } from "./label-routes.ts";
import { mergeRequestRoutes } from "./merge-request-routes.ts";
import { noteRoutes } from "./note-routes.ts";
import { Parameters } from "./parameters.ts";
import { peopleRoutes } from "./people-routes.ts";
import { protectionRoutes } from "./protection-routes.ts";
import { repositoryRoutes } from "./repository-routes.ts";
import type { ApiBindings } from "./request.ts";

/** To be mounted at /api/v4. Requests that no route knows end in `unexpected`. */
export function gitlabApi(world: World, webhooks: Webhooks, unexpected: (request: Request) => void): Hono<ApiBindings> {
  const api = new Hono<ApiBindings>();
  api.use(async (context, next) => {
    const token = apiToken(world, context.req.raw.headers);
    const { method, path } = context.req;
    if (/^\/api\/v4\/(user|version|metadata|users\/\d+)$/.test(path) && method === "GET") {
      mustHaveScope(token, ["api", "read_api", "read_user"]);
    } else if (!path.endsWith("/personal_access_tokens/self")) {
      mustHaveScope(token, method === "GET" || method === "HEAD" ? ["api", "read_api"] : ["api"]);
    }
    context.set("world", world);
    context.set("token", token);
    context.set("me", token.user);
    context.set("parameters", await Parameters.read(context));
    await next();
  });
  api.route("/", peopleRoutes());
  api.route("/projects/:id/merge_requests", mergeRequestRoutes());
  api.route("/projects/:id/merge_requests", approvalRoutes());
  api.route("/projects/:id/merge_requests", noteRoutes());
  api.route("/projects/:id", commitRoutes());
  api.route("/projects/:id", repositoryRoutes());
  api.route("/projects/:id", protectionRoutes());
  api.route("/projects/:id", hookRoutes(webhooks));
  api.route("/projects/:id", labelRoutes());
  api.route("/projects/:id", environmentRoutes());
  api.all("*", (context) => {
    unexpected(context.req.raw);
    return context.json({ error: "404 Not Found" }, 404);
  });
  api.onError((error, context) => {
    if (error instanceof Refusal) return context.json(error.body, error.status);
    throw error;
  });
  return api;
}
