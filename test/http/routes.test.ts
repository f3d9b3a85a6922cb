import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startHttp } from "../../src/http/start.ts";
import { httpBench, SECRET, visible } from "./bench.ts";

test("whoever has no credentials gets health, readiness, metrics, and nothing else", async () => {
  await using http = await httpBench();
  const statuses: Record<string, number> = {};
  const paths = [
    "/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/webhooks/gitlab",
    "/webhooks/flux",
    "/webhooks",
    "/api",
    "/api/locks",
    "/locks",
    "/status",
    "/version",
  ];
  for (const path of [
    ...paths,
    "/debug/pprof",
    "/.env",
    "/healthz/",
    "//healthz",
    "/HEALTHZ",
    "/metrics%2f",
    "/webhooks/gitlab/x",
  ]) {
    for (const method of ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
      const { status } = await fetch(http.url + path, { method });
      if (status !== 404) statuses[`${method} ${path}`] = status;
    }
  }
  expect(statuses).toEqual({
    "GET /healthz": 200,
    "GET /readyz": 200,
    "GET /metrics": 200,
    "POST /webhooks/gitlab": 401,
    "POST /webhooks/flux": 401,
  });
});

test("an unknown route is a problem, with the headers of every answer", async () => {
  await using http = await httpBench();
  const response = await fetch(`${http.url}/nowhere?token=${SECRET}`);
  expect(response.status).toBe(404);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  expect(response.headers.get("content-security-policy")).toBe("default-src 'none'; frame-ancestors 'none'");
  expect(response.headers.get("cache-control")).toBe("no-store");
  expect(await response.json()).toEqual({ type: "about:blank", title: "Not Found", status: 404 });
});

test("no answer to a stranger names a version", async () => {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8")) as { version: string };
  await using http = await httpBench();
  for (const path of ["/", "/healthz", "/readyz", "/metrics", "/webhooks/gitlab", "/webhooks/flux"]) {
    for (const method of ["GET", "POST"]) {
      const text = JSON.stringify(await visible(await fetch(http.url + path, { method })));
      expect(text).not.toContain(process.version);
      expect(text).not.toMatch(new RegExp(`"${version}"|claimbot/|"server"|powered|nodejs_version|pg-boss|hono`, "i"));
    }
  }
});

test("is not ready while it drains, and while something is missing, but is healthy", async () => {
  await using draining = await httpBench({ draining: () => true });
  await using away = await httpBench({
    ready: async () => {
      throw new Error("no database at db.internal");
    },
  });
  for (const http of [draining, away]) {
    const response = await fetch(`${http.url}/readyz`);
    expect([response.status, await response.json()]).toEqual([
      503,
      { type: "about:blank", title: "Service Unavailable", status: 503 },
    ]);
    expect((await fetch(`${http.url}/healthz`)).status).toBe(200);
  }
});

test("metrics count answers and show the queue, without labels that could name anybody", async () => {
  await using http = await httpBench();
  await http.send("/webhooks/gitlab", "{}", { "x-gitlab-token": SECRET });
  await http.send("/webhooks/gitlab", "{}", { "x-gitlab-token": "wrong" });
  const text = await (await fetch(`${http.url}/metrics`)).text();
  expect(text).toContain('claimbot_webhooks_total{source="gitlab",answer="202"} 1');
  expect(text).toContain('claimbot_webhooks_total{source="gitlab",answer="401"} 1');
  expect(text).toContain('claimbot_queue_jobs{state="waiting"} 3');
  const ours = text.split("\n").filter((line) => line.startsWith("claimbot_"));
  for (const line of ours)
    expect(line.replace(/^[^{ ]*/, "")).toMatch(/^(\{((source|answer|state|kind|outcome|le)="[^"]*",?)*\})? \S+$/);
});

test("a request that runs is answered while the service drains, and no new one is taken", async () => {
  let go!: () => void;
  let begun!: () => void;
  const running = new Promise<void>((resolve) => (begun = resolve));
  const server = await startHttp(
    {
      fetch: async () => {
        begun();
        await new Promise<void>((resolve) => (go = resolve));
        return new Response("done");
      },
    },
    { host: "127.0.0.1", port: 0 },
  );
  const answer = fetch(server.url);
  await running;
  const drained = server.drain({ graceMs: 10_000 });
  await expect(fetch(server.url)).rejects.toThrow("fetch failed");
  go();
  expect(await (await answer).text()).toBe("done");
  await drained;
});

test("a request that outlives the grace is cut", async () => {
  let begun!: () => void;
  const running = new Promise<void>((resolve) => (begun = resolve));
  const server = await startHttp(
    {
      fetch: async () => {
        begun();
        return new Promise<Response>(() => undefined);
      },
    },
    { host: "127.0.0.1", port: 0 },
  );
  const answer = fetch(server.url).catch((error: unknown) => error);
  await running;
  await server.drain({ graceMs: 20 });
  expect(await answer).toBeInstanceOf(TypeError);
});

test("a port that is taken is said so", async () => {
  await using http = await httpBench();
  await expect(
    startHttp({ fetch: () => new Response() }, { host: "127.0.0.1", port: Number(new URL(http.url).port) }),
  ).rejects.toThrow("EADDRINUSE");
});
