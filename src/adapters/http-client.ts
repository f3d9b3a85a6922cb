/**
 * One guarded HTTP call for every adapter: a deadline over headers and body, a limit on the body, nothing but https (or http to
 * loopback), credentials that never leave their origin, and every failure named by what should happen next.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { Stalled, Waiting } from "../core/errors.ts";

export interface HttpClientOptions {
  /** For messages, such as `GitLab`. */
  readonly service: string;
  /** Where the service is. Calls stay below this origin. */
  readonly url: string;
  /** Which setting holds the address, for the way out: `CLAIMBOT_GITLAB_URL`. */
  readonly setting?: string;
  /** Asked for at each call, so that secrets are revealed only where they are sent. */
  readonly credentials?: () => Readonly<Record<string, string>>;
  /** PEM, instead of the system's certificate authorities. */
  readonly ca?: string;
  /** From the first byte sent to the last byte read; 20 s without. */
  readonly deadlineMs?: number;
  /** Of an answer's body; 16 MiB without. */
  readonly maxBytes?: number;
  /** How often a read is tried in all; 3 without. Anything but GET and HEAD is sent once. */
  readonly attempts?: number;
  /** Before the second attempt; four times that before the third. 250 without. */
  readonly backoffMs?: number;
}

export interface HttpCall {
  readonly method?: string;
  /** Path and query, or a whole URL of the same origin. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Statuses that the caller wants to see beside 2xx. */
  readonly accept?: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  text(): string;
  /** Undefined for an empty body. Throws Stalled (a read) or Uncertain (a write) when it is not JSON: a proxy's or a sign-in page. */
  json(): unknown;
}

/** Throws Waiting, Uncertain, Stalled or Refused; rethrows the reason of its caller's signal. */
export type HttpClient = (call: HttpCall) => Promise<HttpAnswer>;

/** The request was sent and the answer is lost: it may have been carried out. Read back before it is sent again. */
export class Uncertain extends Waiting {}

/** The service understood and said no (4xx). */
export class Refused extends Stalled {
  readonly status: number;
  /** What the service said, in its words, cut to 300 characters. May hold foreign text. */
  readonly detail: string;

  constructor(message: string, wayOut: string, status: number, detail: string) {
    super(message, wayOut);
    this.status = status;
    this.detail = detail;
  }
}

/** An address that calls may go to: https, or http to loopback; no user or password in it. Throws Stalled. */
export function checkedUrl(text: string, setting = "the address"): URL {
  const url = URL.parse(text);
  if (url === null)
    throw new Stalled(`${setting} is not a URL`, `Set ${setting} to an address such as https://gitlab.example.org`);
  if (url.username !== "" || url.password !== "")
    throw new Stalled(`${setting} holds a user or a password`, "Take it out of the URL: there are settings for tokens");
  if (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname))) return url;
  throw new Stalled(
    `${setting} is neither https nor http to loopback: ${url.protocol}//${url.host}`,
    `Set ${setting} to https://${url.host}`,
  );
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

export function httpClient(options: HttpClientOptions): HttpClient {
  const base = checkedUrl(options.url, options.setting);
  const agent =
    base.protocol === "https:"
      ? new HttpsAgent({ keepAlive: true, ...(options.ca !== undefined && { ca: options.ca }) })
      : new HttpAgent({ keepAlive: true });
  const { attempts = 3, backoffMs = 250 } = options;
  return async (call) => {
    const url = withinOrigin(base, call.path, options);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await once({ ...options, agent, target: url, call, redirects: 3 });
      } catch (error) {
        const backoff = backoffMs * 4 ** (attempt - 1);
        const pauseMs = error instanceof Asked ? Math.max(backoff, error.retryAfterMs) : backoff;
        if (!isRead(call) || !(error instanceof Waiting) || attempt >= attempts || pauseMs > PATIENCE_MS) throw error;
        await sleep(pauseMs, undefined, { ...(call.signal && { signal: call.signal }) });
      }
    }
  };
}

/** A service that asks for a longer pause is left alone, and the job comes back. */
const PATIENCE_MS = 5_000;
/** When a service does not say when to come back. */
const DEFAULT_RETRY_MS = 5_000;

/** The service said when it wants us back. */
class Asked extends Waiting {}

