/** Starts a sandbox server: a Hono app on loopback, behind its faults. */
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { serve, type HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { Faults } from "./faults.ts";

export interface SandboxServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`, without a trailing slash. */
  readonly url: string;
  readonly faults: Faults;
}

/** Port 0 takes a free one. */
export async function startServer(
  app: Hono,
  options: { readonly port?: number; readonly faults?: Faults } = {},
): Promise<SandboxServer> {
  const faults = options.faults ?? new Faults();
  const front = new Hono<{ Bindings: HttpBindings }>();
  front.all("*", async (context) => {
    const url = new URL(context.req.url);
    const fault = faults.strike(context.req.method, url.pathname + url.search);
    const cut = (): Response => {
      context.env.incoming.socket.destroy();
      return new Response();
    };
    const answer = async (): Promise<Response> => app.fetch(context.req.raw, context.env);
    switch (fault?.kind) {
      case undefined:
        return answer();
      case "status": {
        const headers = new Headers({ "content-type": fault.html ? "text/html" : "application/json" });
        if (fault.retryAfterSeconds !== undefined) headers.set("retry-after", String(fault.retryAfterSeconds));
        return new Response(fault.html ? "<html><body>Bad gateway</body></html>" : '{"message":"fault"}', {
          status: fault.status,
          headers,
        });
      }
      case "cut-before":
        return cut();
      case "cut-after":
        await answer();
        return cut();
      case "status-after":
        await answer();
        return new Response("<html><body>Bad gateway</body></html>", {
          status: fault.status,
          headers: { "content-type": "text/html" },
        });
      case "slow":
        await sleep(fault.ms);
        return answer();
      case "meanwhile":
        await fault.act();
        return answer();
    }
  });
  const server = serve({ fetch: front.fetch, hostname: "127.0.0.1", port: options.port ?? 0 });
  await new Promise<void>((resolve, reject) => {
    server.once("listening", resolve);
    server.once("error", reject);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    faults,
    async [Symbol.asyncDispose]() {
      if ("closeAllConnections" in server) server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
