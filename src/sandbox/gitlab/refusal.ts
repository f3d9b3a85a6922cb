/** A request that GitLab refuses: the status and the body that it answers with. */
import type { ContentfulStatusCode } from "hono/utils/http-status";

export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: ContentfulStatusCode;
  readonly body: Readonly<Record<string, unknown>>;

  constructor(status: ContentfulStatusCode, body: Readonly<Record<string, unknown>>) {
    super(`${status} ${JSON.stringify(body)}`);
    this.status = status;
    this.body = body;
  }
}

/** `404 Project Not Found`; without a thing `404 Not found`, as Rails' own misses read. */
export function notFound(thing?: string): Refusal {
  return new Refusal(404, { message: thing === undefined ? "404 Not found" : `404 ${thing} Not Found` });
}

export function unauthorized(): Refusal {
  return new Refusal(401, { message: "401 Unauthorized" });
}

export function forbidden(reason?: string): Refusal {
  return new Refusal(403, { message: reason === undefined ? "403 Forbidden" : `403 Forbidden - ${reason}` });
}

export function badRequest(reason: string): Refusal {
  return new Refusal(400, { message: `400 Bad request - ${reason}` });
}

/** A parameter that is missing or has the wrong form, found before anything else is looked at. */
export function badParameter(error: string): Refusal {
  return new Refusal(400, { error });
}

export function invalid(fields: Readonly<Record<string, readonly string[]>>): Refusal {
  return new Refusal(400, { message: fields });
}

export function conflict(message: string | readonly string[]): Refusal {
  return new Refusal(409, { message });
}

export function unprocessable(message: string | readonly string[]): Refusal {
  return new Refusal(422, { message });
}

export function tooManyRequests(): Refusal {
  return new Refusal(429, { message: { error: "This endpoint has been requested too many times. Try again later." } });
}
