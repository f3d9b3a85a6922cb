/** claimbot events: the webhooks that were taken, newest first, with what was decided and why. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { mistakeLines, readConfig, type Config } from "../config.ts";
import { Stalled } from "../core/errors.ts";
import { jobKey, type Delivery } from "../core/ports.ts";
import { oneLine } from "../core/render/encode.ts";
import type { Run } from "./run.ts";
import { WrongUse } from "./exit.ts";
import { oneOf, readWords } from "./words.ts";

export const events: Run = async (words, terminal) => {
  const options = { limit: { type: "string" }, dir: { type: "string" }, format: { type: "string" } } as const;
  const { values } = readWords(words, options, 0);
  const format = oneOf("format", values.format, ["text", "json"]);
  const limit = limitOf(values.limit);
  const read = readConfig("command-line", terminal.env);
  if (!read.ok) throw new WrongUse(`the settings have mistakes:\n${mistakeLines(read.mistakes)}`);
  const directory = resolve(terminal.path(values.dir ?? "."), read.config.dataDirectory);
  const deliveries = await readDeliveries(read.config, directory, limit);
  if (format === "json") terminal.out(`${JSON.stringify({ events: deliveries }, null, 2)}\n`);
  else terminal.out(deliveries.length === 0 ? "No event asked for anything yet.\n" : deliveries.map(lineOf).join(""));
  return 0;
};

/** The embedded database has one owner; PostgreSQL answers everybody. */
async function readDeliveries({ databaseUrl }: Config, directory: string, limit: number): Promise<readonly Delivery[]> {
  const [{ openDatabase }, rows, { ownDirectory }] = await Promise.all([
    import("../adapters/db.ts"),
    import("../adapters/queue-rows.ts"),
    import("../adapters/owner-lock.ts"),
  ]);
  if (databaseUrl !== undefined) {
    await using database = await openDatabase({ databaseUrl });
    return rows.readDeliveries(database, limit);
  }
  if (!existsSync(join(directory, "database"))) {
    throw new Stalled(
      `there is no database below ${directory}`,
      "Name the service's data directory in CLAIMBOT_DATA_DIR, or its database in DATABASE_URL",
    );
  }
  await asOwner(directory, ownDirectory);
  await using database = await openDatabase({ dataDirectory: directory });
  return rows.readDeliveries(database, limit);
}

/** Taken and let go: only to say it in words that fit. */
async function asOwner(directory: string, own: (directory: string) => Promise<AsyncDisposable>): Promise<void> {
  try {
    await using _ = await own(directory);
  } catch (error) {
    if (!(error instanceof Stalled)) throw error;
    throw new Stalled(
      error.message,
      "Only the service itself can read its embedded database: look at its log, which has one line for each webhook, or stop it first. With PostgreSQL in DATABASE_URL both can read",
      { cause: error },
    );
  }
}

function limitOf(text = "20"): number {
  const limit = Number(text);
  if (/^\d{1,5}$/.test(text) && limit > 0) return limit;
  throw new WrongUse(`--limit is ${JSON.stringify(text)}; it may be 1 to 99999`);
}

function lineOf({ receivedAt, source, event, decision, jobs }: Delivery): string {
  const what = jobs.length === 0 ? "nothing to do" : jobs.map(jobKey).join(", ");
  const name = oneLine(`${source}: ${event}`, 40).padEnd(27);
  return `${receivedAt.slice(0, 19).replace("T", " ")} UTC  ${name}  ${oneLine(decision)}  → ${what}\n`;
}
