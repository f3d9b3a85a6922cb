/** webhook: our service with its queue, from a delivery to the 202 that means "durably stored", beside a bare Hono with one insert. */
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import { openDatabase, type DatabaseAddress } from "../../src/adapters/db.ts";
import { openQueue } from "../../src/adapters/queue.ts";
import { decide } from "../../src/core/intake.ts";
import { SILENT } from "../../src/core/log.ts";
import { Secret } from "../../src/core/secret.ts";
import { httpApp } from "../../src/http/app.ts";
import { newMetrics } from "../../src/http/metrics.ts";
import { startHttp } from "../../src/http/start.ts";
import { percentile, scaled, type Bench, type Row } from "./bench.ts";
import { runLoad, type Load } from "./load.ts";
import { startPostgres } from "./postgres.ts";

const SECRET = "9f2c61d07b4e8a35c1d9e06f7a2b4c8d";
const HEADERS = { "content-type": "application/json", "x-gitlab-event": "Push Hook", "x-gitlab-token": SECRET };
const ANYWHERE = { host: "127.0.0.1", port: 0 };

export const webhook: Bench = async (scale) => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "claimbot-bench-"));
  const rows = [...(await onDatabase("PGlite", (use) => ({ dataDirectory: join(folder.path, use) }), scale))];
  await using postgres = await startPostgres();
  if (postgres !== undefined)
    rows.push(...(await onDatabase("PostgreSQL", () => ({ databaseUrl: new Secret(postgres.url) }), scale)));
  return rows;
};

interface Measured {
  readonly perSecond: number;
  readonly p99Ms: number;
}

async function onDatabase(name: string, address: (use: string) => DatabaseAddress, scale: number): Promise<readonly Row[]> {
  const beside = await bare(address("bare"), scale);
  const ours = await claimbot(address("claimbot"), scale);
  const isReal = name === "PostgreSQL";
  return [
    {
      what: `${name}: deliveries stored each second`,
      ours: ours.perSecond,
      beside: beside.perSecond,
      unit: "1/s",
      peer: "bare Hono + one insert",
      ...(isReal && { budget: { text: "≥ 0.8 ×", holds: ours.perSecond >= 0.8 * beside.perSecond } }),
    },
    {
      what: `${name}: the slowest hundredth at 500/s`,
      ours: ours.p99Ms,
      beside: beside.p99Ms,
      unit: "ms",
      peer: "bare Hono + one insert",
      ...(isReal && { budget: { text: "< 50 ms", holds: ours.p99Ms < 50 } }),
    },
  ];
}

async function claimbot(address: DatabaseAddress, scale: number): Promise<Measured> {
  await using queue = await openQueue({ ...address, log: SILENT });
  const facts = { projectId: 1, botId: 2, defaultBranch: "main" };
  const app = httpApp({
    jobs: queue,
    decide: (event, body) => decide(event, body, facts),
    webhook: { secrets: [new Secret(SECRET)], signingTokens: [] },
    fluxEventsTokens: [],
    ready: async () => undefined,
    draining: () => false,
    metrics: newMetrics(async () => ({ waiting: 0, running: 0 })),
    log: SILENT,
    now: () => new Date(),
  });
  return await measure(app, "/webhooks/gitlab", scale);
}

/** Checks nothing, decides nothing, writes one row: the least that "stored" can mean. */
async function bare(address: DatabaseAddress, scale: number): Promise<Measured> {
  await using database = await openDatabase(address);
  await database.query("CREATE TABLE bare_delivery (id bigserial PRIMARY KEY, body jsonb NOT NULL)");
  const app = new Hono();
  app.post("/", async (context) => {
    await database.query("INSERT INTO bare_delivery (body) VALUES ($1)", [JSON.stringify(await context.req.json())]);
    return context.body(null, 202);
  });
  return await measure(app, "/", scale);
}

async function measure(app: Hono, path: string, scale: number): Promise<Measured> {
  const http = await startHttp(app, ANYWHERE);
  const load = async (requests: number, mode: Load["mode"]) =>
    runLoad({ url: http.url + path, headers: HEADERS, requests: scaled(requests, scale), mode });
  await load(500, { kind: "closed", concurrency: 16 }); // warms up
  const { perSecond } = await load(4_000, { kind: "closed", concurrency: 32 });
  const { latenciesMs } = await load(2_500, { kind: "open", perSecond: 500 });
  await http.drain();
  return { perSecond, p99Ms: percentile(latenciesMs, 0.99) };
}
