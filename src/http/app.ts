/** The HTTP service as a Hono app: the table of routes, behind what every answer has in common. */
import { Hono } from "hono";
import type { HttpDeps } from "./deps.ts";
import { problem } from "./problem.ts";
import { routesOf } from "./routes.ts";

/** No page of ours is framed, sniffed, kept or run as a script; nothing names what answers. */
const HEADERS: readonly (readonly [string, string])[] = [
  ["cache-control", "no-store"],
  ["content-security-policy", "default-src 'none'; frame-ancestors 'none'"],
  ["referrer-policy", "no-referrer"],
  ["x-content-type-options", "nosniff"],
  ["x-frame-options", "DENY"],
];

export function httpApp(deps: HttpDeps): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    for (const [name, value] of HEADERS) context.res.headers.set(name, value);
  });
  for (const { method, path, handler } of routesOf(deps)) app.on(method, path, async (context) => handler(context.req.raw));
  app.notFound(() => problem(404));
  app.onError((error) => {
    deps.log.error({ err: error }, "a request failed");
    return problem(500);
  });
  return app;
}
