import Cloudflare from "cloudflare";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Ruleset } from "../../src/sandbox/cloudflare/zone.ts";
import { startCloudflare, type SandboxCloudflare } from "../../src/sandbox/cloudflare.ts";

const PHASE = "http_request_firewall_custom";
const BLOCK = { action: "block", expression: 'http.host eq "pay.example.org" and ip.src.country ne "DE"' } as const;

/** Every operation of the API, through the client that the adapter uses. */
async function start(
  plan: "free" | "business" | "enterprise" = "business",
): Promise<{ server: SandboxCloudflare; client: Cloudflare; zone_id: string }> {
  const server = await startCloudflare({ zones: [{ name: "example.org", plan }], token: "sandbox-token" });
  return { server, client: clientOf(server, "sandbox-token"), zone_id: server.zoneId("example.org") };
}

function clientOf(server: SandboxCloudflare, apiToken: string): Cloudflare {
  return new Cloudflare({ apiToken, apiKey: null, apiEmail: null, userServiceKey: null, baseURL: server.apiUrl, maxRetries: 0 });
}

/** The SDK's types leave open what it answers here. */
function rulesetOf(answer: unknown): Ruleset {
  return answer as Ruleset;
}

let shared: Awaited<ReturnType<typeof start>>;
beforeAll(async () => {
  shared = await start();
});
afterAll(async () => shared.server[Symbol.asyncDispose]());

test("verifies its token and refuses another", async () => {
  await expect(shared.client.user.tokens.verify()).resolves.toMatchObject({ status: "active" });
  const stranger = clientOf(shared.server, "stolen");
  await expect(stranger.user.tokens.verify()).rejects.toMatchObject({ status: 401, errors: [{ code: 1000 }] });
  await expect(stranger.zones.list()).rejects.toMatchObject({ status: 403, errors: [{ code: 9109 }] });
});

test.each([
  [{}, 401, 10_001],
  [{ authorization: "Basic abc" }, 400, 6003],
  [{ authorization: "Bearer sandbox-token", "x-auth-key": "old" }, 400, 6003],
])("wants exactly one bearer token: %j", async (headers, status, code) => {
  await using server = await startCloudflare({ zones: [], token: "sandbox-token" });
  const answer = await fetch(`${server.apiUrl}/zones`, { headers });
  expect(answer.status).toBe(status);
  expect(await answer.json()).toMatchObject({ success: false, result: null, errors: [{ code }] });
});

test("lists zones by name and in pages, with their plan", async () => {
  const names = Array.from({ length: 12 }, (_, index) => `zone-${String(index).padStart(2, "0")}.example`);
  await using server = await startCloudflare({
    zones: names.map((name) => ({ name, plan: "pro" as const })),
    token: "sandbox-token",
  });
  const client = clientOf(server, "sandbox-token");
  const all = await Array.fromAsync(client.zones.list({ per_page: 5 }));
  expect(all.map(({ name }) => name)).toEqual(names);
  const named = await Array.fromAsync(client.zones.list({ name: "zone-03.example", type: ["full"] }));
  expect(named).toMatchObject([{ id: server.zoneId("zone-03.example"), plan: { legacy_id: "pro" } }]);
  await expect(client.zones.list({ per_page: 51 })).rejects.toMatchObject({ status: 400 });
  await expect(client.zones.get({ zone_id: "0".repeat(32) })).rejects.toMatchObject({ status: 403, errors: [{ code: 9109 }] });
  await expect(client.zones.get({ zone_id: "example.org" })).rejects.toMatchObject({ status: 400, errors: [{ code: 7003 }] });
  expect(server.unexpected).toEqual([]);
});

