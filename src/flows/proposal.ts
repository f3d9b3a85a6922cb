/** What a merge request proposes: the tree that it would make, judged. Reads only git and the store; a fork may be looked at by it. */
import type { Rules } from "../core/adopted.ts";
import type { Diagnostic } from "../core/diagnostic.ts";
import { Stale } from "../core/errors.ts";
import { sameJson } from "../core/json.ts";
import { checkPolicies } from "../core/permission.ts";
import type { MergeRequest } from "../core/ports.ts";
import { readPlan } from "../targets/claim-store/claim-store.ts";
import { isConfigured } from "../targets/index.ts";
import { adoptedRules, rulesOf } from "./adoption.ts";
import { hostnamesElsewhere } from "./elsewhere.ts";
import { filesAt, touchedPaths, type ClaimFiles } from "./files.ts";
import { inGroups } from "./in-groups.ts";
import { affected, judge, planOne, UnreadablePlatform, type Judged, type JudgeOptions, type Planned } from "./planning.ts";
import type { ForgeWorld } from "./world.ts";

/** The commits that a merge request brings together. */
export interface Ends {
  readonly target: string;
  readonly head: string;
}

export type Proposal =
  | { readonly kind: "conflict"; readonly paths: readonly string[] }
  /** Neither claims nor rules. */
  | { readonly kind: "untouched" }
  /** platform.yaml cannot be read, so nothing can be planned. */
  | { readonly kind: "unreadable"; readonly diagnostics: readonly Diagnostic[]; readonly rules: Rules | undefined }
  | JudgedProposal;

export interface JudgedProposal {
  readonly kind: "judged";
  readonly before: ClaimFiles;
  readonly after: ClaimFiles;
  readonly rules: Rules | undefined;
  readonly judged: Judged;
  /** By what it was judged. */
  readonly options: JudgeOptions;
  /** Environments that are to be planned. */
  readonly names: readonly string[];
  /** What is wrong because of it, so far as files can tell. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Nothing live is read for it. */
export function isOfFork({ sourceProjectId, targetProjectId }: MergeRequest): boolean {
  return sourceProjectId !== targetProjectId;
}

/** Throws Stale where the merge request moved meanwhile. */
export async function endsOf({ repository }: ForgeWorld, mr: MergeRequest, signal: AbortSignal): Promise<Ends> {
  const refs = [`refs/heads/${mr.targetBranch}`, `refs/merge-requests/${mr.iid}/head`];
  const [target, head] = await repository.fetch(refs, signal);
  if (target === undefined || head === undefined || head !== mr.sha)
    throw new Stale(`merge request ${mr.iid} moved while it was read`);
  return { target, head };
}

/** `open`: all open merge requests, of which older ones have asked for their names first. */
export async function readProposal(
  world: ForgeWorld,
  mr: MergeRequest,
  open: readonly MergeRequest[],
  { target, head }: Ends,
  signal: AbortSignal,
): Promise<Proposal> {
  const { repository } = world;
  const merge = await repository.mergeResult(target, head);
  if (merge.kind === "conflict") return { kind: "conflict", paths: merge.paths };
  const [before, after] = await Promise.all([
    filesAt(repository, target, world.cache),
    filesAt(repository, merge.tree, world.cache),
  ]);
  const touched = touchedPaths(before, after);
  const isOfPolicies = !sameJson(before.policies, after.policies);
  if (touched.size === 0 && !isOfPolicies) return { kind: "untouched" };

  const live = await world.logs.live(world.store, signal);
  const rules = (await adoptedRules(world, signal)) ?? rulesOf(world, before);
  const elsewhere = await hostnamesElsewhere(world, mr, open, before, signal);
  const options: JudgeOptions = { rules, live, before, elsewhere };
  try {
    const judged = judge(world, after, options);
    const names = affected(rulesOf(world, before), touched, judged);
    const diagnostics = [...judged.mistakes, ...(isOfPolicies ? await checkPolicies(after.policies) : [])];
    return { kind: "judged", before, after, rules, judged, options, names, diagnostics };
  } catch (error) {
    if (!(error instanceof UnreadablePlatform)) throw error;
    return { kind: "unreadable", diagnostics: error.diagnostics, rules };
  }
}

export interface PlannedProposal {
  readonly planned: readonly Planned[];
  /** Everything that is wrong, also by the registry and by the servers' own judgement. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Observes the targets: never for a fork. A plan once stored lends its locked versions, unless `fresh` asks for new ones. */
export async function planProposal(
  world: ForgeWorld,
  mr: MergeRequest,
  target: string,
  { judged, names, diagnostics }: JudgedProposal,
  fresh: boolean,
  signal: AbortSignal,
): Promise<PlannedProposal> {
  const known = await world.memory.reviewedPlans(mr.iid);
  const stored = !fresh && known?.sha === mr.sha && known?.target === target ? known.plans : {};
  const found = await inGroups(names, 8, async (name) => {
    const digest = stored[name];
    const reviewed = digest === undefined ? undefined : await readPlan(world.store, digest, signal);
    return planOne(world, judged, name, reviewed, signal);
  });
  const planned = found.filter((one) => one !== undefined);
  const checked = await serverChecks(world, planned, signal);
  return { planned, diagnostics: [...diagnostics, ...planned.flatMap((one) => one.diagnostics), ...checked] };
}

/** The servers' own judgement (Cloudflare's dry_run), for those of our targets that have one. */
async function serverChecks(world: ForgeWorld, planned: readonly Planned[], signal: AbortSignal): Promise<readonly Diagnostic[]> {
  const found = await inGroups(planned, 4, async ({ environment, plan }) => {
    const checks = plan.steps.map(async (step) => {
      const target = world.targets.find(({ name }) => name === step.target);
      if ("missing" in step || target === undefined || !isConfigured(target) || target.check === undefined) return [];
      return step.changes.length === 0 ? [] : target.check(environment, step.changes, signal);
    });
    return (await Promise.all(checks)).flat();
  });
  return found.flat();
}
