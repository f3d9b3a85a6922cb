/** Review: one merge request, one plan of every effect, one note, one status. Reads the truth when it runs; an event was only an address. */
import type { Rules } from "../core/adopted.ts";
import type { Diagnostic } from "../core/diagnostic.ts";
import { checkPolicies } from "../core/permission.ts";
import { Stale, Stalled } from "../core/errors.ts";
import { sameJson } from "../core/json.ts";
import type { Plan } from "../core/plan.ts";
import type { CommitStatus, MergeRequest, ReviewedPlans } from "../core/ports.ts";
import { counted } from "../core/render/counted.ts";
import { code, oneLine } from "../core/render/encode.ts";
import { PLAN_MARKER, renderPlanNote, type PlanNote } from "../core/render/plan-note.ts";
import { readOn, readPlan, storePlan } from "../targets/claim-store/claim-store.ts";
import { retention } from "../targets/retention.ts";
import { isConfigured } from "../targets/index.ts";
import { adoptedRules, rulesOf, rulesPlans } from "./adoption.ts";
import { hostnamesElsewhere } from "./elsewhere.ts";
import { filesAt, touchedPaths } from "./files.ts";
import { keepHold } from "./hold.ts";
import { inGroups } from "./in-groups.ts";
import { markLines } from "./line-threads.ts";
import { Locks } from "./locks.ts";
import { affected, judge, planOne, UnreadablePlatform, type Judged, type JudgeOptions, type Planned } from "./planning.ts";
import { changesRules, rulesVerdicts } from "./rules-verdicts.ts";
import { tellPlan } from "./plan-status.ts";
import { editStickyNote, writeStickyNote } from "./sticky-note.ts";
import type { ForgeWorld } from "./world.ts";

const reviews = new Locks();

/** Of a merge request that was planned for the default branch once, and has another target now. */
export const NO_TARGET = "";

export interface ReviewOptions {
  /** `/claim plan`: resolve versions anew although nothing moved. */
  readonly fresh?: boolean;
}

