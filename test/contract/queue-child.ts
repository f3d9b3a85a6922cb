/** A process of its own for the contract of the queue: it takes a job, says so and never ends it. */
import { openQueue } from "../../src/adapters/queue.ts";
import { SILENT } from "../../src/core/log.ts";
import { Secret } from "../../src/core/secret.ts";

const [kind, address] = process.argv.slice(2);
const queue = await openQueue({
  ...(kind === "embedded" ? { dataDirectory: address! } : { databaseUrl: new Secret(address!) }),
  log: SILENT,
});
await queue.work(async (job) => {
  process.stdout.write(`running ${JSON.stringify(job)}\n`);
  await new Promise(() => setInterval(() => undefined, 1_000));
});
if ((await queue.pending()).length === 0) await queue.enqueue({ kind: "release", environment: "shop-dev" });
