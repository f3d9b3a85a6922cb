/** claimbot events: the webhooks that were taken, newest first, with what was decided and why. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { DatabaseAddress } from "../adapters/db.ts";
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

/** The embedded database has one owner: a service that runs on it is asked. PostgreSQL answers everybody. */
async function readDeliveries({ databaseUrl }: Config, directory: string, limit: number): Promise<readonly Delivery[]> {
  if (databaseUrl !== undefined) return readDatabase({ databaseUrl }, limit);
  if (!existsSync(join(directory, "database"))) {
    throw new Stalled(
      `there is no database below ${directory}`,
      "Name the service's data directory in CLAIMBOT_DATA_DIR, or its database in DATABASE_URL",
    );
  }
  return (await isOwned(directory)) ? askOwner(directory, limit) : readDatabase({ dataDirectory: directory }, limit);
}

async function readDatabase(address: DatabaseAddress, limit: number): Promise<readonly Delivery[]> {
  const [{ openDatabase }, rows] = await Promise.all([import("../adapters/db.ts"), import("../adapters/queue-rows.ts")]);
  await using database = await openDatabase(address);
  return rows.readDeliveries(database, limit);
}

async function askOwner(directory: string, limit: number): Promise<readonly Delivery[]> {
  const { askService } = await import("../adapters/control-socket.ts");
  const { events } = (await askService(directory, `/events?limit=${limit}`)) as { readonly events: readonly Delivery[] };
  return events;
}

/** Takes and lets go: whether a service runs. */
async function isOwned(directory: string): Promise<boolean> {
  const { ownDirectory } = await import("../adapters/owner-lock.ts");
  try {
    await using _ = await ownDirectory(directory);
    return false;
  } catch (error) {
    if (error instanceof Stalled) return true;
    throw error;
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
