/**
 * What the running service answers its own user's command line, by a socket that nobody else may open: it only reads. No address of
 * the network leads here.
 */
import { chmod } from "node:fs/promises";
import { once } from "node:events";
import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import type { Log } from "../core/log.ts";
import type { Delivery } from "../core/ports.ts";
import { problem } from "./problem.ts";

export interface ControlDeps {
  /** Newest first. */
  readonly deliveries: (limit: number) => Promise<readonly Delivery[]>;
  readonly log: Log;
}

export function controlApp({ deliveries, log }: ControlDeps): Hono {
  const app = new Hono();
  app.get("/events", async (context) => {
    const limit = context.req.query("limit") ?? "";
    if (!/^[1-9]\d{0,4}$/.test(limit)) return problem(400);
    return context.json({ events: await deliveries(Number(limit)) });
  });
  app.notFound(() => problem(404));
  app.onError((error) => {
    log.error({ err: error }, "a question of the command line failed");
    return problem(500);
  });
  return app;
}

/** Listens at a path in a folder that only we may enter, and takes the socket away at the end. */
export async function startControl(app: Hono, path: string): Promise<AsyncDisposable> {
  const server = createAdaptorServer({ fetch: async (request) => app.fetch(request), overrideGlobalObjects: false }) as Server;
  server.listen(path);
  await once(server, "listening");
  await chmod(path, 0o600);
  return {
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
