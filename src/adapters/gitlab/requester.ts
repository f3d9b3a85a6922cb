/**
 * gitbeaker over our own HTTP client: its own requester repeats POSTs after a 502, ignores Retry-After and keeps the token in its errors
 * (@gitbeaker/rest 43.8.0, measured 2026-11-24).
 */
import type { MergeRequests } from "@gitbeaker/rest";
import type { HttpClient } from "../http-client.ts";

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
      if (body instanceof FormData) throw new Error("bug: forms are not sent");
      const json = body && Object.keys(body).length > 0 ? JSON.stringify(snakeCaseNames(body)) : undefined;
      const answer = await client({
        method,
        path: `${prefix.replace(/\/$/, "")}/${endpoint}${queryOf(searchParams)}`,
        ...(json !== undefined && { body: json, headers: { "content-type": "application/json" } }),
        signal,
      });
      return { body: answer.json() as never, headers: answer.headers, status: answer.status };
    };
  return { get: send("GET"), post: send("POST"), put: send("PUT"), patch: send("PATCH"), delete: send("DELETE") };
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