interface Sending extends Omit<HttpClientOptions, "url"> {
  readonly agent: HttpAgent | HttpsAgent;
  readonly target: URL;
  readonly call: HttpCall;
  readonly redirects: number;
}

async function once(sending: Sending): Promise<HttpAnswer> {
  const { call, target: url, service } = sending;
  const { message, body } = await exchange(sending);
  const status = message.statusCode ?? 0;
  const answer = answerOf(sending, status, message.headers, body);
  if ((status >= 200 && status < 300) || call.accept?.includes(status)) return answer;
  if (status >= 300 && status < 400) return redirected(sending, answer);
  const asked = retryAfterMs(answer);
  if (status === 429) throw new Asked(`${service} is rate limiting us`, asked ?? 60_000);
  if (status >= 500 || status === 408 || status === 425)
    throw lost(sending, `${service} answered ${status} to ${nameOf(call, url)}`, asked);
  throw refused(sending, answer);
}

/** Sends one request and reads its answer to the end. */
async function exchange(sending: Sending): Promise<{ message: IncomingMessage; body: Buffer }> {
  const { service, agent, target: url, call, credentials, deadlineMs = 20_000, maxBytes = 16 * 1024 * 1024 } = sending;
  const deadline = AbortSignal.timeout(deadlineMs);
  const signal = call.signal ? AbortSignal.any([call.signal, deadline]) : deadline;
  let sent = false;
  try {
    const body = call.body === undefined ? undefined : Buffer.from(call.body);
    const message = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = (url.protocol === "https:" ? httpsRequest : httpRequest)(url, {
        method: call.method ?? "GET",
        agent,
        signal,
        headers: {
          accept: "application/json",
          "user-agent": "claimbot",
          ...(body && { "content-length": String(body.byteLength) }),
          ...call.headers,
          ...credentials?.(),
        },
      });
      request.once("response", resolve);
      request.once("error", reject);
      request.once("socket", (socket) => {
        if (socket.connecting) socket.once("connect", () => (sent = true));
        else sent = true;
      });
      request.end(body);
    });
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    for await (const chunk of message as AsyncIterable<Buffer>) {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > maxBytes) {
        message.destroy();
        throw new Stalled(
          `${service} answered ${nameOf(call, url)} with more than ${maxBytes} bytes`,
          `Look at what ${url.origin}${url.pathname} answers: it is not what claimbot asks for`,
        );
      }
      chunks.push(chunk);
    }
    return { message, body: Buffer.concat(chunks) };
  } catch (error) {
    if (error instanceof Stalled) throw error;
    if (call.signal?.aborted) throw call.signal.reason;
    if (deadline.aborted) throw lost(sending, `${service} did not answer ${nameOf(call, url)} within ${deadlineMs} ms`);
    throw unreachable(sending, error, sent);
  }
}

function answerOf(sending: Sending, status: number, incoming: IncomingHttpHeaders, body: Buffer): HttpAnswer {
  const headers = Object.fromEntries(
    Object.entries(incoming).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : (value ?? "")]),
  );
  const text = (): string => body.toString("utf8");
  return {
    status,
    headers,
    body,
    text,
    json: () => {
      if (body.byteLength === 0) return undefined;
      try {
        if (/^[^;]*[/+]json\b/i.test(headers["content-type"] ?? "")) return JSON.parse(text());
      } catch {
        // Told apart below from an answer that did not even say that it is JSON: neither is what the service answers by itself.
      }
      throw notJson(sending, headers["content-type"] ?? "no type");
    },
  };
}

function notJson(sending: Sending, type: string): Error {
  const { service, call, target: url } = sending;
  const message = `${service} answered ${nameOf(call, url)} with something that is not JSON (${type.slice(0, 80)})`;
  if (!isRead(call)) return new Uncertain(message, 60_000);
  return new Stalled(message, `Look at what stands before ${url.origin}: a proxy or a sign-in page answers in its place`);
}

/** GET follows within its origin (GitLab does that for a project that was moved); anything else would carry the credentials away. */
async function redirected(sending: Sending, answer: HttpAnswer): Promise<HttpAnswer> {
  const { service, target: url, call, redirects, setting = "its address" } = sending;
  const to = URL.parse(answer.headers["location"] ?? "", url.href);
  if (to !== null && to.origin === url.origin && isRead(call) && redirects > 0)
    return once({ ...sending, target: to, redirects: redirects - 1 });
  throw new Stalled(
    `${service} redirects ${nameOf(call, url)}${to === null ? "" : ` to ${to.origin}${to.pathname}`}`,
    `Set ${setting} to where ${service} is now`,
  );
}

