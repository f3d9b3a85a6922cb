import { describe, expect, test } from "vitest";
import { pauseAfter } from "../../../src/adapters/cloudflare/rate-limit.ts";
import { answerOf, PAUSE_MS, refusalsOf, refusedError } from "../../../src/adapters/cloudflare/refusal.ts";

const NOW = Date.parse("2026-11-24T08:00:00Z");

describe("what an answer means", () => {
  const body = (over: object): string =>
    JSON.stringify({ success: false, errors: [{ code: 1004, message: "no" }], result: null, ...over });
  test.each([
    [200, body({ success: true }), "ok"],
    [200, body({}), "refused"],
    [200, "<html></html>", "lost"],
    [200, "", "lost"],
    [200, "{}", "lost"],
    [200, "[]", "lost"],
    [200, '{"success":"true"}', "lost"],
    [302, "", "lost"],
    [400, body({}), "refused"],
    [400, "<html></html>", "refused"],
    [404, "", "refused"],
    [408, body({}), "lost"],
    [429, "{}", "refused"],
    [500, body({}), "lost"],
    [502, "<html></html>", "lost"],
  ])("%i %s is %s", (status, text, kind) => {
    expect(answerOf(status, text).kind).toBe(kind);
  });

  test("DNS hides its reason in a chain; rulesets point to the place", () => {
    const chain = [{ code: 9041, message: "This record cannot\nbe proxied" }];
    expect(
      refusalsOf([
        { code: 1004, message: "DNS Validation Error", error_chain: chain },
        { code: 20_217, message: "bad", source: { pointer: "/rules/0/action" } },
        { message: 7 },
        null,
      ]),
    ).toEqual([
      { code: 1004, message: "DNS Validation Error: This record cannot be proxied (9041)" },
      { code: 20_217, message: "bad", pointer: "/rules/0/action" },
      { code: 0, message: "no message" },
    ]);
    expect(refusalsOf(undefined)).toEqual([]);
  });
});

describe("what should happen next", () => {
  const purpose = { what: "write the records of example.org", call: "POST /x", permission: "Zone > DNS > Edit on example.org" };
  test.each([
    [401, 1000, "Stalled", /Renew CLAIMBOT_CLOUDFLARE_TOKEN/],
    [403, 9109, "Stalled", /Zone > DNS > Edit on example\.org/],
    [403, 10_000, "Stalled", /Zone > DNS > Edit on example\.org/],
    [400, 6003, "Stalled", /Renew CLAIMBOT_CLOUDFLARE_TOKEN/],
    [400, 7003, "Stalled", /CLAIMBOT_CLOUDFLARE_URL/],
    [400, 1004, "Stalled", /Mend what Cloudflare names/],
    [429, 10_429, "Waiting", undefined],
    [429, 0, "Waiting", undefined],
  ])("%i with code %i is %s", (status, code, name, wayOut) => {
    const error = refusedError(purpose, status, [{ code, message: "said" }], 7000);
    expect(error).toMatchObject({ name, ...(wayOut ? { wayOut: expect.stringMatching(wayOut) } : { retryAfterMs: 7000 }) });
    if (name === "Stalled") expect(error.message).toMatch(/write the records of example\.org: said.*POST \/x/);
  });
});

test.each([
  [200, {}, 0],
  [200, { ratelimit: '"default";r=50;t=30' }, 0],
  [200, { ratelimit: '"default";r=0;t=30' }, 30_000],
  [200, { ratelimit: '"burst";r=5;t=1, "default";r=0;t=99999' }, PAUSE_MS],
  [429, {}, PAUSE_MS],
  [429, { ratelimit: '"default";r=0;t=12' }, 12_000],
  [429, { "retry-after": "3", ratelimit: '"default";r=0;t=12' }, 3_000],
  [429, { "retry-after": "86400" }, PAUSE_MS],
  [429, { "retry-after": "Tue, 24 Nov 2026 08:00:20 GMT" }, 20_000],
  [429, { "retry-after": "soon" }, PAUSE_MS],
])("after %i with %j the token pauses %i ms", (status, headers, ms) => {
  expect(pauseAfter(status, new Headers(headers), NOW)).toBe(ms);
});
