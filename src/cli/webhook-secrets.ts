/** Fresh secrets for the webhook, and how they are shown. */
import { randomBytes } from "node:crypto";
import type { HookSecretValues } from "../core/ports.ts";
import { Secret } from "../core/secret.ts";

/** 32 bytes each; the signing token in the form that GitLab 19 asks for. */
export function makeWebhookSecrets(): Required<HookSecretValues> {
  return {
    secret: new Secret(randomBytes(32).toString("hex")),
    signingToken: new Secret(`whsec_${randomBytes(32).toString("base64")}`),
  };
}

/** A line of an environment file. The one place where a secret is shown: to whom it belongs, and only by commands that are for it. */
export function environmentLine(setting: string, values: readonly Secret[]): string {
  return `${setting}=${values.map((value) => value.reveal()).join(",")}\n`;
}
