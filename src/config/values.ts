/** The forms that settings may have: each parser gives the value, or the reason and the way out. */
import { Secret } from "../core/secret.ts";

export type Parsed<T> = { readonly value: T } | { readonly reason: string; readonly wayOut: string };

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** https, or http to loopback; without user, query and fragment. The result has no trailing slash. */
export function parseUrl(text: string): Parsed<string> {
  const url = URL.parse(text);
  if (url === null) return wrong("is not a URL", "Write it whole, such as https://host.example.org");
  if (url.username !== "" || url.password !== "") return wrong("holds a user or password", "Give them by their own settings");
  if (url.search !== "" || url.hash !== "") return wrong("holds a query or a fragment", "Leave off everything from ? or # on");
  if (url.protocol !== "https:" && !(url.protocol === "http:" && LOOPBACK.test(url.hostname))) {
    return wrong("is neither https nor http to loopback", "Use https; plain http is for 127.0.0.1, [::1] and localhost");
  }
  return { value: url.href.replace(/\/+$/, "") };
}

export function parseListen(text: string): Parsed<{ readonly host: string; readonly port: number }> {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) return wrong("is not host:port", "Write 127.0.0.1:8080, or [::1]:8080");
  return { value: { host: match[1] ?? match[2]!, port } };
}

export function parseInteger(text: string, min: number, max: number): Parsed<number> {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    return wrong("is not a whole number in its range", `Give ${min} to ${max}`);
  }
  return { value };
}

export function parseChoice<T extends string>(text: string, choices: readonly T[]): Parsed<T> {
  const value = choices.find((choice) => choice === text);
  return value === undefined ? wrong("is not one of its values", `Give ${choices.join(", ")}`) : { value };
}

export function parsePattern(text: string, pattern: RegExp, form: string): Parsed<string> {
  return pattern.test(text) ? { value: text } : wrong("does not have its form", `Give ${form}`);
}

/** A secret that goes into a header: printable ASCII without spaces. */
export function parseToken(text: string): Parsed<Secret> {
  if (!/^[\x21-\x7e]+$/.test(text)) {
    return wrong("holds a space, a line break or another character that no token has", "Copy it again, without quotes");
  }
  return { value: new Secret(text) };
}

const PLACEHOLDER =
  /change.?me|placeholder|example|password|passwort|default|your.?(secret|token)|my.?secret|s3cr3t|insecure|replace/i;

/** A secret that somebody could try to guess: long, varied and not out of a manual. */
export function parseStrongSecret(text: string): Parsed<Secret> {
  const way = "Make one with: openssl rand -hex 32";
  if (Buffer.byteLength(text) < 32) return wrong("is shorter than 32 bytes", way);
  if (new Set(text).size < 8) return wrong("repeats itself", way);
  if (PLACEHOLDER.test(text)) return wrong("looks like a placeholder", way);
  return parseToken(text);
}

/** `whsec_` and the base64 of 24 to 64 bytes (Standard Webhooks; GitLab makes 32). */
export function parseSigningToken(text: string): Parsed<Secret> {
  const way = "Copy the signing token from GitLab's webhook page: it begins with whsec_ and is shown once";
  const match = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text);
  const key = Buffer.from(match?.[1] ?? "", "base64");
  if (match === null || key.toString("base64") !== match[1]) return wrong("is not whsec_ and base64", way);
  if (key.length < 24 || key.length > 64) return wrong("does not hold 24 to 64 bytes", way);
  if (new Set(key).size < 8) return wrong("repeats itself", way);
  return { value: new Secret(text) };
}

export function parseDatabaseUrl(text: string): Parsed<Secret> {
  const url = URL.parse(text);
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol) || url.pathname.length < 2) {
    return wrong("is not a PostgreSQL address", "Write postgresql://user:password@host/database");
  }
  return { value: new Secret(text) };
}

function wrong(reason: string, wayOut: string): { readonly reason: string; readonly wayOut: string } {
  return { reason, wayOut };
}