test("creates, reads, changes and deletes a record", async () => {
  const { server, client, zone_id } = await start();
  await using _ = server;
  const made = await client.dns.records.create({
    zone_id,
    type: "A",
    name: "Pay",
    content: "192.0.2.1",
    ttl: 300,
    proxied: true,
    comment: "mark",
  });
  expect(made).toMatchObject({ name: "pay.example.org", ttl: 1, proxied: true, proxiable: true, comment: "mark", tags: [] });
  const patched = await client.dns.records.edit(made.id, { zone_id, content: "192.0.2.2" } as never);
  expect(patched).toMatchObject({ id: made.id, content: "192.0.2.2", proxied: true, comment: "mark" });
  const put = await client.dns.records.update(made.id, {
    zone_id,
    type: "A",
    name: "pay.example.org",
    content: "192.0.2.3",
    ttl: 1,
  });
  expect(put).toMatchObject({ id: made.id, proxied: false, comment: null, created_on: made.created_on });
  await expect(client.dns.records.get(made.id, { zone_id })).resolves.toEqual(put);
  await expect(client.dns.usage.zone.get({ zone_id })).resolves.toEqual({ record_quota: 3500, record_usage: 1 });
  await expect(client.dns.records.delete(made.id, { zone_id })).resolves.toEqual({ id: made.id });
  await expect(client.dns.records.get(made.id, { zone_id })).rejects.toMatchObject({ status: 404, errors: [{ code: 81_044 }] });
  expect(server.records("example.org")).toEqual([]);
  expect(server.unexpected).toEqual([]);
});

test("carries out a batch in its own order: deletes, patches, puts, posts", async () => {
  const { server, client, zone_id } = await start();
  await using _ = server;
  const old = server.addForeignRecord("example.org", { type: "A", name: "old", content: "192.0.2.1" });
  const kept = server.addForeignRecord("example.org", {
    type: "A",
    name: "kept",
    content: "192.0.2.2",
    proxied: true,
    comment: "a",
  });
  const answer = await client.dns.records.batch({
    zone_id,
    posts: [{ type: "CNAME", name: "old", content: "gateway.example.org.", ttl: 1, proxied: true }],
    patches: [{ id: kept.id, content: "192.0.2.9" } as never],
    deletes: [{ id: old.id }],
  });
  expect(answer).toMatchObject({
    deletes: [{ id: old.id }],
    patches: [{ id: kept.id, content: "192.0.2.9", proxied: true, comment: "a" }],
    puts: [],
    posts: [{ name: "old.example.org", content: "gateway.example.org" }],
  });
});

test("applies nothing of a batch when one operation is refused", async () => {
  const { server, client, zone_id } = await start();
  await using _ = server;
  const old = server.addForeignRecord("example.org", { type: "A", name: "old", content: "192.0.2.1" });
  const before = server.records("example.org");
  const batch = client.dns.records.batch({
    zone_id,
    deletes: [{ id: old.id }],
    posts: [
      { type: "A", name: "new", content: "192.0.2.2", ttl: 1 },
      { type: "A", name: "bad", content: "10.0.0.1", ttl: 1, proxied: true },
    ],
  });
  await expect(batch).rejects.toMatchObject({ status: 400, errors: [{ code: 1004, error_chain: [{ code: 9041 }] }] });
  expect(server.records("example.org")).toEqual(before);
});

test("takes 200 operations a batch on the free plan, and 200 records", async () => {
  const { server, client, zone_id } = await start("free");
  await using _ = server;
  const posts = Array.from({ length: 201 }, (_, index) => ({
    type: "A" as const,
    name: `h${index}`,
    content: "192.0.2.1",
    ttl: 1 as const,
  }));
  await expect(client.dns.records.batch({ zone_id, posts })).rejects.toMatchObject({ status: 400, errors: [{ code: 9207 }] });
  await client.dns.records.batch({ zone_id, posts: posts.slice(1) });
  await expect(client.dns.records.create({ zone_id, ...posts[0]! })).rejects.toMatchObject({ errors: [{ code: 81_045 }] });
});

