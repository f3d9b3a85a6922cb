/** Review: one merge request, one plan of every effect, one note, one status. Reads the truth when it runs; an event was only an address. */
import type { Rules } from "../core/adopted.ts";
import type { Diagnostic } from "../core/diagnostic.ts";
import { Stale, Stalled } from "../core/errors.ts";
import { sameJson } from "../core/json.ts";
import type { Plan } from "../core/plan.ts";
import type { CommitStatus, MergeRequest, ReviewedPlans } from "../core/ports.ts";
import { counted } from "../core/render/counted.ts";
import { code, oneLine } from "../core/render/encode.ts";
import { PLAN_MARKER, renderPlanNote, type PlanNote } from "../core/render/plan-note.ts";
import { readOn, storePlan } from "../targets/claim-store/claim-store.ts";
import { retention } from "../targets/retention.ts";
import { adoptedRules, rulesOf, rulesPlans } from "./adoption.ts";
import { filesAt } from "./files.ts";
import { keepHold } from "./hold.ts";
import { inGroups } from "./in-groups.ts";
import { markLines } from "./line-threads.ts";
import { Locks } from "./locks.ts";
import type { Planned } from "./planning.ts";
import { endsOf, isOfFork, planProposal, readProposal, type JudgedProposal } from "./proposal.ts";
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
    return await reviewOpen(world, mr, open, options, signal);
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
  options: ReviewOptions,
  signal: AbortSignal,
): Promise<Reviewed> {
  const { repository } = world;
  const ends = await endsOf(world, mr, signal);
  const { target } = ends;
  const rulesThen = async (): Promise<Rules | undefined> =>
    (await adoptedRules(world, signal)) ?? rulesOf(world, await filesAt(repository, target, world.cache));
  await keepHold(world, mr, rulesThen, signal);

  const proposal = await readProposal(world, mr, open, ends, signal);
  const nothing = { plans: [], diagnostics: [], conflicts: [], rules: undefined, remarks: [] };
  switch (proposal.kind) {
    case "conflict":
      await conclude(world, mr, target, { ...nothing, conflicts: proposal.paths }, signal);
      return { plans: [], diagnostics: [] };
    case "untouched":
      await conclude(world, mr, target, undefined, signal);
      return { plans: [], diagnostics: [] };
    case "unreadable": {
      const { diagnostics, rules } = proposal;
      await conclude(world, mr, target, { ...nothing, diagnostics, rules: rules?.platform }, signal, { judgedAll: false });
      return { plans: [], diagnostics };
    }
    case "judged":
      return reviewJudged(world, mr, open, target, proposal, options, signal);
  }
}

async function reviewJudged(
  world: ForgeWorld,
  mr: MergeRequest,
  open: readonly MergeRequest[],
  target: string,
  proposal: JudgedProposal,
  { fresh = false }: ReviewOptions,
  signal: AbortSignal,
): Promise<Reviewed> {
  const { before, after, rules, judged, names } = proposal;
  const isOfRules = changesRules(world, before, after);
  if (isOfFork(mr)) {
    const remarks = [
      "This comes from a fork: it is validated, but claimbot reads nothing live for it. A member can plan it from a branch of this project.",
      ...(isOfRules ? ["It changes the rules, and is judged by the adopted ones."] : []),
    ];
    const { diagnostics } = proposal;
    const unplanned = names.length > 0 || isOfRules;
    const note = { plans: [], diagnostics, conflicts: [], rules: judged.rules.platform, remarks, unplanned };
    await conclude(world, mr, target, note, signal);
    return { plans: [], diagnostics };
  }
  const { planned, diagnostics } = await planProposal(world, mr, target, proposal, fresh, signal);
  const plans = planned.map(({ plan }) => plan);
  // Rules that were merged before and wait for their approvals are no matter of this one: nobody adopts them by approving it.
  if (isOfRules || rulesOf(world, before) === undefined) plans.push(...rulesPlans(rules, rulesOf(world, after)));
  const asksForVerdicts = isOfRules && !diagnostics.some(({ severity }) => severity === "error");
  const verdicts = asksForVerdicts
    ? await rulesVerdicts(world, { mr, open, target, before, after, judged, options: proposal.options }, signal)
    : undefined;
  const note = { plans, diagnostics, conflicts: [], rules: judged.rules.platform, remarks: [], verdicts };
  await conclude(world, mr, target, note, signal);
  // Last: what is published after this is newer than the time that was remembered, and the sweep sees it.
  await refusePublished(world, planned, signal);
  return { plans, diagnostics };
}

/** Throws Stale when something was published while it was planned: the plan is of the world before. */
async function refusePublished(world: ForgeWorld, planned: readonly Planned[], signal: AbortSignal): Promise<void> {
  await inGroups(planned, 16, async ({ environment: { name, log } }) => {
    if ((await readOn(world.store, name, log, signal)).length > log.length) {
      throw new Stale(`${name} was published while it was planned`);
    }
  });
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
