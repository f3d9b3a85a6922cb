/** A running HTTP service for tests: real sockets, and a store that keeps what was accepted in memory. */
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { httpApp } from "../../src/http/app.ts";
import type { HttpDeps } from "../../src/http/deps.ts";
import { newMetrics } from "../../src/http/metrics.ts";
import { startHttp } from "../../src/http/start.ts";
import type { Delivery } from "../../src/core/ports.ts";
import { Secret } from "../../src/core/secret.ts";

export const SECRET = "9f2c61d07b4e8a35c1d9e06f7a2b4c8d";
export const OLD_SECRET = "03b7d1e94fa25c68e0d3917bc5a24f86";
export const SIGNING_TOKEN = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
export const OLD_SIGNING_TOKEN = "whsec_HxscGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEAAAE=";
const FLUX_TOKEN = "5ac0de77e1b94f2386d2c01b9e4f7a63";
export const NOW = new Date("2026-11-24T08:00:00.000Z");

export const secrets = (...values: string[]): readonly Secret[] => values.map((value) => new Secret(value));

export interface HttpBench extends AsyncDisposable {
  readonly url: string;
  readonly accepted: readonly Delivery[];
  /** Everything that was logged, as text. */
  readonly logged: () => string;
  send(path: string, body: string | Uint8Array, headers?: Record<string, string>): Promise<Response>;
}

export async function httpBench(changes: Partial<HttpDeps> = {}): Promise<HttpBench> {
  const stored = new Map<string, Delivery>();
  const lines: string[] = [];
  const keep = (fields: unknown, message: string): void =>
    void lines.push(
      message +
        JSON.stringify(fields, (_, value: unknown) => (value instanceof Error ? `${value.message} ${value.stack}` : value)),
    );
  const app = httpApp({
    jobs: {
      async accept(delivery) {
        const key = `${delivery.source} ${delivery.id}`;
        if (stored.has(key)) return "duplicate";
        stored.set(key, delivery);
        return "stored";
      },
    },
    decide: (event) =>
      event === "Push Hook"
        ? { jobs: [{ kind: "fan-out" }], decision: "the default branch moved" }
        : { jobs: [], decision: "not for us" },
    webhook: { secrets: secrets(SECRET, OLD_SECRET), signingTokens: [] },
    fluxEventsTokens: secrets(FLUX_TOKEN),
    ready: async () => undefined,
    draining: () => false,
    metrics: newMetrics(async () => ({ waiting: 3, running: 1 })),
    log: { debug: keep, info: keep, warn: keep, error: keep },
    now: () => NOW,
    ...changes,
  });
  const server = await startHttp(app, { host: "127.0.0.1", port: 0 });
  return {
    url: server.url,
    get accepted() {
      return [...stored.values()];
    },
    logged: () => lines.join("\n"),
    send: async (path, body, headers = {}) =>
      fetch(server.url + path, {
        method: "POST",
        body: body as NonNullable<RequestInit["body"]>,
        headers: { "content-type": "application/json", "x-gitlab-event": "Push Hook", ...headers },
      }),
    [Symbol.asyncDispose]: async () => server.drain({ graceMs: 100 }),
  };
}

/** The headers that GitLab 19 sends with a signing token. */
export function signed(
  body: string | Uint8Array,
  { id = "f5e5f430", at = NOW, token = SIGNING_TOKEN } = {},
): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const key = Buffer.from(token.slice("whsec_".length), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1,${signature}` };
}

export function fluxSigned(body: string, token = FLUX_TOKEN): Record<string, string> {
  return { "x-signature": `sha256=${createHmac("sha256", token).update(body).digest("hex")}` };
}

/** Status, headers and body, without the date: what somebody outside can tell apart. */
export async function visible(response: Response): Promise<unknown> {
  const headers = [...response.headers].filter(([name]) => name !== "date");
  return { status: response.status, headers, body: await response.text() };
}

/**
 * Writes bytes as they are and gives back what came, once the server closed or its answer is whole. `more` is written again and
 * again until then, as fast as the server takes it.
 */
export async function raw(
  url: string,
  head: string,
  more?: { readonly chunk: Uint8Array; readonly times: number },
): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const state = { answer: "", over: false };
  const done = new Promise<void>((resolve) => {
    const end = (): void => {
      state.over = true;
      resolve();
    };
    socket.on("data", (data) => {
      state.answer += data.toString("latin1");
      if (state.answer.includes("\r\n\r\n")) end();
    });
    socket.on("close", end);
    // A server that stops reading may cut while we write.
    socket.on("error", end);
  });
  socket.write(head);
  for (let left = more?.times ?? 0; left > 0 && !state.over; left -= 1) {
    if (!socket.write(more!.chunk)) await Promise.race([done, new Promise((resolve) => socket.once("drain", resolve))]);
  }
  await done;
  socket.destroy();
  return state.answer;
}

/** As a plain client does it: the whole request is written before anything of the answer is read. Throws where that is cut off. */
export async function spoken(url: string, request: Uint8Array): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.write(request, (error) => (error ? reject(error) : resolve()));
  });
  const [answer] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return answer.toString("latin1");
}