test("lists records in pages with totals, and filters them", async () => {
  const { server, client, zone_id } = await start();
  await using _ = server;
  for (let index = 0; index < 7; index += 1) {
    server.addForeignRecord("example.org", {
      type: "A",
      name: `h${index}`,
      content: `192.0.2.${index}`,
      comment: index < 3 ? "Mark a" : null,
    });
  }
  const page = await client.dns.records.list({ zone_id, per_page: 3, page: 2, order: "name" });
  expect(page.result.map(({ name }) => name)).toEqual(["h3.example.org", "h4.example.org", "h5.example.org"]);
  expect(page.result_info).toEqual({ page: 2, per_page: 3, count: 3, total_count: 7, total_pages: 3 });
  const names = async (query: object): Promise<readonly string[]> =>
    (await Array.fromAsync(client.dns.records.list({ zone_id, ...query }))).map(({ name }) => name.split(".")[0] ?? "");
  await expect(names({ name: { exact: "H1.example.org" } })).resolves.toEqual(["h1"]);
  await expect(names({ comment: { startswith: "mark" }, direction: "desc", order: "content" })).resolves.toEqual([
    "h2",
    "h1",
    "h0",
  ]);
  await expect(names({ content: { endswith: ".6" }, name: { startswith: "h5" }, match: "any" })).resolves.toEqual(["h5", "h6"]);
  await expect(names({ type: "TXT" })).resolves.toEqual([]);
  expect(server.unexpected).toEqual([]);
  await names({ search: "h1" });
  expect(server.unexpected).toContain("query parameter search");
});

test("marks what a delegation hides only when asked", async () => {
  const { server, client, zone_id } = await start();
  await using _ = server;
  const ns = server.addForeignRecord("example.org", { type: "NS", name: "sub", content: "ns.example.net" });
  server.addForeignRecord("example.org", { type: "A", name: "x.sub", content: "192.0.2.1" });
  const meta = async (query: object): Promise<unknown> =>
    (await client.dns.records.list({ zone_id, type: "A", ...query })).result.map((record) => record.meta);
  await expect(meta({})).resolves.toEqual([{}]);
  await expect(meta({ include_shadow_metadata: true })).resolves.toEqual([{ shadowed_by: [ns.id] }]);
});

test("has no entry point (404, 10003) until somebody puts one", async () => {
  const { server, client, zone_id } = await start();
  await using _ = server;
  await expect(client.rulesets.phases.get(PHASE, { zone_id })).rejects.toMatchObject({ status: 404, errors: [{ code: 10_003 }] });
  const first = rulesetOf(await client.rulesets.phases.update(PHASE, { zone_id, rules: [{ ...BLOCK, ref: "a" }] }));
  expect(first).toMatchObject({ kind: "zone", phase: PHASE, version: "1", rules: [{ ref: "a", version: "1", enabled: true }] });
  await expect(client.rulesets.phases.get(PHASE, { zone_id })).resolves.toEqual(first);
  await client.rulesets.delete(first.id, { zone_id });
  await expect(client.rulesets.phases.get(PHASE, { zone_id })).rejects.toMatchObject({ status: 404, errors: [{ code: 10_003 }] });
});

