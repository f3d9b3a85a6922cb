/** npm run bench [name…]: every benchmark, or the named ones, one after the other. CLAIMBOT_BENCH_SCALE makes them smaller. */
import { availableParallelism } from "node:os";
import { table, type Bench } from "./bench.ts";

export const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  validate: async () => (await import("./validate.ts")).validate,
  start: async () => (await import("./start.ts")).start,
  review: async () => (await import("./review.ts")).review,
  dns: async () => (await import("./dns.ts")).dns,
  webhook: async () => (await import("./webhook.ts")).webhook,
  store: async () => (await import("./store.ts")).store,
  memory: async () => (await import("./memory.ts")).memory,
};

/** Gives the exit code: 2 for a name that there is none of, else 0. Whoever compares, compares ratios: times are this machine's. */
async function main(names: readonly string[], scale: number): Promise<number> {
  const unknown = names.find((name) => !(name in BENCHES));
  if (unknown !== undefined) {
    process.stderr.write(`There is no benchmark ${JSON.stringify(unknown)}; there are ${Object.keys(BENCHES).join(", ")}.\n`);
    return 2;
  }
  process.stdout.write(`Node ${process.version}, ${availableParallelism()} cores${scale === 1 ? "" : `, scale ${scale}`}\n`);
  for (const [name, load] of Object.entries(BENCHES)) {
    if (names.length > 0 && !names.includes(name)) continue;
    process.stdout.write(`\n${name}\n${table(await (await load())(scale))}\n`);
  }
  return 0;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2), Number(process.env["CLAIMBOT_BENCH_SCALE"] ?? 1));
