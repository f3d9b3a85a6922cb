/** claimbot rebuild: makes anew what the database knew, from GitLab and the claim store; for a database that was lost. */
import { resolve } from "node:path";
import { openForge } from "../adapters/gitlab/forge.ts";
import { openLog } from "../adapters/log.ts";
import { openQueue } from "../adapters/queue.ts";
import { makeDataDirectory, openStore } from "../app.ts";
import { ownerOf } from "../core/store-owner.ts";
import { LogCache } from "../flows/log-cache.ts";
import { rebuild as found } from "../flows/rebuild.ts";
import { refuseForeignStore } from "../flows/store-owner.ts";
import { openGitlab } from "./gitlab.ts";
import type { Run } from "./run.ts";
import { oneOf, readWords } from "./words.ts";

export const rebuild: Run = async (words, terminal) => {
  const { values } = readWords(words, { dir: { type: "string" }, format: { type: "string" } }, 0);
  const format = oneOf("format", values.format, ["text", "json"]);
  const { config } = openGitlab(terminal);
  const { gitlab } = config;
  if (gitlab === undefined) throw new Error("openGitlab says so first");
  const dataDirectory = resolve(terminal.path(values.dir ?? "."), config.dataDirectory);
  await makeDataDirectory(dataDirectory);
  const log = openLog({ level: "error", secrets: config.secrets });
  const address = config.databaseUrl === undefined ? { dataDirectory } : { databaseUrl: config.databaseUrl };
  await using queue = await openQueue({ ...address, log });
  const store = await openStore(config, dataDirectory);
  const { signal } = new AbortController();
  const forge = openForge(gitlab);
  const { formerProject } = gitlab;
  await refuseForeignStore({ store, formerProject }, ownerOf(await forge.project(signal)), signal);
  const rebuilt = await found({ store, forge, memory: queue, jobs: queue, logs: new LogCache() }, signal);
  const { reviews, pushers, notes, environments } = rebuilt;
  if (format === "json") terminal.out(`${JSON.stringify(rebuilt, null, 2)}\n`);
  else {
    terminal.out(
      `${environments} environments live; known again: what was shown on ${reviews} merge requests, who pushed ${pushers} heads, ${notes} notes.\nStart the service: its first sweep finds what was missed meanwhile.\n`,
    );
  }
  return 0;
};
