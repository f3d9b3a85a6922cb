/** What every answer has in common: the envelope, the headers, the body of a request, and the right to ask at all. */
import type { Context } from "hono";
import { ApiError, badBody, refusal } from "./api-error.ts";

export function ok(context: Context, result: unknown, more: Readonly<Record<string, unknown>> = {}): Response {
  return context.json({ result, success: true, errors: [], messages: [], ...more });
}

export function failed(context: Context, error: ApiError): Response {
  return context.json({ result: null, success: false, errors: error.errors, messages: [] }, error.status);
}

export async function jsonBody(context: Context): Promise<Readonly<Record<string, unknown>>> {
  if (!/^application\/json\b/.test(context.req.header("content-type") ?? ""))
    throw badBody("Content-Type must be application/json");
  const body: unknown = await context.req.json().catch(() => {
    throw badBody("it is not JSON");
  });
  if (body === null || typeof body !== "object" || Array.isArray(body)) throw badBody("an object is wanted");
  return body as Readonly<Record<string, unknown>>;
}

/** Exactly one credential: a bearer token, and it is ours. */
export function refuseStranger(headers: Headers, token: string): void {
  const authorization = headers.get("authorization");
  if (headers.has("x-auth-key") || headers.has("x-auth-email") || headers.has("x-auth-user-service-key"))
    throw refusal(400, 6003, "Invalid request headers");
  if (authorization === null) throw refusal(401, 10_001, "Unable to authenticate request");
  if (!/^Bearer [\w.~+/=-]+$/.test(authorization)) {
    const chain = [{ code: 6111, message: "Invalid format for Authorization header" }];
    throw new ApiError(400, [{ code: 6003, message: "Invalid request headers", error_chain: chain }]);
  }
  if (authorization !== `Bearer ${token}`) throw refusal(403, 9109, "Invalid access token");
}
