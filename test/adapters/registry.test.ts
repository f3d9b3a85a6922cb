import { inspect } from "node:util";
import { Hono } from "hono";
import { expect, test } from "vitest";
import { openRegistry } from "../../src/adapters/registry.ts";
import { Stalled, Waiting } from "../../src/core/errors.ts";
import { Secret } from "../../src/core/secret.ts";
import { startRegistry } from "../../src/sandbox/registry.ts";
import { startServer } from "../../src/sandbox/server.ts";

const TAGS = Array.from({ length: 25 }, (_, index) => `1.${index}.0`);
const REPOSITORIES = { "services/payments-api": TAGS, "services/ledger": ["1.0.0"] };
const ACCOUNT = { username: "claimbot", password: "canary-7f3a" };
const OURS = { username: "claimbot", password: new Secret("canary-7f3a") };

async function failureOf(act: Promise<unknown>): Promise<Error & { readonly wayOut?: string; readonly retryAfterMs?: number }> {
  return act.then(
    () => {
      throw new Error("it was expected to fail");
    },
    (error: unknown) => error as Error,
  );
}

/** Everything of an error that could reach a log. */
function printed(error: Error): string {
  return inspect(error, { depth: 9, showHidden: true });
}

test("reads all tags, page by page", async () => {
  await using server = await startRegistry({ repositories: REPOSITORIES, pageSize: 10 });
  const registry = openRegistry({ url: server.url, repository: "services" });
  expect((await registry.tags("payments-api"))?.toSorted()).toEqual(TAGS.toSorted());
  expect(server.faults.requests.map(({ path }) => path)).toEqual([
    "/v2/services/payments-api/tags/list?n=1000",
    "/v2/services/payments-api/tags/list?last=1.17.0&n=10",
    "/v2/services/payments-api/tags/list?last=1.4.0&n=10",
  ]);
  expect(server.unexpected).toEqual([]);
});

test("knows a repository that is not there from one without tags", async () => {
  await using server = await startRegistry({ repositories: REPOSITORIES });
  const registry = openRegistry({ url: server.url, repository: "services" });
  await expect(registry.tags("unknown")).resolves.toBeUndefined();
  await using empty = await startServer(new Hono().get("/v2/*", (context) => context.json({ name: "services/new", tags: null })));
  await expect(openRegistry({ url: empty.url, repository: "services" }).tags("new")).resolves.toEqual([]);
});

test("tells the digest behind a tag with one HEAD", async () => {
  await using server = await startRegistry({ repositories: REPOSITORIES });
  const registry = openRegistry({ url: server.url, repository: "services" });
  await expect(registry.digest("ledger", "1.0.0")).resolves.toBe(server.digest("services/ledger", "1.0.0"));
  expect(server.faults.requests).toEqual([{ method: "HEAD", path: "/v2/services/ledger/manifests/1.0.0" }]);
  await expect(registry.digest("ledger", "9.9.9")).rejects.toThrow(Stalled);
});

test.each(["basic", "bearer"] as const)("answers a %s challenge once and keeps what let it in", async (scheme) => {
  await using server = await startRegistry({ repositories: REPOSITORIES, credentials: { scheme, ...ACCOUNT } });
  const registry = openRegistry({ url: server.url, repository: "services", ...OURS });
  await expect(registry.tags("ledger")).resolves.toEqual(["1.0.0"]);
  const calls = server.faults.requests.length;
  expect(calls).toBe(scheme === "basic" ? 2 : 3);
  await expect(registry.digest("ledger", "1.0.0")).resolves.toMatch(/^sha256:/);
  expect(server.faults.requests).toHaveLength(calls + 1);
  expect(server.faults.requests.map(({ path }) => path).join(" ")).not.toContain("canary");
});

test("fetches a new token when the old one has run out", async () => {
  await using server = await startRegistry({ repositories: REPOSITORIES, credentials: { scheme: "bearer", ...ACCOUNT } });
  const registry = openRegistry({ url: server.url, repository: "services", ...OURS });
  await registry.tags("ledger");
  server.revokeTokens();
  await expect(registry.tags("ledger")).resolves.toEqual(["1.0.0"]);
});

test.each(["basic", "bearer"] as const)(
  "stalls on wrong credentials (%s), says what to do, and names no secret",
  async (scheme) => {
    await using server = await startRegistry({
      repositories: REPOSITORIES,
      credentials: { scheme, username: "claimbot", password: "other" },
    });
    const error = await failureOf(openRegistry({ url: server.url, repository: "services", ...OURS }).tags("ledger"));
    expect(error).toBeInstanceOf(Stalled);
    expect(error.wayOut).toContain("CLAIMBOT_REGISTRY_PASSWORD");
    expect(printed(error)).not.toMatch(
      new RegExp(`canary|${Buffer.from("claimbot:canary-7f3a").toString("base64").slice(0, 12)}`),
    );
    const nobody = await failureOf(openRegistry({ url: server.url, repository: "services" }).tags("ledger"));
    expect(nobody).toBeInstanceOf(Stalled);
  },
);