/** What a review found; the note says the same. */
export interface Reviewed {
  readonly plans: readonly Plan[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Undefined when there is nothing to review: closed, merged, or not for the default branch. Throws Waiting, Stalled, Stale. */
export async function review(
  world: ForgeWorld,
  iid: number,
  signal: AbortSignal,
  options: ReviewOptions = {},
): Promise<Reviewed | undefined> {
  // The queue and a command may both ask: two at once would write two notes, and the older could have the last word.
  return reviews.hold(String(iid), async () => reviewAlone(world, iid, signal, options));
}

async function reviewAlone(
  world: ForgeWorld,
  iid: number,
  signal: AbortSignal,
  options: ReviewOptions,
): Promise<Reviewed | undefined> {
  const { forge } = world;
  const [project, open] = await Promise.all([forge.project(signal), forge.openMergeRequests(signal)]);
  const mr = open.find((one) => one.iid === iid);
  if (mr?.sha === undefined) return undefined;
  if (mr.targetBranch !== project.defaultBranch) {
    await takeBack(world, mr, project.defaultBranch, signal);
    return undefined;
  }
  try {
    return await reviewOpen(world, mr, open, project.defaultBranch, options, signal);
  } catch (error) {
    // A merge waits for the status: whoever looks at it must see that there will be none, and why.
    if (error instanceof Stalled) {
      await tellPlan(world, mr, { state: "failed", description: oneLine(`cannot be planned: ${error.message}`, 255) }, signal);
    }
    throw error;
  }
}

async function reviewOpen(
  world: ForgeWorld,
  mr: MergeRequest,
  open: readonly MergeRequest[],
  defaultBranch: string,
  options: ReviewOptions,
  signal: AbortSignal,
): Promise<Reviewed | undefined> {
  const { repository } = world;
  const { iid } = mr;
  const [target, head] = await repository.fetch([`refs/heads/${defaultBranch}`, `refs/merge-requests/${iid}/head`], signal);
  if (target === undefined || head === undefined || head !== mr.sha)
    throw new Stale(`merge request ${iid} moved while it was read`);
  const rulesThen = async (): Promise<Rules | undefined> =>
    (await adoptedRules(world, signal)) ?? rulesOf(world, await filesAt(repository, target, world.cache));
  await keepHold(world, mr, rulesThen, signal);

  const merge = await repository.mergeResult(target, head);
  if (merge.kind === "conflict") {
    await conclude(
      world,
      mr,
      target,
      { plans: [], diagnostics: [], conflicts: merge.paths, rules: undefined, remarks: [] },
      signal,
    );
    return { plans: [], diagnostics: [] };
  }
  const [before, after] = await Promise.all([
    filesAt(repository, target, world.cache),
    filesAt(repository, merge.tree, world.cache),
  ]);
  const touched = touchedPaths(before, after);
  if (touched.size === 0 && sameJson(before.policies, after.policies)) {
    await conclude(world, mr, target, undefined, signal);
    return { plans: [], diagnostics: [] };
  }

  const live = await world.logs.live(world.store, signal);
  const rules = (await adoptedRules(world, signal)) ?? rulesOf(world, before);
  const elsewhere = await hostnamesElsewhere(world, mr, open, before, signal);
  const judging: JudgeOptions = { rules, live, before, elsewhere };
  let judged: Judged;
  try {
    judged = judge(world, after, judging);
  } catch (error) {
    if (!(error instanceof UnreadablePlatform)) throw error;
    await conclude(
      world,
      mr,
      target,
      { plans: [], diagnostics: error.diagnostics, conflicts: [], rules: rules?.platform, remarks: [] },
      signal,
      { judgedAll: false },
    );
    return { plans: [], diagnostics: error.diagnostics };
  }
  const names = affected(rulesOf(world, before), touched, judged);
  const diagnostics = [
    ...judged.mistakes,
    ...(sameJson(before.policies, after.policies) ? [] : await checkPolicies(after.policies)),
  ];
  if (mr.sourceProjectId !== mr.targetProjectId) {
    const remarks = [
      "This comes from a fork: it is validated, but claimbot reads nothing live for it. A member can plan it from a branch of this project.",
      ...(changesRules(world, before, after) ? ["It changes the rules, and is judged by the adopted ones."] : []),
    ];
    const unplanned = names.length > 0 || changesRules(world, before, after);
    const note = { plans: [], diagnostics, conflicts: [], rules: judged.rules.platform, remarks, unplanned };
    await conclude(world, mr, target, note, signal);
    return { plans: [], diagnostics };
  }
  const planned = await planAll(world, mr, target, judged, names, options, signal);
  const all = [...diagnostics, ...planned.flatMap((one) => one.diagnostics), ...(await serverChecks(world, planned, signal))];
  const plans = planned.map(({ plan }) => plan);
  const isOfRules = changesRules(world, before, after);
  // Rules that were merged before and wait for their approvals are no matter of this one: nobody adopts them by approving it.
  if (isOfRules || rulesOf(world, before) === undefined) plans.push(...rulesPlans(rules, rulesOf(world, after)));
  const asksForVerdicts = isOfRules && !all.some(({ severity }) => severity === "error");
  const verdicts = asksForVerdicts
    ? await rulesVerdicts(world, { mr, open, target, before, after, judged, options: judging }, signal)
    : undefined;
  const note = { plans, diagnostics: all, conflicts: [], rules: judged.rules.platform, remarks: [], verdicts };
  await conclude(world, mr, target, note, signal);
  // Last: what is published after this is newer than the time that was remembered, and the sweep sees it.
  await refusePublished(world, planned, signal);
  return { plans, diagnostics: all };
}

/** A plan once stored keeps its locked versions until the head, the target or an input moves, or somebody says /claim plan. */
async function planAll(
  world: ForgeWorld,
  mr: MergeRequest,
  target: string,
  judged: Judged,
  names: readonly string[],
  { fresh = false }: ReviewOptions,
  signal: AbortSignal,
): Promise<readonly Planned[]> {
  const known = await world.memory.reviewedPlans(mr.iid);
  const stored = !fresh && known?.sha === mr.sha && known?.target === target ? known.plans : {};
  const planned = await inGroups(names, 8, async (name) => {
    const digest = stored[name];
    const reviewed = digest === undefined ? undefined : await readPlan(world.store, digest, signal);
    return planOne(world, judged, name, reviewed, signal);
  });
  return planned.filter((one) => one !== undefined);
}

/** Throws Stale when something was published while it was planned: the plan is of the world before. */
async function refusePublished(world: ForgeWorld, planned: readonly Planned[], signal: AbortSignal): Promise<void> {
  await inGroups(planned, 16, async ({ environment: { name, log } }) => {
    if ((await readOn(world.store, name, log, signal)).length > log.length) {
      throw new Stale(`${name} was published while it was planned`);
    }
  });
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

/** Remembers what was planned for this head and target; nothing where it has mistakes, so that no approval stands for it. */
async function remember(world: ForgeWorld, mr: MergeRequest, target: string, plans: readonly Plan[]): Promise<void> {
  const sha = mr.sha ?? "";
  const digests = Object.fromEntries(plans.map(({ environment, digest }) => [environment, digest]));
  const known = await world.memory.reviewedPlans(mr.iid);
  // The time stays while the plans do: an approval stands for the plan that stood when it was given.
  const isSame = known !== undefined && known.sha === sha && sameJson(known.plans, digests);
  if (isSame && known.target === target) return;
  const storedAt = isSame ? known.storedAt : await shownAt(world, mr, { sha, target, plans: digests }, known);
  await world.memory.rememberReviewedPlans(mr.iid, { sha, target, storedAt, plans: digests });
}

/** The audit log keeps what was shown for which head, or that nothing is shown any more, and since when: without the database, that is where it is found again. */
async function shownAt(
  world: ForgeWorld,
  { iid }: MergeRequest,
  shown: Omit<ReviewedPlans, "storedAt">,
  known: ReviewedPlans | undefined,
): Promise<string> {
  const isNothing = Object.keys(shown.plans).length === 0;
  if (isNothing && Object.keys(known?.plans ?? {}).length === 0) return world.now().toISOString();
  const pushedBy = await world.memory.pusherOf(shown.sha);
  const { at } = await world.audit.append({
    kind: "Review",
    mergeRequest: iid,
    ...shown,
    ...(pushedBy !== undefined && { pushedBy }),
  });
  return at;
}

/** It has another target now: what was planned for the default branch is not so any more, and nobody approves it. */
async function takeBack(world: ForgeWorld, mr: MergeRequest, defaultBranch: string, signal: AbortSignal): Promise<void> {
  const known = await world.memory.reviewedPlans(mr.iid);
  if (known === undefined || known.target === NO_TARGET) return;
  const text = `${PLAN_MARKER}\n### ⚪ Not planned\nEnvironments are released from ${code(defaultBranch)}, and this merge request is for another branch.\n`;
  const note = await editStickyNote(world, mr.iid, PLAN_MARKER, text, signal);
  await tellPlan(world, mr, { state: "success", description: "for another branch" }, signal);
  await markLines(world, mr, "", { diagnostics: [], complete: true, note }, signal);
  // Said to the audit log too: shown again, the same plans are shown since then, and not since they were taken back.
  const shown = { sha: known.sha, target: NO_TARGET, plans: {} };
  const storedAt = await shownAt(world, mr, shown, known);
  // Last: until then the sweep comes back to it.
  await world.memory.rememberReviewedPlans(mr.iid, { ...shown, storedAt });
}

/**
 * Stores the plans, says it and remembers it: the note, where there is something to say, the status, and threads on bad lines. Without a note no
 * claim was touched.
 */
async function conclude(
  world: ForgeWorld,
  mr: MergeRequest,
  target: string,
  note: PlanNote | undefined,
  signal: AbortSignal,
  { judgedAll = true }: { readonly judgedAll?: boolean } = {},
): Promise<void> {
  // A merge request that was merged meanwhile was planned against its own result; one that moved has another plan.
  const now = await world.forge.mergeRequest(mr.iid, signal);
  if (now.state !== "opened" || now.sha !== mr.sha || now.targetBranch !== mr.targetBranch) {
    throw new Stale(`merge request ${mr.iid} moved while it was planned`);
  }
  const isGood = note !== undefined && !note.diagnostics.some(({ severity }) => severity === "error");
  const plans = isGood ? note.plans : [];
  for (const plan of plans) {
    await storePlan(world.store, plan, { retainUntil: retention(plan.type, note?.rules, world.now()) });
  }
  const written =
    note === undefined
      ? await editStickyNote(world, mr.iid, PLAN_MARKER, `${PLAN_MARKER}\n### ⚪ No claims touched\n`, signal)
      : await writeStickyNote(world, mr.iid, PLAN_MARKER, renderPlanNote(note), signal);
  // After the note: an approval stands for a plan that could be read when it was given.
  await remember(world, mr, target, plans);
  await tellPlan(world, now, statusOf(note), signal);
  // Last: whatever GitLab says to a thread, note and status are there. Where the branches conflict nothing was judged.
  if (note !== undefined && note.conflicts.length > 0) return;
  await markLines(world, now, target, { diagnostics: note?.diagnostics ?? [], complete: judgedAll, note: written }, signal);
}

function statusOf(note: PlanNote | undefined): Pick<CommitStatus, "state" | "description"> {
  if (note === undefined) return { state: "success", description: "no claims touched" };
  if (note.conflicts.length > 0) return { state: "failed", description: "conflicts with the target branch" };
  const errors = note.diagnostics.filter(({ severity }) => severity === "error").length;
  if (errors > 0) return { state: "failed", description: counted(errors, "mistake") };
  if (note.unplanned === true) return { state: "success", description: "valid; not planned, it comes from a fork" };
  const changed = note.plans.filter(({ verb }) => verb !== "none").length;
  return { state: "success", description: changed === 0 ? "nothing changes" : `${counted(changed, "environment")} planned` };
}