test("replaces all rules, keeps ids by ref, and counts versions", async () => {
  const { server, client, zone_id } = await start();
  await using _ = server;
  const foreign = server.addForeignRule("example.org", PHASE, { ...BLOCK, description: "by hand" });
  expect(foreign.ref).toBe(foreign.id);
  const one = rulesetOf(
    await client.rulesets.phases.update(PHASE, { zone_id, rules: [foreign as never, { ...BLOCK, ref: "a" }] }),
  );
  expect(one.version).toBe("2");
  expect(one.rules[0]).toEqual(foreign);
  const two = rulesetOf(
    await client.rulesets.phases.update(PHASE, { zone_id, rules: [{ ...BLOCK, ref: "a", description: "new" }] }),
  );
  expect(two.version).toBe("3");
  expect(two.rules).toMatchObject([{ id: one.rules[1]!.id, ref: "a", version: "2", description: "new" }]);
  const three = rulesetOf(await client.rulesets.phases.update(PHASE, { zone_id, rules: [] }));
  expect(three).not.toHaveProperty("rules");

  const versions = await Array.fromAsync(client.rulesets.versions.list(three.id, { zone_id }));
  expect(versions.map(({ version }) => version)).toEqual(["1", "2", "3", "4"]);
  await expect(client.rulesets.versions.get("2", { zone_id, ruleset_id: three.id })).resolves.toEqual(one);
  await expect(Array.fromAsync(client.rulesets.phases.versions.list(PHASE, { zone_id }))).resolves.toEqual(versions);
  await expect(client.rulesets.phases.versions.get("3", { zone_id, ruleset_phase: PHASE })).resolves.toEqual(two);
  const listed = await Array.fromAsync(client.rulesets.list({ zone_id }));
  expect(listed.map(({ kind }) => kind).toSorted()).toEqual(["managed", "zone"]);
  await expect(client.rulesets.get(three.id, { zone_id })).resolves.toEqual(three);
  expect(server.unexpected).toEqual([]);
});

test("places, changes, moves and deletes single rules", async () => {
  const { server, client, zone_id } = await start();
  await using _ = server;
  const { id: ruleset_id } = rulesetOf(
    await client.rulesets.create({
      zone_id,
      kind: "zone",
      name: "ours",
      phase: PHASE,
      rules: [{ ...BLOCK, ref: "a" }],
    }),
  );
  const refs = (answer: unknown): readonly string[] => rulesetOf(answer).rules.map(({ ref }) => ref);
  const add = async (ref: string, position?: object): Promise<readonly string[]> =>
    refs(await client.rulesets.rules.create(ruleset_id, { zone_id, ...BLOCK, ref, ...(position && { position }) }));
  await expect(add("b")).resolves.toEqual(["a", "b"]);
  await expect(add("first", { before: "" })).resolves.toEqual(["first", "a", "b"]);
  await expect(add("last", { after: "" })).resolves.toEqual(["first", "a", "b", "last"]);
  await expect(add("second", { index: 2 })).resolves.toEqual(["first", "second", "a", "b", "last"]);
  await expect(add("x", { index: 7 })).rejects.toMatchObject({
    status: 400,
    errors: [{ source: { pointer: "/position/index" } }],
  });
  await expect(add("x", { index: 1, before: "" })).rejects.toMatchObject({ errors: [{ source: { pointer: "/position" } }] });
  await expect(add("a")).rejects.toMatchObject({ errors: [{ code: 20_217, source: { pointer: "/ref" } }] });

  const idOf = (ref: string): string => server.ruleset("example.org", PHASE)!.rules.find((rule) => rule.ref === ref)!.id;
  const moved = rulesetOf(
    await client.rulesets.rules.edit(idOf("last"), { zone_id, ruleset_id, position: { before: idOf("a") } }),
  );
  expect(refs(moved)).toEqual(["first", "second", "last", "a", "b"]);
  expect(moved.rules.map(({ version }) => version)).toEqual(["1", "1", "1", "1", "1"]);
  const edited = rulesetOf(
    await client.rulesets.rules.edit(idOf("a"), {
      zone_id,
      ruleset_id,
      ...BLOCK,
      ref: "a",
      action: "managed_challenge",
    } as never),
  );
  expect(edited.rules[3]).toMatchObject({ ref: "a", action: "managed_challenge", version: "2" });
  const partial = client.rulesets.rules.edit(idOf("a"), { zone_id, ruleset_id, action: "block" } as never);
  await expect(partial).rejects.toMatchObject({ errors: [{ source: { pointer: "/expression" } }] });
  expect(refs(await client.rulesets.rules.delete(idOf("second"), { zone_id, ruleset_id }))).toEqual(["first", "last", "a", "b"]);
  const put = rulesetOf(await client.rulesets.update(ruleset_id, { zone_id, rules: [{ ...BLOCK, ref: "b" }] }));
  expect(put.rules).toMatchObject([{ ref: "b", version: "1" }]);
  const second = client.rulesets.create({ zone_id, kind: "zone", name: "again", phase: PHASE, rules: [] });
  await expect(second).rejects.toMatchObject({ status: 400, errors: [{ code: 20_217, source: { pointer: "/kind" } }] });
});

