/** Forms may be sent only by these pages: any other site in the same browser could reach a server on this machine. */
import type { Context, Next } from "hono";

const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);

export async function sameOriginForms(context: Context, next: Next): Promise<Response | undefined> {
  if (context.req.method === "GET" || context.req.method === "HEAD") {
    await next();
    return undefined;
  }
  const own = new URL(context.req.url);
  const site = context.req.header("sec-fetch-site");
  const sameOrigin = site === undefined ? context.req.header("origin") === own.origin : site === "same-origin";
  // A foreign name that resolves to this machine is same-origin to the browser, but not one of our names.
  if (!sameOrigin || !LOOPBACK.has(own.hostname)) return context.text("This form was not sent by a page of the sandbox.", 403);
  await next();
  return undefined;
}
