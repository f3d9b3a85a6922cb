import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { openCloudflare, type Clock, type Cloudflare, type Zone } from "../../../src/adapters/cloudflare/cloudflare.ts";
import { Secret } from "../../../src/core/secret.ts";
import { aCloudflare, clientOf, IMPATIENT, TOKEN } from "../../targets/a-cloudflare.ts";

const ZONE: Zone = { id: "a".repeat(32), name: "example.org", plan: "business", batchLimit: 3500, recordQuota: 3500 };
const NOTHING = { deletes: [], patches: [], posts: [] };

interface Heard {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
}

/** A server that answers what a test says, whatever is asked. */
async function answering(
  answer: (response: ServerResponse, heard: Heard, count: number) => void,
  options: { readonly clock?: Clock; readonly timeoutMs?: number } = {},
): Promise<AsyncDisposable & { readonly cloudflare: Cloudflare; readonly heard: readonly Heard[] }> {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    request.resume();
    const one = { method: request.method ?? "", url: request.url ?? "", headers: request.headers };
    heard.push(one);
    answer(response, one, heard.length);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const { clock = IMPATIENT, timeoutMs = 5_000 } = options;
  return {
    heard,
    cloudflare: openCloudflare({ url: `http://127.0.0.1:${port}/client/v4/`, token: new Secret(TOKEN), clock, timeoutMs }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function json(response: ServerResponse, body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

function page(items: readonly unknown[], totalCount: number | undefined): object {
  return {
    success: true,
    errors: [],
    messages: [],
    result: items,
    result_info: { page: 1, per_page: 5000, count: items.length, total_count: totalCount },
  };
}

function record(index: number): object {
  return { id: String(index).padStart(32, "0"), name: `h${index}.example.org`, type: "A", content: "192.0.2.1" };
}

const REFUSED = { success: false, errors: [{ code: 1004, message: "no" }], result: null };

describe("traps of the SDK", () => {
  test("a write that is answered 200 with success false is refused", async () => {
    await using server = await answering((response) => json(response, REFUSED));
    expect(await server.cloudflare.batch(ZONE, NOTHING)).toMatchObject({ outcome: "refused", refusals: [{ code: 1004 }] });
  });

  test.each([
    ["HTML with 200", (response: ServerResponse) => void response.writeHead(200, { "content-type": "text/html" }).end("<html>")],
    ["an empty answer", (response: ServerResponse) => void response.writeHead(200).end()],
    ["502", (response: ServerResponse) => void response.writeHead(502).end("<html>")],
    ["504 of a proxy", (response: ServerResponse) => void response.writeHead(504).end("<html>")],
    ["a cut connection", (response: ServerResponse) => void response.destroy()],
    ["a redirect", (response: ServerResponse) => void response.writeHead(307, { location: "http://127.0.0.1:9/" }).end()],
  ])("a write that is answered by %s is sent once, and its outcome unknown", async (_, answer) => {
    await using server = await answering(answer);
    expect(await server.cloudflare.batch(ZONE, NOTHING)).toMatchObject({ outcome: "unknown", error: { name: "Waiting" } });
    expect(server.heard).toHaveLength(1);
  });

  test.each([409, 429, 500])("a write that is answered %i is not repeated", async (status) => {
    await using server = await answering((response) => json(response, REFUSED, status));
    await server.cloudflare.putRules(ZONE, "http_ratelimit", []).catch(() => "429 throws");
    expect(server.heard).toHaveLength(1);
  });

  test("the deadline covers the body: an answer that never ends is cut", async () => {
    await using server = await answering(
      (response) => {
        response.writeHead(200, { "content-type": "application/json" });
        response.write('{"success":');
      },
      { timeoutMs: 100 },
    );
    expect(await server.cloudflare.batch(ZONE, NOTHING)).toMatchObject({
      outcome: "unknown",
      error: { message: expect.stringContaining("no whole answer within 100 ms") },
    });
  });

  test("a read is tried three times, then waited for", async () => {
    await using server = await answering((response) => void response.writeHead(503).end());
    await expect(server.cloudflare.records(ZONE)).rejects.toMatchObject({
      name: "Waiting",
      message: expect.stringContaining("status 503"),
    });
    expect(server.heard).toHaveLength(3);
    await using lucky = await answering((response, _, count) =>
      count < 3 ? void response.destroy() : json(response, page([record(1)], 1)),
    );
    expect(await lucky.cloudflare.records(ZONE)).toHaveLength(1);
  });

  test("Retry-After is never slept: the whole token pauses, at most five minutes", async () => {
    let now = 1_000_000;
    const clock: Clock = { now: () => now, sleep: () => Promise.reject(new Error("nobody sleeps")) };
    await using server = await answering(
      (response, _, count) => json(response, count === 1 ? {} : page([], 0), count === 1 ? 429 : 200, { "retry-after": "86400" }),
      { clock },
    );
    const limited = { name: "Waiting", message: "Cloudflare is rate limiting us" };
    await expect(server.cloudflare.records(ZONE)).rejects.toMatchObject({ ...limited, retryAfterMs: 300_000 });
    now += 100_000;
    await expect(server.cloudflare.ruleset(ZONE, "http_ratelimit")).rejects.toMatchObject({ ...limited, retryAfterMs: 200_000 });
    expect(server.heard).toHaveLength(1);
    now += 200_000;
    expect(await server.cloudflare.records(ZONE)).toEqual([]);
  });

  test("when nothing is left of the rate limit, nothing is sent until there is", async () => {
    await using server = await answering((response) => json(response, page([], 0), 200, { ratelimit: '"default";r=0;t=30' }));
    expect(await server.cloudflare.records(ZONE)).toEqual([]);
    await expect(server.cloudflare.records(ZONE)).rejects.toMatchObject({ name: "Waiting" });
    expect(server.heard).toHaveLength(1);
  });

  test("takes nothing from the environment, and sends one credential and a fixed version", async () => {
    const foreign = {
      CLOUDFLARE_API_TOKEN: "foreign",
      CLOUDFLARE_API_KEY: "foreign",
      CLOUDFLARE_EMAIL: "foreign@example.org",
      CLOUDFLARE_API_USER_SERVICE_KEY: "foreign",
      CLOUDFLARE_BASE_URL: "http://127.0.0.1:9",
      CLOUDFLARE_LOG: "debug",
      CLOUDFLARE_CUSTOM_HEADERS: "authorization: Bearer foreign\nx-foreign: foreign",
    };
    Object.assign(process.env, foreign);
    try {
      await using server = await answering((response) => json(response, page([], 0)));
      await server.cloudflare.records(ZONE);
      const headers = server.heard[0]?.headers;
      expect(headers).toMatchObject({ authorization: `Bearer ${TOKEN}`, "api-version": "2026-10-02", "user-agent": "claimbot" });
      expect(JSON.stringify(server.heard)).not.toContain("foreign");
    } finally {
      for (const name of Object.keys(foreign)) delete process.env[name];
    }
  });

  test("an error never holds the token, nor what the server echoes beside code and message", async () => {
    const echo = { ...REFUSED, echoed: TOKEN, errors: [{ code: 1004, message: "no", header: `Bearer ${TOKEN}` }] };
    for (const status of [200, 400, 401, 403, 404, 500]) {
      await using server = await answering((response) => json(response, echo, status));
      const written: unknown = await server.cloudflare.batch(ZONE, NOTHING).catch((error: unknown) => error);
      const read: unknown = await server.cloudflare.records(ZONE).catch((error: unknown) => error);
      expect(inspect([written, read], { depth: 20 })).not.toContain(TOKEN);
    }
  });

  test("the caller's own reason comes through when it calls off", async () => {
    await using server = await answering(() => {});
    const reason = new Error("shutting down");
    const controller = new AbortController();
    const reading = server.cloudflare.records(ZONE, controller.signal);
    controller.abort(reason);
    await expect(reading).rejects.toBe(reason);
  });
});

describe("lists are read to the end, or not at all", () => {
  test("over several pages", async () => {
    await using server = await answering((response, { url }) => {
      const number = Number(new URL(url, "http://x").searchParams.get("page"));
      json(response, page([record(2 * number), record(2 * number + 1)], 6));
    });
    expect(await server.cloudflare.records(ZONE)).toHaveLength(6);
    expect(server.heard).toHaveLength(3);
  });

  test.each([
    ["the page is ignored and comes again", () => page([record(1)], 999_999)],
    ["pages end before the total", (count: number) => page(count % 2 === 1 ? [record(1)] : [], 3)],
    ["there is more than the total", () => page([record(1), record(2)], 1)],
    ["there is no total", () => page([record(1)], undefined)],
  ])("when %s, it is read once more and then waited for", async (_, answer) => {
    await using server = await answering((response, _heard, count) => json(response, answer(count)));
    await expect(server.cloudflare.records(ZONE)).rejects.toMatchObject({
      name: "Waiting",
      message: expect.stringContaining("as a whole"),
    });
    expect(server.heard.length).toBeLessThanOrEqual(4);
  });

  test("a change while reading is read once more", async () => {
    await using server = await answering((response, _, count) =>
      json(response, count === 1 ? page([record(1)], 2) : count === 2 ? page([record(1)], 2) : page([record(1), record(3)], 2)),
    );
    expect(await server.cloudflare.records(ZONE)).toMatchObject([{ name: "h1.example.org" }, { name: "h3.example.org" }]);
  });

  test("unknown types and missing members are no reason to fail", async () => {
    const odd = [
      { ...record(1), type: "SOA", content: undefined, meta: { read_only: true } },
      {
        ...record(2),
        comment: null,
        proxied: null,
        data: {},
        created_on: "yesterday",
        modified_on: "2026-11-23T14:02:33.123456Z",
      },
    ];
    await using server = await answering((response) => json(response, page(odd, 2)));
    const found = await server.cloudflare.records(ZONE);
    expect(found).toMatchObject([
      { type: "SOA", content: "", readOnly: true },
      { comment: "", proxied: false, ttl: 1, readOnly: false, modifiedAt: "2026-11-23T14:02:33.123Z" },
    ]);
    expect(found[1]).not.toHaveProperty("createdAt");
  });
});

describe("zones", () => {
  const zone = {
    id: "b".repeat(32),
    name: "example.org",
    type: "full",
    status: "active",
    plan: { legacy_id: "pro" },
    created_on: "2025-01-01T00:00:00Z",
  };
  test.each([
    [[zone], { id: zone.id, plan: "pro", batchLimit: 3500, recordQuota: 3500 }],
    [[{ ...zone, plan: { legacy_id: "free" } }], { plan: "free", batchLimit: 200, recordQuota: 200 }],
    [[{ ...zone, plan: { legacy_id: "free" }, created_on: "2024-08-31T00:00:00Z" }], { recordQuota: 1000 }],
    [[{ ...zone, plan: { legacy_id: "new" } }], { plan: "free" }],
    [[zone, { ...zone, id: "c".repeat(32), type: "internal" }], { id: zone.id }],
  ])("%j is read as %j", async (zones, expected) => {
    await using server = await answering((response) => json(response, page(zones, zones.length)));
    expect(await server.cloudflare.zone("example.org")).toMatchObject(expected);
    await server.cloudflare.zone("example.org");
    expect(server.heard).toHaveLength(1);
  });

  test.each([
    [[], /shows no zone example\.org/],
    [[{ ...zone, name: "other.org" }], /shows no zone/],
    [[zone, { ...zone, id: "c".repeat(32) }], /shows 2 zones/],
    [[{ ...zone, status: "pending" }], /is not active/],
  ])("%j stalls", async (zones, message) => {
    await using server = await answering((response) => json(response, page(zones, zones.length)));
    await expect(server.cloudflare.zone("example.org")).rejects.toMatchObject({
      name: "Stalled",
      message: expect.stringMatching(message),
    });
  });
});

describe("rulesets", () => {
  const none = { success: false, errors: [{ code: 10_003, message: "could not find entrypoint ruleset" }], result: null };
  test("only 404 with code 10003 means that there are none", async () => {
    await using server = await answering((response) => json(response, none, 404));
    expect(await server.cloudflare.ruleset(ZONE, "http_ratelimit")).toBe("none");
  });

  test.each([
    [404, REFUSED],
    [400, none],
    [200, none],
    [404, {}],
    [200, { success: true, result: null }],
    [200, { success: true, result: { version: "x", rules: [] } }],
    [200, { success: true, result: { version: "1", rules: ["odd"] } }],
  ])("%i %j aborts", async (status, body) => {
    await using server = await answering((response) => json(response, body, status));
    await expect(server.cloudflare.ruleset(ZONE, "http_ratelimit")).rejects.toMatchObject({
      name: expect.stringMatching(/^(Stalled|Waiting)$/),
    });
  });

  test("a dry run says what is wrong and where, and nothing when nothing is", async () => {
    await using world = await aCloudflare();
    const client = clientOf(world.server);
    const zone = await client.zone("example.org");
    const rule = { ref: "x", action: "block", expression: "ssl" };
    expect(await client.dryRun(zone, "http_request_firewall_custom", [rule])).toEqual([]);
    expect(
      await client.dryRun(zone, "http_request_firewall_custom", [rule, { ...rule, ref: "y", expression: "(" }]),
    ).toMatchObject([{ pointer: "/rules/1/expression" }]);
    expect(await client.ruleset(zone, "http_request_firewall_custom")).toBe("none");
  });

  test("every version can be read again", async () => {
    await using world = await aCloudflare();
    const client = clientOf(world.server);
    const zone = await client.zone("example.org");
    const phase = "http_request_firewall_custom";
    for (const ref of ["one", "two"]) {
      const written = await client.putRules(zone, phase, [{ ref, action: "block", expression: "ssl" }]);
      expect(written.outcome).toBe("done");
    }
    expect(await client.rulesetAt(zone, phase, 1)).toMatchObject({ version: 1, rules: [{ ref: "one" }] });
    expect(await client.ruleset(zone, phase)).toMatchObject({ version: 2, rules: [{ ref: "two" }] });
    expect(world.server.unexpected).toEqual([]);
  });
});

test("nothing but https, or http to loopback", () => {
  const token = new Secret(TOKEN);
  expect(() => openCloudflare({ url: "http://api.example.org/client/v4", token })).toThrow(/https/);
  expect(() => openCloudflare({ url: "https://api.cloudflare.com/client/v4", token })).not.toThrow();
});
