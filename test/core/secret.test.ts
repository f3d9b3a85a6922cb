import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { redact, Secret } from "../../src/core/secret.ts";

const canary = "glpat-Canary+/=42";

describe("a secret", () => {
  const secret = new Secret(canary);
  const holder = { nested: { token: secret }, list: [secret], error: new Error("refused", { cause: { secret } }) };

  test.each([
    ["a template", () => `token ${secret as unknown as string}`],
    ["concatenation", () => "token " + (secret as unknown as string)],
    ["String()", () => String(secret)],
    ["JSON", () => JSON.stringify(holder)],
    [
      "inspect, to any depth and with hidden members",
      () => inspect(holder, { depth: Infinity, showHidden: true, getters: true }),
    ],
    ["its members", () => JSON.stringify(Object.entries(secret)) + Reflect.ownKeys(secret).map(String).join()],
    ["a copy", () => inspect(Object.assign({}, secret), { showHidden: true })],
  ])("is not printed by %s", (_, print) => {
    expect(print()).not.toContain(canary);
  });

  test("is revealed when asked for", () => {
    expect(secret.reveal()).toBe(canary);
  });
});

describe("redact", () => {
  test.each([
    ["as it is", canary],
    ["in base64", Buffer.from(canary).toString("base64")],
    ["in base64 without padding", Buffer.from(canary).toString("base64").replaceAll("=", "")],
    ["in URL-safe base64", Buffer.from(canary).toString("base64url")],
    ["escaped for a URL", encodeURIComponent(canary)],
  ])("blanks a secret %s", (_, form) => {
    expect(redact(`before ${form} after`, [new Secret(canary)])).toBe("before [secret] after");
  });

  test("leaves a text alone when the secret is empty", () => {
    expect(redact("abc", [new Secret("")])).toBe("abc");
  });
});
