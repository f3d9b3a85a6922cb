/** Who is asking, by the token that came with a request. */
import type { Scope, Token } from "./model.ts";
import { Refusal, unauthorized } from "./refusal.ts";
import type { World } from "./world.ts";

/** Of an API request: PRIVATE-TOKEN, or a bearer. Throws 401. */
export function apiToken(world: World, headers: Headers): Token {
  const bearer = /^Bearer (\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  return living(world, headers.get("private-token") ?? bearer);
}

/** Of git over HTTP: Basic, any name, the token as password; undefined where it is missing or bad. */
export function gitToken(world: World, headers: Headers): Token | undefined {
  const basic = /^Basic (\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  if (basic === undefined) return undefined;
  const [, value] = /^[^:]+:(.*)$/s.exec(Buffer.from(basic, "base64").toString()) ?? [];
  const token = world.tokens.find((candidate) => candidate.value === value);
  return token !== undefined && isActive(world, token) ? token : undefined;
}

export function mustHaveScope(token: Token, allowed: readonly Scope[]): void {
  if (allowed.some((scope) => token.scopes.includes(scope))) return;
  throw new Refusal(403, {
    error: "insufficient_scope",
    error_description: "The request requires higher privileges than provided by the access token.",
    scope: allowed.join(" "),
  });
}

export function isActive(world: World, token: Token): boolean {
  return !token.revoked && (token.expiresOn === undefined || world.now().toISOString().slice(0, 10) < token.expiresOn);
}

function living(world: World, value: string | undefined): Token {
  const token = world.tokens.find((candidate) => candidate.value === value);
  if (token === undefined) throw unauthorized();
  if (token.revoked) {
    throw new Refusal(401, {
      error: "invalid_token",
      error_description: "Token was revoked. You have to re-authorize from the user.",
    });
  }
  if (!isActive(world, token)) {
    throw new Refusal(401, {
      error: "invalid_token",
      error_description: "Token is expired. You can either do re-authorization or token refresh.",
    });
  }
  token.lastUsedAt = world.now();
  return token;
}
