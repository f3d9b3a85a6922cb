/** claimbot plan: what would be done for the files on disk, or for the merge of one ref into another. Changes nothing. */
import type { Rules } from "../core/adopted.ts";
import type { Diagnostic } from "../core/diagnostic.ts";
import type { Plan } from "../core/plan.ts";
import { renderDiagnostics } from "../core/render/diagnostics.ts";
import { renderPlanText } from "../core/render/plan-text.ts";
import { adoptedRules, rulesOf, rulesPlans } from "../flows/adoption.ts";
import { filesAt, touchedPaths, type ClaimFiles } from "../flows/files.ts";
import { inGroups } from "../flows/in-groups.ts";
import { affected, judge, planOne, UnreadablePlatform, type Judged } from "../flows/planning.ts";
import type { World } from "../flows/world.ts";
import type { Run } from "./run.ts";
import { WrongUse } from "./exit.ts";
import { diskFiles } from "./disk-files.ts";
import { openLocal, openLocalGit } from "./local.ts";
import type { Terminal } from "./terminal.ts";
import { oneOf, readWords } from "./words.ts";

/** Gates that only GitLab can answer for. */
export const UNCHECKED = ["approvals, hold, freeze (no CLAIMBOT_GITLAB_URL)"];

export interface LocalPlans {
  readonly plans: readonly Plan[];
  readonly diagnostics: readonly Diagnostic[];
  readonly judged: Judged | undefined;
}

export const plan: Run = async (words, terminal) => {
  const options = { base: { type: "string" }, head: { type: "string" }, format: { type: "string" } } as const;
  const { values, positionals } = readWords(words, options, 1);
  const format = oneOf("format", values.format, ["text", "json"]);
  if (values.head !== undefined && values.base === undefined)
    throw new WrongUse("--head needs --base: the branch that it would be merged into");
  const found =
    values.base === undefined
      ? await planDisk(terminal, positionals[0])
      : await planMerge(terminal, positionals[0], values.base, values.head ?? "HEAD");
  return print(found, format, terminal);
};

export function print(
  { plans, diagnostics, judged }: LocalPlans,
  format: "text" | "json",
  terminal: Terminal,
  unchecked: readonly string[] = UNCHECKED,
): number {
  const isBad = diagnostics.some(({ severity }) => severity === "error");
  if (format === "json") {
    terminal.out(`${JSON.stringify({ plans: isBad ? [] : plans, diagnostics }, null, 2)}\n`);
    return isBad ? 1 : 0;
  }
  const checked = judged?.verdict.present.size ?? 0;
  const mistakes =
    diagnostics.length === 0 ? "" : renderDiagnostics(diagnostics, { checked, tookMs: undefined, colour: terminal.colour });
  if (isBad) {
    terminal.out(mistakes);
    return 1;
  }
  // Warnings stand beside the plan, which alone is the answer.
  terminal.err(mistakes);
  terminal.out(renderPlanText(plans, { colour: terminal.colour, unchecked, ...(judged && { platform: judged.platform }) }));
  return 0;
}

async function planDisk(terminal: Terminal, directory: string | undefined): Promise<LocalPlans> {
  const { root, world } = await openLocal(terminal, directory);
  return planFiles(world, diskFiles(root), undefined);
}

async function planMerge(terminal: Terminal, directory: string | undefined, base: string, head: string): Promise<LocalPlans> {
  await using local = await openLocalGit(terminal, directory);
  const { world, repository } = local;
  const [target, source] = await Promise.all([repository.commit(base), repository.commit(head)]);
  const merge = await repository.mergeResult(target, source);
  if (merge.kind === "conflict") {
    terminal.err(`${head} conflicts with ${base} in ${merge.paths.join(", ")}: no plan before that is mended.\n`);
    return { plans: [], diagnostics: merge.paths.map(conflict), judged: undefined };
  }
  const [before, after] = await Promise.all([
    filesAt(repository, target, world.cache),
    filesAt(repository, merge.tree, world.cache),
  ]);
  return planFiles(world, after, before);
}

function conflict(path: string): Diagnostic {
  return {
    code: "claim/merge-conflict",
    severity: "error",
    path,
    line: 1,
    column: 1,
    endColumn: 1,
    message: "Both branches changed it.",
    hint: "Merge the base into the branch and mend it.",
  };
}

/**
 * Plans every environment of the files, or, with the files before, those that the difference concerns; after them, a change of rules.
 * `reviewedOf` gives the plan that was reviewed, which lends its locked versions. With `only`, others are judged and not planned.
 */
export async function planFiles(
  world: World,
  files: ClaimFiles,
  before: ClaimFiles | undefined,
  reviewedOf: (environment: string) => Promise<Plan | undefined> = async () => undefined,
  only: readonly string[] = [],
): Promise<LocalPlans> {
  const signal = new AbortController().signal;
  const rules: Rules | undefined =
    (await adoptedRules(world, signal)) ?? (before && rulesOf(world, before)) ?? rulesOf(world, files);
  let judged: Judged;
  try {
    judged = judge(world, files, { rules, live: await world.logs.live(world.store, signal), ...(before && { before }) });
  } catch (error) {
    if (error instanceof UnreadablePlatform) return { plans: [], diagnostics: error.diagnostics, judged: undefined };
    throw error;
  }
  const touched = before && touchedPaths(before, files);
  const names =
    before === undefined || touched === undefined
      ? [...judged.verdict.present, ...judged.live.keys()]
      : affected(rulesOf(world, before), touched, judged);
  const wanted = [...new Set(names)].filter((name) => only.length === 0 || only.includes(name));
  const planned = await inGroups(wanted.toSorted(), 8, async (name) =>
    planOne(world, judged, name, await reviewedOf(name), signal),
  );
  const found = planned.filter((one) => one !== undefined);
  return {
    plans: [...found.map((one) => one.plan), ...rulesPlans(rules, rulesOf(world, files))],
    diagnostics: [...judged.mistakes, ...found.flatMap(({ diagnostics }) => diagnostics)],
    judged,
  };
}
