/** webhook: our service with its queue, from a delivery to the 202 that means "durably stored", beside a bare Hono with one insert. */
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import { openDatabase, type Database, type DatabaseAddress } from "../../src/adapters/db.ts";
import { openQueue, type Queue } from "../../src/adapters/queue.ts";
import { decide } from "../../src/core/intake.ts";
import { SILENT } from "../../src/core/log.ts";
import { Secret } from "../../src/core/secret.ts";
import { httpApp } from "../../src/http/app.ts";
import { newMetrics } from "../../src/http/metrics.ts";
import { startHttp } from "../../src/http/start.ts";
import { median, percentile, scaled, type Bench, type Row } from "./bench.ts";
import { runLoad, type Load } from "./load.ts";
import { startPostgres } from "./postgres.ts";

const SECRET = "9f2c61d07b4e8a35c1d9e06f7a2b4c8d";
const HEADERS = { "content-type": "application/json", "x-gitlab-event": "Push Hook", "x-gitlab-token": SECRET };
const ROUNDS = 5;

export const webhook: Bench = async (scale) => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "claimbot-bench-"));
  const rows = [...(await onDatabase("PGlite", (use) => ({ dataDirectory: join(folder.path, use) }), scale))];
  await using postgres = await startPostgres();
  if (postgres !== undefined)
    rows.push(...(await onDatabase("PostgreSQL", () => ({ databaseUrl: new Secret(postgres.url) }), scale)));
  return rows;
};

async function onDatabase(name: string, address: (use: string) => DatabaseAddress, scale: number): Promise<readonly Row[]> {
  await using queue = await openQueue({ ...address("claimbot"), log: SILENT });
  await using database = await openDatabase(address("bare"));
  await using ours = await served(claimbot(queue), "/webhooks/gitlab");
  await using beside = await served(await bare(database), "/");
  const rate = { ours: 0, beside: 0 };
  const wait = { ours: 0, beside: 0 };
  for (const { as, perSecond, latenciesMs } of await inTurn({ ours: ours.url, beside: beside.url }, scale)) {
    rate[as] = median(perSecond);
    wait[as] = percentile(latenciesMs, 0.99);
  }
  const budgets = name === "PostgreSQL" && {
    rate: { budget: { text: "≥ 0.8 ×", holds: rate.ours >= 0.8 * rate.beside } },
    wait: { budget: { text: "< 50 ms", holds: wait.ours < 50 } },
  };
  const peer = "bare Hono + one insert";
  return [
    { what: `${name}: deliveries stored each second`, ...rate, unit: "1/s", peer, ...(budgets && budgets.rate) },
    { what: `${name}: the slowest hundredth at 500/s`, ...wait, unit: "ms", peer, ...(budgets && budgets.wait) },
  ];
}

function claimbot(queue: Queue): Hono {
  const facts = { projectId: 1, botId: 2, defaultBranch: "main" };
  return httpApp({
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
}

/** Checks nothing, decides nothing, writes one row: the least that "stored" can mean. */
async function bare(database: Database): Promise<Hono> {
  await database.query("CREATE TABLE bare_delivery (id bigserial PRIMARY KEY, body jsonb NOT NULL)");
  const app = new Hono();
  app.post("/", async (context) => {
    await database.query("INSERT INTO bare_delivery (body) VALUES ($1)", [JSON.stringify(await context.req.json())]);
    return context.body(null, 202);
  });
  return app;
}

interface Served extends AsyncDisposable {
  readonly url: string;
}

async function served(app: Hono, path: string): Promise<Served> {
  const http = await startHttp(app, { host: "127.0.0.1", port: 0 });
  return { url: http.url + path, [Symbol.asyncDispose]: async () => http.drain() };
}

interface Runs {
  readonly as: "ours" | "beside";
  /** One for each round. */
  readonly perSecond: number[];
  /** Of all rounds. */
  readonly latenciesMs: number[];
}

/** One after the other, and again: what else the machine does then troubles both. */
async function inTurn(urls: Readonly<Record<Runs["as"], string>>, scale: number): Promise<readonly Runs[]> {
  const runs: readonly Runs[] = [
    { as: "ours", perSecond: [], latenciesMs: [] },
    { as: "beside", perSecond: [], latenciesMs: [] },
  ];
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const { as, perSecond, latenciesMs } of runs) {
      const load = async (requests: number, mode: Load["mode"]) =>
        runLoad({ name: `round ${round}`, url: urls[as], headers: HEADERS, requests: scaled(requests, scale), mode });
      const fast = await load(1_000, { kind: "closed", concurrency: 32 });
      const steady = await load(500, { kind: "open", perSecond: 500 });
      if (round === 0) continue; // warms up
      perSecond.push(fast.perSecond);
      latenciesMs.push(...steady.latenciesMs);
    }
  }
  return runs;
}
