/**
 * What a merge request that changes the rules would have judged otherwise. Looks at what is known without asking GitLab again: the claim logs, the
 * stored plans of other open merge requests, and their branches.
 */
import { setImmediate } from "node:timers/promises";
import { PLATFORM_NAME, rulesDigest } from "../core/adopted.ts";
import { Stalled } from "../core/errors.ts";
import type { MergeRequest } from "../core/ports.ts";
import { lastPublication, type Log } from "../core/record.ts";
import type { TwiceJudged } from "../core/verdicts/changed-claims.ts";
import { changedVerdicts, type ChangedVerdicts } from "../core/verdicts/changed-verdicts.ts";
import type { Subject } from "../core/verdicts/subject.ts";
import { readPlan } from "../targets/claim-store/claim-store.ts";
import { rulesOf } from "./adoption.ts";
import { blobsByPath, filesAt, touchedPaths, type ClaimFiles } from "./files.ts";
import { inGroups } from "./in-groups.ts";
import { judge, type JudgeOptions, type Judged } from "./planning.ts";
import type { ForgeWorld } from "./world.ts";

/** Other open merge requests that are looked at, the newest first: each costs a merge and two judgements of the whole tree. */
const OTHERS = 20;

export interface RulesChange {
  readonly mr: MergeRequest;
  readonly open: readonly MergeRequest[];
  /** The commit of the target branch. */
  readonly target: string;
  readonly before: ClaimFiles;
  readonly after: ClaimFiles;
  /** `after`, by the adopted rules, and how it was judged. */
  readonly judged: Judged;
  readonly options: JudgeOptions;
}

/** Whether a merge request changes what judges. */
export function changesRules(world: ForgeWorld, before: ClaimFiles, after: ClaimFiles): boolean {
  const [was, will] = [rulesOf(world, before), rulesOf(world, after)];
  return was !== undefined && will !== undefined && rulesDigest(was) !== rulesDigest(will);
}

export async function rulesVerdicts(world: ForgeWorld, change: RulesChange, signal: AbortSignal): Promise<ChangedVerdicts> {
  const { mr, open, after, judged, options } = change;
  const adopted = judged.rules;
  const proposed = rulesOf(world, after) ?? adopted;
  const others = open
    .filter(({ iid, sha, targetBranch }) => iid !== mr.iid && sha !== undefined && targetBranch === mr.targetBranch)
    .toSorted((a, b) => b.iid - a.iid);
  const seen = others.slice(0, OTHERS);
  const trees = await treesOf(world, change, seen, signal);
  const ofOthers = trees.map(({ iid, files, paths }) => ({ mergeRequest: iid, files, paths }));
  // All by the same rules first: what a claim was judged to be by other rules is not kept.
  const was = ofOthers.map(({ files }) => judge(world, files, { rules: adopted, live: options.live }));
  await setImmediate();
  const ownWill = judge(world, after, { ...options, rules: proposed });
  const own: TwiceJudged = {
    mergeRequest: undefined,
    paths: new Set(claimPaths(after)),
    adopted: judged.verdict.diagnostics,
    proposed: ownWill.verdict.diagnostics,
  };
  const judgedTwice = ofOthers.map(({ mergeRequest, files, paths }, index): TwiceJudged => {
    const will = judge(world, files, { rules: proposed, live: options.live });
    return {
      mergeRequest,
      paths,
      adopted: was[index]?.verdict.diagnostics ?? [],
      proposed: will.verdict.diagnostics,
    };
  });
  const subjects = [
    ...liveSubjects(options.live),
    ...waitingSubjects(change),
    ...(await plannedSubjects(world, seen, options.live, signal)),
  ];
  const question = {
    adopted,
    proposed,
    subjects,
    trees: [own, ...judgedTwice],
    unseenMergeRequests: others.length - trees.length,
    now: world.now(),
  };
  return changedVerdicts(question, setImmediate);
}

function liveSubjects(live: ReadonlyMap<string, Log>): readonly Subject[] {
  const environments = [...live].flatMap(([environment, log]): Subject[] => {
    const claim = lastPublication(log)?.claim;
    if (claim === undefined) return [];
    return [{ environment, type: claim.spec.type, owner: claim.metadata.owner, live: { claim, log } }];
  });
  return [...environments, { environment: PLATFORM_NAME, type: "prod", owner: "" }];
}

/** Claims that are merged and not published: a gate that the rules open lets them go. */
function waitingSubjects({ before, judged, options }: RulesChange): readonly Subject[] {
  const merged = blobsByPath(before);
  const waiting = judged.verdict.claims.filter(({ path, claim }) => merged.has(path) && !options.live.has(claim.metadata.name));
  return waiting.map(({ claim: { metadata, spec } }) => ({ environment: metadata.name, type: spec.type, owner: metadata.owner }));
}

/** What other merge requests were planned to do; one that has mistakes, or comes from a fork, has no plan. */
async function plannedSubjects(
  world: ForgeWorld,
  others: readonly MergeRequest[],
  live: ReadonlyMap<string, Log>,
  signal: AbortSignal,
): Promise<readonly Subject[]> {
  const found = await inGroups(others, 4, async ({ iid, sha }) => {
    const reviewed = await world.memory.reviewedPlans(iid);
    const digests = reviewed?.sha === sha ? Object.values(reviewed?.plans ?? {}) : [];
    const plans = await inGroups(digests, 8, async (digest) => readPlan(world.store, digest, signal));
    return plans.flatMap((plan): Subject[] => {
      if (plan === undefined || plan.verb === "none") return [];
      const { environment, type } = plan;
      const published = lastPublication(live.get(environment) ?? [])?.claim ?? plan.claim;
      const owner = environment === PLATFORM_NAME ? "" : published?.metadata.owner;
      return owner === undefined ? [] : [{ environment, type, owner, planned: { mergeRequest: iid, plan } }];
    });
  });
  return found.flat();
}

interface OtherTree {
  readonly iid: number;
  readonly files: ClaimFiles;
  /** Claims that it brings or changes. */
  readonly paths: ReadonlySet<string>;
}

/** The merge result of each other merge request that touches claims; one that conflicts, or cannot be read, is left out. */
async function treesOf(
  world: ForgeWorld,
  { target, before }: RulesChange,
  others: readonly MergeRequest[],
  signal: AbortSignal,
): Promise<readonly OtherTree[]> {
  if (others.length === 0) return [];
  const refs = others.map(({ iid }) => `refs/merge-requests/${iid}/head`);
  const heads = await world.repository.fetch(refs, signal);
  const found = await inGroups([...others.entries()], 4, async ([index, { iid }]): Promise<readonly OtherTree[]> => {
    const head = heads[index];
    const merge = head === undefined ? undefined : await world.repository.mergeResult(target, head);
    if (merge === undefined || merge.kind === "conflict") return [];
    try {
      const files = await filesAt(world.repository, merge.tree, world.cache);
      const touched = touchedPaths(before, files);
      return [{ iid, files, paths: new Set(claimPaths(files).filter((path) => touched.has(path))) }];
    } catch (error) {
      // Somebody else's file that is too large must not keep this note from being written.
      if (error instanceof Stalled) return [];
      throw error;
    }
  });
  return found.flat().filter(({ files }) => rulesOf(world, files) !== undefined);
}

function claimPaths({ files }: ClaimFiles): readonly string[] {
  return files.map(({ path }) => path).filter((path) => path.startsWith("environments/"));
}
