/** What Cloudflare says about our own token. A user's token is asked about by itself, an account's by its account (facts of 2026-11-24). */
import { Stalled } from "../../core/errors.ts";
import { isObject, refusedError, type Purpose } from "./refusal.ts";
import { openTransport, type CloudflareOptions, type Transport } from "./transport.ts";

export interface CloudflareToken {
  readonly status: "active" | "disabled" | "expired";
  /** ISO 8601; undefined: never. */
  readonly expiresAt: string | undefined;
}

/** Throws Waiting, or Stalled where the token is none. */
export async function verifyToken(options: CloudflareOptions, signal?: AbortSignal): Promise<CloudflareToken> {
  const transport = openTransport(options);
  const user = { what: "verify the token", call: "GET /user/tokens/verify", permission: "any" };
  try {
    return tokenOf(await read(transport, user, async (client, rest) => client.user.tokens.verify(rest).asResponse(), signal));
  } catch (error) {
    const account = error instanceof Stalled ? await accountOf(transport, signal) : undefined;
    if (account === undefined) throw error;
    const purpose = { ...user, call: "GET /accounts/…/tokens/verify" };
    const send: Send = async (client, rest) => client.accounts.tokens.verify({ account_id: account }, rest).asResponse();
    return tokenOf(await read(transport, purpose, send, signal));
  }
}

type Send = Parameters<Transport["read"]>[1];

async function read(transport: Transport, purpose: Purpose, send: Send, signal: AbortSignal | undefined): Promise<unknown> {
  const answer = await transport.read(purpose, send, signal);
  if (answer.kind === "ok") return answer.body["result"];
  throw refusedError(purpose, answer.status, answer.refusals);
}

/** The account of any zone that the token sees; undefined where it sees none. */
async function accountOf(transport: Transport, signal: AbortSignal | undefined): Promise<string | undefined> {
  const purpose = { what: "list the zones", call: "GET /zones", permission: "Zone > Zone > Read" };
  try {
    const found = await read(
      transport,
      purpose,
      async (client, rest) => client.zones.list({ per_page: 5 }, rest).asResponse(),
      signal,
    );
    const [zone]: readonly unknown[] = Array.isArray(found) ? found : [];
    const account = isObject(zone) ? zone["account"] : undefined;
    return isObject(account) && typeof account["id"] === "string" ? account["id"] : undefined;
  } catch (error) {
    // The first refusal is the one to tell.
    if (error instanceof Stalled) return undefined;
    throw error;
  }
}

function tokenOf(result: unknown): CloudflareToken {
  const { status, expires_on: expiresOn } = isObject(result) ? result : {};
  return {
    status: status === "active" || status === "expired" ? status : "disabled",
    expiresAt: typeof expiresOn === "string" ? expiresOn : undefined,
  };
}
