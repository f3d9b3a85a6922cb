/** The signature of a webhook by Standard Webhooks, as GitLab 19 sends it. */
import { createHmac } from "node:crypto";

/** `v1,` and the HMAC-SHA256, in base64, of `id.timestamp.body`, under the bytes behind `whsec_`. */
export function webhookSignature(signingToken: string, id: string, timestamp: number, body: string): string {
  const key = Buffer.from(signingToken.replace(/^whsec_/, ""), "base64");
  return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
}

/** Only 32 bytes in base64 behind `whsec_` are a signing token. */
export function isSigningToken(text: string): boolean {
  return text.startsWith("whsec_") && Buffer.from(text.slice(6), "base64").length === 32;
}
