/** Every route on one page. What is not here answers 404, whatever the method. */
import type { RouteRole } from "../core/doors.ts";
import type { HttpDeps } from "./deps.ts";
import { problem } from "./problem.ts";
import { webhookHandlers, type Handler } from "./webhook.ts";

export interface Route {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly role: RouteRole;
  readonly handler: Handler;
}

export function routesOf(deps: HttpDeps): readonly Route[] {
  const webhooks = webhookHandlers(deps);
  return [
    { method: "POST", path: "/webhooks/gitlab", role: "webhook", handler: webhooks.gitlab },
    { method: "POST", path: "/webhooks/flux", role: "webhook", handler: webhooks.flux },
    { method: "GET", path: "/healthz", role: "public", handler: async () => plain("ok\n") },
    { method: "GET", path: "/readyz", role: "public", handler: async () => readiness(deps) },
    { method: "GET", path: "/metrics", role: "public", handler: async () => metricsPage(deps) },
  ];
}

async function readiness({ ready, draining, log }: HttpDeps): Promise<Response> {
  if (draining()) return problem(503);
  try {
    await ready();
    return plain("ready\n");
  } catch (error) {
    log.warn({ err: error }, "not ready");
    return problem(503);
  }
}

async function metricsPage({ metrics }: HttpDeps): Promise<Response> {
  const { text, contentType } = await metrics.page();
  return new Response(text, { headers: { "content-type": contentType } });
}

function plain(text: string): Response {
  return new Response(text, { headers: { "content-type": "text/plain; charset=utf-8" } });
}
