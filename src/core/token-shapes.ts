/** Tokens by their look, for texts that people wrote: somebody will paste one into a comment, and what is kept for years must not keep it. */

/** GitLab, GitHub, AWS, webhook signing secrets, JSON web tokens, private keys (prefixes: docs.gitlab.com/security/tokens, read 2026-11-24). */
const SHAPES =
  /\bgl[a-z]{2,8}-[\w.-]{16,}|\bgh[a-z]_\w{20,}|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bwhsec_[\w+/=]{16,}|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*/g;

export function withoutTokenShapes(text: string): string {
  return text.replaceAll(SHAPES, "[secret]");
}
