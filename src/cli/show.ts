/** claimbot show: an environment as it was: claim, versions, record and rules of a number of its log, or of a time. */
import { recordFor, type Which } from "../core/moment.ts";
import { renderMoment } from "../core/render/moment-text.ts";
import { readMoment } from "../flows/moment.ts";
import { readLog } from "../targets/claim-store/claim-store.ts";
import type { Run } from "./run.ts";
import { WrongUse } from "./exit.ts";
import { openLocal } from "./local.ts";
import { readTime, readWhich } from "./which.ts";
import { environmentName, oneOf, readWords } from "./words.ts";

export const show: Run = async (words, terminal) => {
  const options = {
    dir: { type: "string" },
    at: { type: "string" },
    seq: { type: "string" },
    format: { type: "string" },
  } as const;
  const { values, positionals } = readWords(words, options, 1);
  const format = oneOf("format", values.format, ["text", "json"]);
  const [word] = positionals;
  if (word === undefined) throw new WrongUse("show needs the name of an environment");
  const which = whichOf(values);
  const name = environmentName(word);
  const { world } = await openLocal(terminal, values.dir);
  const { signal } = new AbortController();
  const log = await readLog(world.store, name, signal);
  const moment = await readMoment(world.store, log, which, signal);
  if (moment === undefined) {
    terminal.err(
      `claimbot: ${name} has no such record: ${log.length === 0 ? "it was never published" : spanOf(log.length, log[0]?.at)}\n`,
    );
    return 1;
  }
  if (format === "json") terminal.out(`${JSON.stringify({ environment: name, ...moment }, null, 2)}\n`);
  else terminal.out(renderMoment(moment, recordFor(log, "newest")?.sequence ?? 0));
  return 0;
};

function whichOf({ at, seq }: { readonly at?: string; readonly seq?: string }): Which {
  if (at !== undefined && seq !== undefined) throw new WrongUse("say --at or --seq, not both");
  if (at !== undefined) return { at: readTime(at) };
  return seq === undefined ? "newest" : readWhich(seq);
}

function spanOf(records: number, first: string | undefined): string {
  return `it has ${records === 1 ? "record 1" : `records 1 to ${records}`}, the first of ${first?.slice(0, 19)}Z`;
}