test("keeps nothing of a dry run, but judges it like a real one", async () => {
  const { server, client, zone_id } = await start();
  await using _ = server;
  server.addForeignRule("example.org", PHASE, BLOCK);
  const before = server.ruleset("example.org", PHASE)!;
  const dry = { zone_id, dry_run: true };
  await expect(client.rulesets.phases.update(PHASE, { ...dry, rules: [] })).resolves.toBeNull();
  await expect(client.rulesets.phases.update("http_ratelimit", { ...dry, rules: [] })).resolves.toBeNull();
  await expect(client.rulesets.update(before.id, { ...dry, rules: [] })).resolves.toBeNull();
  await expect(client.rulesets.rules.create(before.id, { ...dry, ...BLOCK })).resolves.toBeNull();
  await expect(client.rulesets.rules.edit(before.rules[0]!.id, { ...dry, ruleset_id: before.id, ...BLOCK })).resolves.toBeNull();
  await expect(client.rulesets.rules.delete(before.rules[0]!.id, { ...dry, ruleset_id: before.id })).resolves.toBeNull();
  await client.rulesets.delete(before.id, dry);
  await expect(client.rulesets.phases.update(PHASE, { ...dry, rules: [{ ...BLOCK, expression: "(" }] })).rejects.toMatchObject({
    status: 400,
    errors: [{ source: { pointer: "/rules/0/expression" } }],
  });
  server.deny("example.org", "waf");
  await expect(client.rulesets.phases.update(PHASE, { ...dry, rules: [] })).rejects.toMatchObject({ status: 403 });
  expect(server.ruleset("example.org", PHASE)).toEqual(before);
  expect(server.ruleset("example.org", "http_ratelimit")).toBeUndefined();
});

test("lets somebody else edit between our read and our write, and the write wins", async () => {
  const { server, client, zone_id } = await start();
  await using _ = server;
  const foreign = server.addForeignRule("example.org", PHASE, { ...BLOCK, ref: "theirs" });
  const read = await client.rulesets.phases.get(PHASE, { zone_id });
  server.editRuleMeanwhile("example.org", PHASE, "theirs", { description: "edited" });
  server.addRuleMeanwhile("example.org", PHASE, { ...BLOCK, ref: "added" });
  await client.rulesets.phases.update(PHASE, { zone_id, dry_run: true, rules: read.rules as never });
  expect(server.ruleset("example.org", PHASE)?.version).toBe("1");
  const once = rulesetOf(await client.rulesets.phases.update(PHASE, { zone_id, rules: read.rules as never }));
  expect(once.version).toBe("3");
  expect(once.rules[0]).toMatchObject({ id: foreign.id, version: "3" });
  expect(once.rules[0]).not.toHaveProperty("description");
  const lost = await client.rulesets.versions.get("2", { zone_id, ruleset_id: once.id });
  expect(lost.rules).toMatchObject([{ ref: "theirs", description: "edited" }]);
  const twice = rulesetOf(await client.rulesets.phases.update(PHASE, { zone_id, rules: read.rules as never }));
  expect(twice.version).toBe("5");
  expect(twice.rules).toHaveLength(1);
});

