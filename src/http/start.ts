/** Listens, and drains: what runs is answered, nothing new begins. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { setTimeout, clearTimeout } from "node:timers";
import { createAdaptorServer } from "@hono/node-server";

export interface HttpServer {
  /** `http://host:port`, without a trailing slash. */
  readonly url: string;
  /** Takes no new connection, answers what runs, and cuts what is left after the grace. */
  drain(options?: { readonly graceMs?: number }): Promise<void>;
}

/** Port 0 takes a free one. Throws what the system says, such as EADDRINUSE. */
export async function startHttp(
  app: { readonly fetch: (request: Request) => Response | Promise<Response> },
  listen: { readonly host: string; readonly port: number },
): Promise<HttpServer> {
  const server = createAdaptorServer({
    fetch: async (request) => app.fetch(request),
    overrideGlobalObjects: false,
    serverOptions: {
      maxHeaderSize: 16 * 1024,
      headersTimeout: 10_000,
      // The body has its own, shorter deadline (read-body.ts).
      requestTimeout: 30_000,
      keepAliveTimeout: 5_000,
      connectionsCheckingInterval: 5_000,
    },
  }) as Server;
  server.maxRequestsPerSocket = 1_000;
  server.listen(listen.port, listen.host);
  await once(server, "listening");
  const { address, family, port } = server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${port}`,
    async drain({ graceMs = 10_000 } = {}) {
      const closed = once(server, "close");
      server.close();
      server.closeIdleConnections();
      const cut = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(cut);
    },
  };
}
