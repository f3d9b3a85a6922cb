/** The API below /client/v4: who may ask, how often, and what becomes of a refusal. */
import { Hono } from "hono";
import { ApiError, refusal } from "./api-error.ts";
import { spend } from "./budget.ts";
import { failed, refuseStranger } from "./envelope.ts";
import { recordRoutes } from "./record-routes.ts";
import { rulesetRoutes } from "./ruleset-routes.ts";
import type { World } from "./world.ts";
import { userRoutes, zoneRoutes } from "./zone-routes.ts";

export function cloudflareApi(world: World): Hono {
  const api = new Hono();
  api.use("*", async (context, next) => {
    const { left, resetSeconds, refused } = spend(world.budget, world.clock());
    context.header("Ratelimit", `"default";r=${left};t=${resetSeconds}`);
    context.header("Ratelimit-Policy", `"default";q=${world.budget.requests};w=300`);
    if (refused) {
      context.header("Retry-After", String(resetSeconds));
      throw refusal(429, 10_429, "Rate limited. Please wait and consider throttling your request speed");
    }
    if (context.req.raw.headers.has("x-auth-key")) world.unexpected("a second credential");
    refuseStranger(context.req.raw.headers, world.token);
    await next();
  });
  api.onError((error, context) => {
    if (!(error instanceof ApiError)) throw error;
    const invalidToken = error.errors[0]?.code === 9109 && context.req.path.endsWith("/tokens/verify");
    return failed(context, invalidToken ? refusal(401, 1000, "Invalid API Token") : error);
  });
  userRoutes(api);
  zoneRoutes(api, world);
  recordRoutes(api, world);
  rulesetRoutes(api, world);
  // Not notFound: that of a mounted app is never asked.
  api.all("*", (context) => {
    world.unexpected(`${context.req.method} ${context.req.path}`);
    throw refusal(400, 7000, "No route for that URI");
  });
  return api;
}
