/** claimbot render: the bundle that Flux would apply for an environment, of the files on disk. */
import { renderBundle } from "../core/render/bundle.ts";
import { adoptedRules } from "../flows/adoption.ts";
import { judge, planOne } from "../flows/planning.ts";
import { renderDiagnostics } from "../core/render/diagnostics.ts";
import type { Run } from "./run.ts";
import { WrongUse } from "./exit.ts";
import { diskFiles } from "./disk-files.ts";
import { openLocal } from "./local.ts";
import { environmentName, readWords } from "./words.ts";

export const render: Run = async (words, terminal) => {
  const { values, positionals } = readWords(words, { dir: { type: "string" } }, 1);
  const [word] = positionals;
  if (word === undefined) throw new WrongUse("render needs the name of an environment");
  const name = environmentName(word);
  const { root, world } = await openLocal(terminal, values.dir);
  const { signal } = new AbortController();
  const judged = judge(world, diskFiles(root), {
    rules: await adoptedRules(world, signal),
    live: await world.logs.live(world.store, signal),
  });
  const planned = await planOne(world, judged, name, undefined, signal);
  if (planned?.environment.wish !== undefined) {
    terminal.out(renderBundle(planned.environment).yaml);
    return 0;
  }
  const mistakes = judged.verdict.diagnostics.filter(({ path }) => path.endsWith(`/${name}.yaml`));
  if (mistakes.length === 0) throw new WrongUse(`there is no claim for ${JSON.stringify(name)}, or it is to go`);
  terminal.out(renderDiagnostics(mistakes, { checked: 1, tookMs: undefined, colour: terminal.colour }));
  return 1;
};
