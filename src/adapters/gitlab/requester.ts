/**
 * gitbeaker over our own HTTP client: its own requester repeats POSTs after a 502, ignores Retry-After and keeps the token in its errors
 * (@gitbeaker/rest 43.8.0, measured 2026-11-24).
 */
import { randomUUID } from "node:crypto";
import type { MergeRequests } from "@gitbeaker/rest";
import type { HttpCall, HttpClient } from "../http-client.ts";

type Options = ConstructorParameters<typeof MergeRequests>[0];
type RequesterFn = NonNullable<Options["requesterFn"]>;
type Requester = ReturnType<RequesterFn>;
type RequestOptions = NonNullable<Parameters<Requester["get"]>[1]>;

/** Options for every gitbeaker resource: no token in them, no client-side rate limit, no timeout of gitbeaker's. */
export function resourceOptions(client: HttpClient, signal: AbortSignal | undefined): Options {
  return { host: "", queryTimeout: null, rateLimits: {}, requesterFn: ({ url }) => requester(client, url, signal) };
}

function requester(client: HttpClient, prefix: string, signal: AbortSignal | undefined): Requester {
  const send =
    (method: string): Requester["get"] =>
    async (endpoint, { body, searchParams }: RequestOptions = {}) => {
      const answer = await client({
        method,
        path: `${prefix.replace(/\/$/, "")}/${endpoint}${queryOf(searchParams)}`,
        ...(body instanceof FormData ? multipart(body) : body && Object.keys(body).length > 0 && jsonOf(body)),
        signal,
      });
      return { body: answer.json() as never, headers: answer.headers, status: answer.status };
    };
  return { get: send("GET"), post: send("POST"), put: send("PUT"), patch: send("PATCH"), delete: send("DELETE") };
}

function jsonOf(body: Readonly<Record<string, unknown>>): Pick<HttpCall, "body" | "headers"> {
  return { body: JSON.stringify(snakeCaseNames(body)), headers: { "content-type": "application/json" } };
}

/** With every text as it is: the platform's own encoder would turn each line end of a note into CRLF, and GitLab would keep that. */
function multipart(form: FormData): Pick<HttpCall, "body" | "headers"> {
  const boundary = `claimbot-${randomUUID()}`;
  const parts = [...form].map(([name, value]) => {
    if (typeof value !== "string" || !/^[\w[\]]+$/.test(name)) throw new Error(`bug: ${name} is no field of text`);
    return `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  });
  return {
    body: `${parts.join("")}--${boundary}--\r\n`,
    headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
  };
}

function queryOf(parameters: Readonly<Record<string, unknown>> = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(snakeCaseNames(parameters)))
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") query.append(name, `${value}`);
    else if (value !== undefined && value !== null) throw new Error(`bug: ${name} is no plain value`);
  return query.size === 0 ? "" : `?${query.toString()}`;
}

/** GitLab's names are snake_case, gitbeaker's camelCase. What claimbot sends is flat. */
function snakeCaseNames(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => [name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]),
  );
}
