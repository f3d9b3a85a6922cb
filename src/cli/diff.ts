/** claimbot diff: what differs between two moments of an environment: claim, versions, rules, and every object that Flux applied. */
import { momentDifferences, type Which } from "../core/moment.ts";
import { renderMomentDifferences } from "../core/render/moment-text.ts";
import { readMoment } from "../flows/moment.ts";
import { readLog } from "../targets/claim-store/claim-store.ts";
import type { Run } from "./run.ts";
import { WrongUse } from "./exit.ts";
import { openLocal } from "./local.ts";
import { readWhich } from "./which.ts";
import { environmentName, oneOf, readWords } from "./words.ts";

export const diff: Run = async (words, terminal) => {
  const { values, positionals } = readWords(words, { dir: { type: "string" }, format: { type: "string" } }, 3);
  const format = oneOf("format", values.format, ["text", "json"]);
  const [word, from, to = "newest"] = positionals;
  if (word === undefined || from === undefined)
    throw new WrongUse("diff needs the name of an environment and one or two moments: diff payments-prod 7 newest");
  const name = environmentName(word);
  const moments: readonly Which[] = [readWhich(from), readWhich(to)];
  const { world } = await openLocal(terminal, values.dir);
  const { signal } = new AbortController();
  const log = await readLog(world.store, name, signal);
  const [a, b] = await Promise.all(moments.map(async (which) => readMoment(world.store, log, which, signal)));
  if (a === undefined || b === undefined) {
    terminal.err(
      `claimbot: ${name} has no record for ${JSON.stringify(a === undefined ? from : to)}: its log has ${log.length}\n`,
    );
    return 1;
  }
  const differences = momentDifferences(a, b);
  if (format === "text") terminal.out(renderMomentDifferences(a, b, differences, terminal.colour));
  else {
    const value = { environment: name, from: a.record.sequence, to: b.record.sequence, differences };
    terminal.out(`${JSON.stringify(value, null, 2)}\n`);
  }
  return 0;
};
