/** Why an open merge request has no plan for an environment that it changes: mistakes, a conflict, or that it comes from a fork. */
import { PLATFORM_NAME } from "../../core/adopted.ts";
import { claimPathOf } from "../../core/claim/tree-files.ts";
import type { Diagnostic } from "../../core/diagnostic.ts";
import type { MergeRequest } from "../../core/ports.ts";
import { counted } from "../../core/render/counted.ts";
import { code, plain } from "../../core/render/encode.ts";
import { mistakeLine } from "../../core/render/mistake-line.ts";
import { RULE_PATHS } from "../files.ts";
import { endsOf, isOfFork, planProposal, readProposal, type Proposal } from "../proposal.ts";
import type { ForgeWorld } from "../world.ts";

/**
 * Markdown; undefined where nothing keeps it from being planned, or it changes nothing of the environment. `name` is `platform` for the rules,
 * and undefined where all of the merge request is asked about. Writes nothing. Throws Waiting, Stalled, Stale.
 */
export async function whyUnplanned(
  world: ForgeWorld,
  mr: MergeRequest,
  name: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (mr.state !== "opened") return undefined;
  const [project, open] = await Promise.all([world.forge.project(signal), world.forge.openMergeRequests(signal)]);
  if (mr.targetBranch !== project.defaultBranch) return undefined;
  const ends = await endsOf(world, mr, signal);
  const proposal = await readProposal(world, mr, open, ends, signal);
  if (proposal.kind === "conflict") {
    return name === undefined || proposal.paths.some((path) => isOf(name, path)) ? conflictText(name, proposal.paths) : undefined;
  }
  if (!isConcerned(name, proposal)) return undefined;
  const errors = errorsOf(await diagnosticsOf(world, mr, ends.target, proposal, signal));
  if (errors.length > 0) return mistakesText(name, errors);
  return proposal.kind === "judged" && isOfFork(mr) && proposal.names.length > 0 ? forkText(name) : undefined;
}

function isConcerned(name: string | undefined, proposal: Exclude<Proposal, { readonly kind: "conflict" }>): boolean {
  switch (proposal.kind) {
    case "untouched":
      return false;
    case "unreadable":
      return true;
    case "judged":
      return name === undefined || proposal.names.includes(name) || proposal.diagnostics.some(({ path }) => isOf(name, path));
  }
}

/** The registry and the servers are asked only where the files say nothing. */
async function diagnosticsOf(
  world: ForgeWorld,
  mr: MergeRequest,
  target: string,
  proposal: Exclude<Proposal, { readonly kind: "conflict" }>,
  signal: AbortSignal,
): Promise<readonly Diagnostic[]> {
  if (proposal.kind === "untouched") return [];
  if (proposal.kind === "unreadable" || isOfFork(mr) || errorsOf(proposal.diagnostics).length > 0) return proposal.diagnostics;
  return (await planProposal(world, mr, target, proposal, false, signal)).diagnostics;
}

function errorsOf(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.filter(({ severity }) => severity === "error");
}

/** Whether a file is an environment's claim, or one of the rules. */
function isOf(name: string, path: string): boolean {
  if (name === PLATFORM_NAME) return RULE_PATHS.some((rules) => path === rules || path.startsWith(`${rules}/`));
  return claimPathOf(path)?.name === name;
}

/** @public The first mistake in full, an environment's own before others, and how many more. */
export function mistakesText(name: string | undefined, errors: readonly Diagnostic[]): string {
  const own = name === undefined ? errors : errors.filter(({ path }) => isOf(name, path));
  const [first, ...others] = [...own, ...errors.filter((one) => !own.includes(one))];
  if (first === undefined) throw new Error("without a mistake there is nothing to say");
  const more = others.length === 0 ? "" : `And ${others.length} more: the plan note lists them all. `;
  const it = others.length === 0 ? "it" : "them";
  return [
    headline(name, own.length, errors.length),
    mistakeLine(first),
    `${more}Mend ${it} and push: the plan then comes by itself, and people can approve it.`,
  ].join("\n\n");
}

function headline(name: string | undefined, own: number, all: number): string {
  if (name === undefined) return `This merge request has ${counted(all, "mistake")}, so there is no plan.`;
  const [who, has, it] = name === PLATFORM_NAME ? ["The rules", "have", "them"] : [`**${plain(name)}**`, "has", "it"];
  if (own > 0) return `${who} ${has} ${counted(own, "mistake")} in this merge request, so there is no plan for ${it}.`;
  return `${who} ${has} no plan, because of ${counted(all, "mistake")} elsewhere in this merge request.`;
}

const PATHS_SHOWN = 5;

function conflictText(name: string | undefined, paths: readonly string[]): string {
  const shown = paths.slice(0, PATHS_SHOWN).map((path) => code(path));
  const more = paths.length > PATHS_SHOWN ? ` and ${paths.length - PATHS_SHOWN} more` : "";
  const what = name === undefined ? "There is no plan" : `**${plain(name)}** has no plan`;
  return `${what}: this branch conflicts with its target in ${shown.join(", ")}${more}. Merge the target branch into it, mend that and push.`;
}

function forkText(name: string | undefined): string {
  const what = name === undefined ? "There is no plan" : `**${plain(name)}** has no plan`;
  return `${what}: this merge request comes from a fork, for which nothing live is read. A member can plan it from a branch of this project.`;
}