function refused({ service, call, target: url, setting }: Sending, answer: HttpAnswer): Refused {
  const { status } = answer;
  const detail = detailOf(answer);
  const message = `${service} refused ${nameOf(call, url)}: ${status}${detail === "" ? "" : ` ${detail}`}`;
  const token = setting?.replace(/_URL$/, "_TOKEN") ?? `the token for ${service}`;
  const wayOut =
    status === 401
      ? `Renew ${token}: it is wrong, expired or revoked`
      : status === 403
        ? `Give ${token} the right to ${call.method ?? "GET"} ${url.pathname}`
        : status === 404
          ? `Look whether it is still there, and whether ${token} may see it`
          : `Look at what ${service} says, mend it, and try again`;
  return new Refused(message, wayOut, status, detail);
}

/** What a service says went wrong: `message`, `error` or `errors` of a JSON body; text is cut to one line. */
function detailOf(answer: HttpAnswer): string {
  const text = answer.text();
  if (!/json/i.test(answer.headers["content-type"] ?? ""))
    return /html/i.test(answer.headers["content-type"] ?? "") ? "" : cut(text);
  try {
    const body: unknown = JSON.parse(text);
    if (body === null || typeof body !== "object") return cut(text);
    const said = "message" in body ? body.message : "error" in body ? body.error : "errors" in body ? body.errors : body;
    return cut(typeof said === "string" ? said : JSON.stringify(said));
  } catch {
    return cut(text);
  }
}

function cut(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim().slice(0, 300);
}

const CERTIFICATE = /^(CERT_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT|UNABLE_TO_|ERR_TLS_CERT)/;

/** The cause is kept as its code alone: an error of the network layer may hold the request with its credentials. */
function unreachable(sending: Sending, error: unknown, sent: boolean): Error {
  const { service, target: url, call } = sending;
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "no code";
  if (CERTIFICATE.test(code))
    return new Stalled(
      `${service} shows a certificate that is not trusted (${code})`,
      `Mend the certificate of ${url.host}, or name its authority in NODE_EXTRA_CA_CERTS`,
    );
  if (!sent) return new Waiting(`${service} at ${url.host} cannot be reached (${code})`, DEFAULT_RETRY_MS);
  return lost(sending, `${service} cut the connection during ${nameOf(call, url)} (${code})`);
}

function lost({ call }: Sending, message: string, askedMs?: number): Waiting {
  if (!isRead(call)) return new Uncertain(message, askedMs ?? DEFAULT_RETRY_MS);
  return askedMs === undefined ? new Waiting(message, DEFAULT_RETRY_MS) : new Asked(message, askedMs);
}

function isRead(call: HttpCall): boolean {
  return call.method === undefined || call.method === "GET" || call.method === "HEAD";
}

/** Query left out: it may be long, and may hold foreign text. */
function nameOf(call: HttpCall, url: URL): string {
  return `${call.method ?? "GET"} ${url.pathname}`;
}

function withinOrigin(base: URL, path: string, { service }: HttpClientOptions): URL {
  const url = new URL(path, base.href);
  if (url.origin !== base.origin) throw new Error(`bug: a call of ${service} would leave ${base.origin}`);
  return url;
}

/**
 * When a service wants us back, at least 1 s and at most 1 h: Retry-After (seconds or a date), else RateLimit-Reset (seconds from now,
 * or of the epoch, as GitLab sends it: facts of 2026-11-24). Undefined when it does not say.
 */
export function retryAfterMs({ headers }: Pick<HttpAnswer, "headers">, now = Date.now()): number | undefined {
  const after = seconds(headers["retry-after"]) * 1000;
  const date = Date.parse(headers["retry-after"] ?? "") - now;
  const reset = seconds(headers["ratelimit-reset"]);
  const ms = [after, date, reset > 1_000_000_000 ? reset * 1000 - now : reset * 1000].find(Number.isFinite);
  return ms === undefined ? undefined : Math.min(Math.max(ms, 1000), 3_600_000);
}

function seconds(text = ""): number {
  return /^\d+$/.test(text) ? Number(text) : NaN;
}
