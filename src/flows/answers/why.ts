/** /claim why: every gate with what it found, and who can open the closed ones. */
import { PLATFORM_NAME } from "../../core/adopted.ts";
import { Stalled } from "../../core/errors.ts";
import type { Platform } from "../../core/claim/platform.generated.ts";
import { freezesOf, nextFreezeText } from "../../core/freezes.ts";
import { closedGates, committed, countedApprovers, type Gate, gatesOf, hasPartIn, type ReviewFacts } from "../../core/gates.ts";
import type { Plan } from "../../core/plan.ts";
import type { MergeRequest } from "../../core/ports.ts";
import { code, plain } from "../../core/render/encode.ts";
import { readPlan } from "../../targets/claim-store/claim-store.ts";
import { earlierChanges } from "../earlier-changes.ts";
import { forgeGround, nameOf } from "../forge-ground.ts";
import { defiedHold } from "../hold.ts";
import { considerRelease } from "../release.ts";
import { reviewFacts } from "../review-facts.ts";
import type { ForgeWorld } from "../world.ts";
import type { Concerned } from "./concerned.ts";
import { judgingRules } from "./judging-rules.ts";
import { isPlannedBy } from "./planned-by.ts";
import { whyUnplanned } from "./why-unplanned.ts";

/** A merge request with many environments is asked about one by one. */
const MOST = 5;

export async function why(
  world: ForgeWorld,
  mr: MergeRequest,
  concerned: readonly Concerned[],
  signal: AbortSignal,
): Promise<string> {
  const parts: string[] = [];
  for (const one of concerned.slice(0, MOST)) parts.push(await whyOne(world, mr, one, signal));
  if (concerned.length > MOST) parts.push(`${concerned.length - MOST} more: ask about one by its name.`);
  return parts.length === 0 ? "No environment is concerned here." : parts.join("\n\n");
}

async function whyOne(world: ForgeWorld, mr: MergeRequest, concerned: Concerned, signal: AbortSignal): Promise<string> {
  const { name } = concerned;
  try {
    const isOfRelease = name !== PLATFORM_NAME && (mr.state === "merged" || !(await isPlannedBy(world, mr, name)));
    const unplanned = isOfRelease && mr.state !== "merged" ? await whyUnplanned(world, mr, name, signal) : undefined;
    if (unplanned !== undefined) return unplanned;
    const found = isOfRelease ? await ofRelease(world, mr, name, signal) : await ofReview(world, mr, name, signal);
    const before =
      mr.state === "merged"
        ? ""
        : ` ${isOfRelease ? "This merge request plans nothing for it." : "Nothing happens before the merge."}`;
    if (typeof found === "string") return `**${name}**: ${found}${isOfRelease ? before : ""}`;
    const closed = closedGates(found.gates);
    const head =
      closed.length === 0
        ? `**${name}**: nothing stands in the way.${before}`
        : `**${name}** waits for ${closed.map(({ gate }) => gate).join(", ")}.${before}`;
    const lines = found.gates.map(
      ({ gate, verdict, reason }) => `- ${verdict === "closed" ? "✗" : "✓"} **${gate}**: ${plain(reason, 600)}`,
    );
    const helpers = closed.some(({ gate }) => gate === "approvals")
      ? [await approvers(world, concerned, found.facts, signal)]
      : [];
    const isFrozen = closed.some(({ gate }) => gate === "freeze");
    const next = isFrozen ? undefined : nextFreezeText(freezesOf(found.rules, found.plan.type), world.now());
    const below = [...helpers, ...(next === undefined ? [] : [plain(next, 600)])];
    return [head, "", ...lines, ...(below.length > 0 ? ["", below.join(" ")] : [])].join("\n");
  } catch (error) {
    if (error instanceof Stalled) return `**${name}** is stopped: ${plain(error.message, 600)} Next: ${plain(error.wayOut, 600)}`;
    throw error;
  }
}

interface Found {
  readonly plan: Plan;
  /** Those that judge. */
  readonly rules: Platform;
  readonly gates: readonly Gate[];
  readonly facts: ReviewFacts | undefined;
}

async function ofRelease(world: ForgeWorld, mr: MergeRequest, name: string, signal: AbortSignal): Promise<Found | string> {
  const considered = await considerRelease(world, await forgeGround(world, signal), name, {}, signal);
  switch (considered.kind) {
    case "unchanged":
    case "ended":
      return "it is as it should be.";
    case "resumes":
      return "its release is on its way; the gates are behind it.";
    case "gated": {
      const { plan, facts: review, reviewed } = considered;
      const rules = considered.judged.rules.platform;
      const facts = review === "unchecked" ? undefined : review;
      if (mr.state === "merged") return { plan, rules, gates: considered.gates, facts };
      return { plan, rules, gates: gatesOf({ plan, rules, now: world.now(), review, reviewed, readFrom: "elsewhere" }), facts };
    }
  }
}

/** Before the merge: the gates of the plan that was shown. */
async function ofReview(world: ForgeWorld, mr: MergeRequest, name: string, signal: AbortSignal): Promise<Found | string> {
  const hold = await defiedHold(world, mr, async () => judgingRules(world, signal), name, signal);
  const [target] = await world.repository.fetch([`refs/heads/${mr.targetBranch}`], signal);
  const earlier = mr.state === "merged" ? [] : await earlierChanges(world, name, target, signal);
  const facts = { ...(await reviewFacts(world, mr, name, hold && nameOf(hold), signal)), earlier };
  const plan = facts.reviewed && (await readPlan(world.store, facts.reviewed.digest, signal));
  const rules = await judgingRules(world, signal);
  if (plan === undefined || rules === undefined) return "there is no plan for this head yet.";
  const readFrom = mr.state === "merged" ? undefined : "before-merge";
  const gates = gatesOf({ plan, rules: rules.platform, now: world.now(), review: facts, readFrom });
  return { plan, rules: rules.platform, gates, facts };
}

/** Developers and above of the owner whose approval would count, were it given now: one of an older head counts no more. */
async function approvers(
  world: ForgeWorld,
  { owner }: Concerned,
  facts: ReviewFacts | undefined,
  signal: AbortSignal,
): Promise<string> {
  if (facts === undefined) return "A merge request that changes its claim is what people can approve.";
  const members = owner === "" ? await world.forge.members(signal) : await world.forge.groupMembers(owner, signal);
  const names = members
    .filter(({ user, accessLevel }) => accessLevel >= 30 && !user.bot && counts(user, facts))
    .map(({ user }) => `${code(user.username)}${hasApproved(user, facts) ? " (again)" : ""}`);
  const whose = owner === "" ? "this repository" : code(owner);
  return names.length === 0
    ? `Nobody of ${whose} is left who could approve.`
    : `Who can: ${names.slice(0, 20).join(", ")} (of ${whose}).`;
}

function counts(user: Parameters<typeof committed>[1], facts: ReviewFacts): boolean {
  return (
    !countedApprovers(facts).includes(user.username) &&
    user.id !== facts.author.id &&
    user.id !== facts.asked?.id &&
    user.id !== facts.pusherId &&
    !facts.people.some((people) => committed(people, user)) &&
    facts.earlier?.some((change) => hasPartIn(change, user)) !== true
  );
}

function hasApproved(user: Parameters<typeof committed>[1], { approvals }: ReviewFacts): boolean {
  return approvals.some((approval) => approval.user.id === user.id);
}