test("tells its budget with every answer, and when to come back with a 429", async () => {
  const { server, client, zone_id } = await start();
  await using _ = server;
  const good = await client.zones.get({ zone_id }).asResponse();
  expect(good.headers.get("ratelimit")).toBe('"default";r=1199;t=300');
  expect(good.headers.get("ratelimit-policy")).toBe('"default";q=1200;w=300');
  expect(good.headers.has("retry-after")).toBe(false);
  server.throttle(1, 17);
  const limited = await client.zones.get({ zone_id }).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(limited).toMatchObject({ status: 429, errors: [{ code: 10_429 }] });
  expect((limited as { headers: Headers }).headers.get("retry-after")).toBe("17");
  await expect(client.zones.get({ zone_id })).resolves.toMatchObject({ id: zone_id });
});

test("refuses everything once the budget of five minutes is spent", async () => {
  let now = Date.parse("2026-11-24T10:00:00Z");
  await using server = await startCloudflare({
    zones: [],
    token: "sandbox-token",
    requestsPerWindow: 2,
    now: () => new Date(now),
  });
  const ask = async (): Promise<readonly unknown[]> => {
    const { status, headers } = await fetch(`${server.apiUrl}/zones`, { headers: { authorization: "Bearer sandbox-token" } });
    return [status, headers.get("ratelimit"), headers.get("retry-after")];
  };
  await expect(ask()).resolves.toEqual([200, '"default";r=1;t=300', null]);
  now += 100_000;
  await expect(ask()).resolves.toEqual([200, '"default";r=0;t=200', null]);
  await expect(ask()).resolves.toEqual([429, '"default";r=0;t=200', "200"]);
  now += 200_000;
  await expect(ask()).resolves.toEqual([200, '"default";r=1;t=300', null]);
});

test("refuses writes that the token may not make", async () => {
  const { server, client, zone_id } = await start();
  await using _ = server;
  server.deny("example.org", "dns");
  const record = { zone_id, type: "A", name: "a", content: "192.0.2.1", ttl: 1 } as const;
  await expect(client.dns.records.create(record)).rejects.toMatchObject({ status: 403, errors: [{ code: 10_000 }] });
  await expect(Array.fromAsync(client.dns.records.list({ zone_id }))).resolves.toEqual([]);
  server.deny("example.org", "dns", false);
  await expect(client.dns.records.create(record)).resolves.toMatchObject({ type: "A" });
});

test("never touches what another product manages", async () => {
  const { server, client, zone_id } = await start();
  await using _ = server;
  const { id } = server.addForeignRecord("example.org", {
    type: "MX",
    name: "@",
    content: "route.mx.example.net",
    priority: 5,
    meta: { read_only: true },
  });
  await expect(client.dns.records.delete(id, { zone_id })).rejects.toMatchObject({ status: 400 });
  await expect(client.dns.records.edit(id, { zone_id, comment: "x" } as never)).rejects.toMatchObject({ status: 400 });
});

test("writes down what it does not know", async () => {
  const { server, client, zone_id } = await start();
  await using _ = server;
  await expect(client.dns.records.export({ zone_id })).rejects.toMatchObject({ status: 400 });
  await expect(client.zones.entitlements.list({ zone_id })).rejects.toMatchObject({ status: 400, errors: [{ code: 7000 }] });
  expect(server.unexpected).toEqual([`GET /client/v4/zones/${zone_id}/entitlements`]);
});

test("shows records and rules to people, escaped", async () => {
  const { server } = await start();
  await using _ = server;
  server.addForeignRecord("example.org", {
    type: "TXT",
    name: "note",
    content: "<script>alert(1)</script>",
    comment: "claimbot/1 <b>",
  });
  server.addForeignRule("example.org", PHASE, { ...BLOCK, description: "<img src=x>" });
  const answer = await fetch(server.url);
  const page = await answer.text();
  expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  expect(page).toContain("claimbot/1 &lt;b&gt;");
  expect(page).not.toContain("<script");
  expect(page).not.toContain("<img");
});
