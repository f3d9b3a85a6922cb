/** Tokens by their look, for texts that people wrote: somebody will paste one into a comment, and what is kept for years must not keep it. */

/**
 * Each kind by the prefixes that its maker lists, and no wider: `global-checkout-production` is the name of an environment (GitLab's:
 * docs.gitlab.com/security/tokens, read 2026-11-24).
 */
const SHAPES = [
  /gl(?:pat|oas|dt|rt|rtr|cbt|ptt|ft|imt|agent|wt|soat|ffct)-[\w.-]{16,}/,
  /gh[a-z]_\w{20,}|github_pat_\w{20,}/,
  /(?:AKIA|ASIA)[0-9A-Z]{16}(?![0-9A-Za-z])/,
  /whsec_[\w+/=]{16,}/,
  /xox[a-z]-[\w-]{10,}/,
  /hv[sbr]\.[\w-]{20,}/,
  /eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*/,
].map(({ source }) => source);

const TOKENS = new RegExp(`(?<![A-Za-z0-9])(?:${SHAPES.join("|")})`, "g");
/** Between the name of a user and the host of an address. */
const PASSWORD = /(?<=:\/\/[^\s/:@]{0,100}:)[^\s/@]+(?=@)/g;

export function withoutTokenShapes(text: string): string {
  return text.replaceAll(TOKENS, "[secret]").replaceAll(PASSWORD, "[secret]");
}
