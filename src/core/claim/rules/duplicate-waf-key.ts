import { pointerOf } from "../places.ts";
import { duplicatesOf } from "./duplicates.ts";
import type { ClaimRule } from "./rule.ts";

export const duplicateWafKey: ClaimRule = {
  about: "claim",
  code: "claim/duplicate-waf-key",
  summary: "Each rule and each rate limit of a claim has a key of its own: Cloudflare knows it again by that.",
  wrong: `
spec:
  waf:
    rateLimits:
      - {key: login, path: /login, requests: 20, periodSeconds: 60}
      - {key: login, path: /sign-in, requests: 20, periodSeconds: 60}
              ^^^^^ error claim/duplicate-waf-key
`,
  right: `
spec:
  waf:
    rateLimits:
      - {key: login, path: /login, requests: 20, periodSeconds: 60}
      - {key: sign-in, path: /sign-in, requests: 20, periodSeconds: 60}
`,
  check: ({ claim }) =>
    (["rules", "rateLimits"] as const).flatMap((list) =>
      duplicatesOf<{ readonly key: string }>(claim.spec.waf?.[list] ?? [], ({ key }) => key).map(({ key, index }) => ({
        pointer: pointerOf("spec", "waf", list, index, "key"),
        message: `The key ${key} stands in ${list} twice.`,
        hint: "Give one of them another key.",
      })),
    ),
};
