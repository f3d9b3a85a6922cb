/** claimbot history: the records of an environment, newest first. */
import { shortDigest } from "../core/json.ts";
import type { LogRecord } from "../core/record.ts";
import { oneLine } from "../core/render/encode.ts";
import { readLog } from "../targets/claim-store/claim-store.ts";
import type { Run } from "./run.ts";
import { WrongUse } from "./exit.ts";
import { openLocal } from "./local.ts";
import { environmentName, oneOf, readWords } from "./words.ts";

export const history: Run = async (words, terminal) => {
  const { values, positionals } = readWords(words, { dir: { type: "string" }, format: { type: "string" } }, 1);
  const format = oneOf("format", values.format, ["text", "json"]);
  const [word] = positionals;
  if (word === undefined) throw new WrongUse("history needs the name of an environment");
  const name = environmentName(word);
  const { world } = await openLocal(terminal, values.dir);
  const log = await readLog(world.store, name, new AbortController().signal);
  if (format === "json") terminal.out(`${JSON.stringify({ environment: name, records: log.toReversed() }, null, 2)}\n`);
  else terminal.out(log.length === 0 ? `${oneLine(name)} was never published.\n` : log.toReversed().map(lineOf).join(""));
  return log.length === 0 ? 1 : 0;
};

function lineOf(record: LogRecord): string {
  const { sequence, at, kind, source, planDigest } = record;
  const what =
    kind === "Publication" ? `release ${shortDigest(record.releaseDigest)}` : kind === "Tombstone" ? "is to go" : "is gone";
  const who = source.mergeRequest === undefined ? "" : `  !${source.mergeRequest} by ${oneLine(source.author ?? "", 40)}`;
  const glass = record.breakGlass === undefined ? "" : `  BREAK GLASS: ${oneLine(record.breakGlass)}`;
  return `${String(sequence).padStart(8, "0")}  ${at.slice(0, 19).replace("T", " ")} UTC  ${kind.padEnd(11)}  ${what.padEnd(20)}  plan ${shortDigest(planDigest)}  commit ${source.commit.slice(0, 12)}${who}${glass}\n`;
}