test("never sends credentials to a token service elsewhere", async () => {
  await using elsewhere = await startServer(new Hono().get("/token", (context) => context.json({ token: "t" })));
  await using server = await startRegistry({
    repositories: REPOSITORIES,
    credentials: { scheme: "bearer", ...ACCOUNT, realm: `${elsewhere.url}/token` },
  });
  const error = await failureOf(openRegistry({ url: server.url, repository: "services", ...OURS }).tags("ledger"));
  expect(error).toBeInstanceOf(Stalled);
  expect(error.message).toContain(elsewhere.url);
  expect(elsewhere.faults.requests).toEqual([]);
});

test("follows no redirect to another origin", async () => {
  await using elsewhere = await startServer(new Hono().get("/*", (context) => context.json({ tags: ["6.6.6"] })));
  await using server = await startServer(new Hono().get("/v2/*", (context) => context.redirect(`${elsewhere.url}/tags`, 307)));
  const error = await failureOf(openRegistry({ url: server.url, repository: "services" }).tags("ledger"));
  expect(error).toBeInstanceOf(Stalled);
  expect(elsewhere.faults.requests).toEqual([]);
});

test("takes only the query of a Link, and does not go round in circles", async () => {
  const app = new Hono().get("/v2/*", (context) => {
    context.header("Link", '<https://elsewhere.example/v2/other/tags/list?last=a>; rel="next"');
    return context.json({ tags: ["a"] });
  });
  await using server = await startServer(app);
  const error = await failureOf(openRegistry({ url: server.url, repository: "services" }).tags("ledger"));
  expect(error).toBeInstanceOf(Stalled);
  expect(error.message).toContain("never comes to the end");
  expect(server.faults.requests.map(({ path }) => path)).toEqual([
    "/v2/services/ledger/tags/list?n=1000",
    "/v2/services/ledger/tags/list?last=a",
  ]);
});

test.each([429, 503])("waits as long as a %i asks for", async (status) => {
  await using server = await startRegistry({ repositories: REPOSITORIES });
  server.faults.add({ path: /tags\/list/, fault: { kind: "status", status, retryAfterSeconds: 42 } });
  const registry = openRegistry({ url: server.url, repository: "services" });
  const error = await failureOf(registry.tags("ledger"));
  expect(error).toBeInstanceOf(Waiting);
  expect(error.retryAfterMs).toBe(42_000);
  await expect(registry.tags("ledger")).resolves.toEqual(["1.0.0"]);
});

test("waits when nobody answers in time", async () => {
  await using server = await startRegistry({ repositories: REPOSITORIES });
  server.faults.add({ path: /tags\/list/, fault: { kind: "slow", ms: 400 }, times: 3 });
  const error = await failureOf(openRegistry({ url: server.url, repository: "services", deadlineMs: 30 }).tags("ledger"));
  expect(error).toBeInstanceOf(Waiting);
});

test.each([
  ["a 403", (): Response => new Response("{}", { status: 403 })],
  ["a page of HTML", (): Response => new Response("<html>", { headers: { "content-type": "text/html" } })],
  [
    "a body of 5 MiB",
    (): Response =>
      new Response(`{"tags":["${"a".repeat(5 * 1024 * 1024)}"]}`, { headers: { "content-type": "application/json" } }),
  ],
  ["tags that are no texts", (): Response => Response.json({ tags: [1] })],
])("stalls on %s", async (_, answer) => {
  await using server = await startServer(new Hono().get("/v2/*", answer));
  const error = await failureOf(openRegistry({ url: server.url, repository: "services" }).tags("ledger"));
  expect(error).toBeInstanceOf(Stalled);
  expect(error.wayOut).not.toBe("");
});

test("reads the manifest where a HEAD tells no digest, and checks it", async () => {
  const digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"; // of `{}`
  const serving = (told: string | undefined): Hono =>
    new Hono().get("/v2/*", (context) => {
      if (context.req.method === "HEAD") return context.body(null);
      return context.body("{}", 200, told === undefined ? {} : { "Docker-Content-Digest": told });
    });
  for (const told of [undefined, digest]) {
    await using server = await startServer(serving(told));
    await expect(openRegistry({ url: server.url, repository: "services" }).digest("ledger", "1.0.0")).resolves.toBe(digest);
  }
  await using liar = await startServer(serving(`sha256:${"0".repeat(64)}`));
  const error = await failureOf(openRegistry({ url: liar.url, repository: "services" }).digest("ledger", "1.0.0"));
  expect(error).toBeInstanceOf(Stalled);
});

test.each(["http://registry.example.org", "ftp://127.0.0.1", "https://user:canary@registry.example.org", "registry.example.org"])(
  "refuses the address %s",
  (url) => {
    expect(() => openRegistry({ url, repository: "services" })).toThrow(Stalled);
  },
);

test("makes no path of what is no name", async () => {
  await using server = await startRegistry({ repositories: REPOSITORIES });
  const registry = openRegistry({ url: server.url, repository: "services" });
  for (const service of ["../ledger", "a b", "a?n=1", "%2e%2e"]) await expect(registry.tags(service)).rejects.toThrow("bug");
  await expect(registry.digest("ledger", "../x")).rejects.toThrow("bug");
  expect(server.faults.requests).toEqual([]);
});
