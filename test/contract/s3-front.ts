/** A front before a real S3 server, so that what networks and proxies do can be done to it, too: the same faults as the sandbox's. */
import { request, type IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { startServer, type SandboxServer } from "../../src/sandbox/server.ts";

/** Passes on what comes, as it came: the signature covers the Host header and the bytes. */
export async function startFront(upstream: string): Promise<SandboxServer> {
  const { hostname, port } = new URL(upstream);
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.all("*", async (context) => {
    const { incoming } = context.env;
    const body = Buffer.from(await context.req.arrayBuffer());
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const { method, url, headers } = incoming;
      const sent = request({ hostname, port, method, path: url, headers }, resolve);
      sent.once("error", reject);
      sent.end(body);
    });
    const headers = new Headers();
    for (const [name, value] of Object.entries(answer.headers)) {
      if (name !== "transfer-encoding" && name !== "connection") headers.set(name, String(value));
    }
    const status = answer.statusCode ?? 502;
    const content = await buffer(answer);
    return new Response(incoming.method === "HEAD" || status === 204 ? null : Buffer.from(content), { status, headers });
  });
  return startServer(app as unknown as Hono);
}
