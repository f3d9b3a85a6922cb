/** The server: settings from the environment, one service, SIGTERM drains it. */
import { openLog } from "./adapters/log.ts";
import { mistakeLines, readConfig } from "./config.ts";
import { Stalled, Waiting } from "./core/errors.ts";
import { startService } from "./service.ts";

/** Runs until it is told to stop; gives the exit code. */
export async function main(env: Readonly<Record<string, string | undefined>>): Promise<number> {
  const read = readConfig("serve", env);
  if (!read.ok) {
    process.stderr.write(`claimbot cannot start, the settings have mistakes:\n${mistakeLines(read.mistakes)}\n`);
    return 2;
  }
  const log = openLog({ level: read.config.logLevel, secrets: read.config.secrets });
  const stop = Promise.withResolvers<string>();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.resolve(signal));
  try {
    const service = await startService(read.config, log);
    const signal = await stop.promise;
    log.info({ signal }, "draining");
    await service.drain();
    return 0;
  } catch (error) {
    if (!(error instanceof Stalled || error instanceof Waiting)) throw error;
    process.stderr.write(`claimbot cannot start: ${error.message}\n${error instanceof Stalled ? `${error.wayOut}\n` : ""}`);
    return 3;
  }
}

if (import.meta.main) process.exitCode = await main(process.env);
