/** Who sent this: decided from headers and raw bytes, before anything is parsed. */
import { createHmac } from "node:crypto";
import type { Secret } from "../core/secret.ts";
import { anySame } from "./same-secret.ts";

/** Standard Webhooks receivers allow five minutes to either side (facts of 2026-11-24). */
const TOLERANCE_SECONDS = 300;

export interface WebhookSecrets {
  readonly secrets: readonly Secret[];
  readonly signingTokens: readonly Secret[];
}

export type Authentic = { readonly ok: true; readonly deliveryId: string | undefined } | { readonly ok: false };

const REFUSED = { ok: false } as const;

/**
 * What can be said before the body is read, so that strangers make nobody read one: with secrets everything, with signing tokens
 * that the headers are there and fresh.
 */
export function mayReadBody(headers: Headers, { secrets, signingTokens }: WebhookSecrets, now: Date): boolean {
  if (signingTokens.length > 0) return signatureHeaders(headers, now) !== undefined;
  return anySame(
    [headers.get("x-gitlab-token") ?? undefined],
    secrets.map((secret) => secret.reveal()),
  );
}

/** Where a signing token is configured a signature is required, and nothing else opens the door. */
export function authenticGitlab(headers: Headers, body: Uint8Array, webhook: WebhookSecrets, now: Date): Authentic {
  if (webhook.signingTokens.length > 0) return signed(headers, body, webhook.signingTokens, now);
  if (!mayReadBody(headers, webhook, now)) return REFUSED;
  return { ok: true, deliveryId: plainId(headers.get("idempotency-key")) };
}

/** Flux's generic-hmac: `X-Signature: sha256=<hex>` over the raw bytes. It has no time, so a replay is possible and harmless. */
export function authenticFlux(headers: Headers, body: Uint8Array, tokens: readonly Secret[]): boolean {
  const expected = tokens.map((token) => `sha256=${createHmac("sha256", token.reveal()).update(body).digest("hex")}`);
  return anySame([headers.get("x-signature") ?? undefined], expected);
}

interface SignatureHeaders {
  readonly id: string;
  readonly timestamp: string;
  readonly signatures: readonly string[];
}

function signatureHeaders(headers: Headers, now: Date): SignatureHeaders | undefined {
  const id = plainId(headers.get("webhook-id"));
  const timestamp = headers.get("webhook-timestamp") ?? "";
  const signatures = (headers.get("webhook-signature") ?? "").split(" ").filter((entry) => entry !== "");
  if (id === undefined || !/^\d{1,12}$/.test(timestamp) || signatures.length === 0 || signatures.length > 16) return undefined;
  if (Math.abs(now.getTime() / 1000 - Number(timestamp)) > TOLERANCE_SECONDS) return undefined;
  return { id, timestamp, signatures };
}

// Standard Webhooks: v1,base64(HMAC-SHA256(key, "id.timestamp.body")), one or more of them, any live key.
function signed(headers: Headers, body: Uint8Array, signingTokens: readonly Secret[], now: Date): Authentic {
  const parts = signatureHeaders(headers, now);
  if (parts === undefined) return REFUSED;
  const expected = signingTokens.map((token) => {
    const key = Buffer.from(token.reveal().replace(/^whsec_/, ""), "base64");
    return `v1,${createHmac("sha256", key).update(`${parts.id}.${parts.timestamp}.`).update(body).digest("base64")}`;
  });
  return anySame(parts.signatures, expected) ? { ok: true, deliveryId: parts.id } : REFUSED;
}

/** An id as GitLab makes them; anything else counts as absent. */
function plainId(text: string | null): string | undefined {
  return text !== null && /^[\x21-\x7e]{1,255}$/.test(text) ? text : undefined;
}
