/**
 * A webhook, from its bytes to its answer: 202 stored, 200 not for us, 401 not from them, 413 too large, 503 not stored (send it again).
 * Nothing else, whatever the bytes; nothing of a request but its event's name and size is ever logged.
 */
import { digestOfBytes } from "../core/json.ts";
import type { Delivery } from "../core/ports.ts";
import { authenticFlux, authenticGitlab, mayReadBody } from "./authenticate.ts";
import type { HttpDeps } from "./deps.ts";
import { decideFlux } from "./flux-event.ts";
import { problem } from "./problem.ts";
import { BODY_LIMITS, bodyReader, type Body } from "./read-body.ts";

export type Handler = (request: Request) => Promise<Response>;

/** Two doors of the same kind; they share the memory for bodies. */
export function webhookHandlers(deps: HttpDeps): { readonly gitlab: Handler; readonly flux: Handler } {
  const readBody = bodyReader(deps.limits ?? BODY_LIMITS);
  return {
    gitlab: counted(deps, "gitlab", async (request) => {
      if (!mayReadBody(request.headers, deps.webhook, deps.now())) return refused();
      const body = await readBody(request);
      if ("refused" in body) return unread(body);
      const sender = authenticGitlab(request.headers, body.bytes, deps.webhook, deps.now());
      if (!sender.ok) return refused();
      const event = (request.headers.get("x-gitlab-event") ?? "").slice(0, 100);
      return take(deps, "gitlab", event, sender.deliveryId, body.bytes, (json) => deps.decide(event, json));
    }),
    flux: counted(deps, "flux", async (request) => {
      // Without a signature nobody's body is worth its memory.
      if (deps.fluxEventsTokens.length === 0 || !request.headers.has("x-signature")) return refused();
      const body = await readBody(request);
      if ("refused" in body) return unread(body);
      if (!authenticFlux(request.headers, body.bytes, deps.fluxEventsTokens)) return refused();
      return take(deps, "flux", "event", undefined, body.bytes, decideFlux);
    }),
  };
}

type Decision = Pick<Delivery, "jobs" | "decision" | "pushed">;

async function take(
  { jobs, log, now }: HttpDeps,
  source: Delivery["source"],
  event: string,
  signedId: string | undefined,
  bytes: Uint8Array,
  decide: (json: unknown) => Decision,
): Promise<Response> {
  const json = parsed(bytes);
  if (json === undefined) return new Response(null, { status: 200 });
  const decision = decide(json.value);
  log.info({ source, event, bytes: bytes.byteLength, jobs: decision.jobs.length, decision: decision.decision }, "webhook");
  if (decision.jobs.length === 0 && decision.pushed === undefined) return new Response(null, { status: 200 });
  const id = signedId ?? `sha256:${digestOfBytes(bytes)}`;
  await jobs.accept({ id, source, event, receivedAt: now().toISOString(), ...decision });
  return new Response(null, { status: 202 });
}

/** Counts every answer, and answers 503 for what went wrong on our side. */
function counted({ metrics, log, draining }: HttpDeps, source: Delivery["source"], handler: Handler): Handler {
  return async (request) => {
    let response: Response;
    try {
      response = draining() ? unavailable() : await handler(request);
    } catch (error) {
      log.error({ source, err: error }, "a webhook could not be stored");
      response = unavailable();
    }
    metrics.webhook(source, response.status);
    return response;
  };
}

function parsed(bytes: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) };
  } catch {
    // An authentic sender that sends no JSON has nothing for us.
    return undefined;
  }
}

// The same for every reason. No answer says `connection: close`: Node would close while the sender still sends (read-body.ts).
function refused(): Response {
  return problem(401);
}

function unread({ refused }: Extract<Body, { refused: string }>): Response {
  return refused === "too-large" ? problem(413) : unavailable();
}

function unavailable(): Response {
  return problem(503, { "retry-after": "10" });
}
