/** /claim diff: an environment's plan in full; after the merge as it would be now, with what differs from the reviewed one. */
import { PLATFORM_NAME } from "../../core/adopted.ts";
import { Stalled } from "../../core/errors.ts";
import { closedGates } from "../../core/gates.ts";
import { shortDigest } from "../../core/json.ts";
import type { Plan } from "../../core/plan.ts";
import type { MergeRequest } from "../../core/ports.ts";
import { code, plain } from "../../core/render/encode.ts";
import { planDifference } from "../../core/render/plan-difference.ts";
import { wholePlan } from "../../core/render/whole-plan.ts";
import { readPlan } from "../../targets/claim-store/claim-store.ts";
import { adoptedRules, rulesOf, rulesPlans } from "../adoption.ts";
import { forgeGround } from "../forge-ground.ts";
import { considerRelease } from "../release.ts";
import type { ForgeWorld } from "../world.ts";
import type { Concerned } from "./concerned.ts";

/** A merge request with many environments is asked about one by one. */
const MOST = 5;
/** Characters of one answer. GitLab takes about 1,000,000; its page shows no more than this with ease. */
const LIMIT = 120_000;
const DIFFERENCES_SHOWN = 200;

export async function diff(
  world: ForgeWorld,
  mr: MergeRequest,
  concerned: readonly Concerned[],
  signal: AbortSignal,
): Promise<string> {
  const shown = concerned.slice(0, MOST);
  const parts: string[] = [];
  for (const { name } of shown) parts.push(await diffOne(world, mr, name, Math.floor(LIMIT / shown.length), signal));
  if (concerned.length > MOST) parts.push(`${concerned.length - MOST} more: ask about one by its name.`);
  return parts.length === 0 ? "No environment is concerned here." : parts.join("\n\n");
}

async function diffOne(world: ForgeWorld, mr: MergeRequest, name: string, limit: number, signal: AbortSignal): Promise<string> {
  try {
    const found = mr.state === "merged" ? await planNow(world, mr, name, signal) : await reviewedPlan(world, mr, name, signal);
    return typeof found === "string" ? `**${name}**: ${found}` : renderPlans(name, found, limit);
  } catch (error) {
    if (error instanceof Stalled) return `**${name}** is stopped: ${plain(error.message, 600)} Next: ${plain(error.wayOut, 600)}`;
    throw error;
  }
}

/** @public What the answer says of one environment. */
export interface ShownPlans {
  readonly plan: Plan;
  /** `planned`: before the merge. `begun`: its release is on its way. */
  readonly kind: "planned" | "now" | "begun";
  /** The plan that people approved, where there is one. */
  readonly reviewed?: Plan | undefined;
  /** A command is asked for before the plan is released. */
  readonly held?: boolean;
}

/** Markdown of at most about `limit` characters. */
export function renderPlans(name: string, { plan, kind, reviewed, held = false }: ShownPlans, limit: number): string {
  const digest = code(shortDigest(plan.digest));
  const differs = kind === "now" && reviewed !== undefined && reviewed.digest !== plan.digest;
  const difference = differs ? planDifference(reviewed, plan, DIFFERENCES_SHOWN) : [];
  const confirm =
    held && kind === "now" ? [`\`/claim apply ${shortDigest(plan.digest)}\` goes on with the plan as it is now.`] : [];
  const top = [`**${name}**: ${headline(digest, kind, plan, reviewed)}`, ...difference, ...confirm].join("\n\n");
  return `${top}\n\n${wholePlan(plan, limit - top.length)}`;
}

function headline(digest: string, kind: ShownPlans["kind"], plan: Plan, reviewed: Plan | undefined): string {
  if (kind === "planned") return `plan ${digest} of this head, from what is there to what is wanted.`;
  if (kind === "begun") return `its release is on its way, by plan ${digest}.`;
  if (reviewed === undefined) return `nobody reviewed a plan; now it is ${digest}.`;
  if (reviewed.digest === plan.digest) return `the plan now is the reviewed one, ${digest}.`;
  return `reviewed ${code(shortDigest(reviewed.digest))}, now it is ${digest}.`;
}

/** Before the merge: what was shown for this head. */
async function reviewedPlan(
  world: ForgeWorld,
  mr: MergeRequest,
  name: string,
  signal: AbortSignal,
): Promise<ShownPlans | string> {
  const known = await world.memory.reviewedPlans(mr.iid);
  const digest = known?.sha === mr.sha ? known?.plans[name] : undefined;
  const plan = digest === undefined ? undefined : await readPlan(world.store, digest, signal);
  return plan === undefined ? "there is no plan for this head." : { plan, kind: "planned" };
}

async function planNow(world: ForgeWorld, mr: MergeRequest, name: string, signal: AbortSignal): Promise<ShownPlans | string> {
  if (name === PLATFORM_NAME) return rulesNow(world, mr, signal);
  const considered = await considerRelease(world, await forgeGround(world, signal), name, {}, signal);
  switch (considered.kind) {
    case "unchanged":
    case "ended":
      return "it is as it should be.";
    case "resumes":
      return { plan: considered.plan, kind: "begun" };
    case "gated": {
      const { plan, reviewed, gates } = considered;
      const closed = closedGates(gates).map(({ gate }) => gate);
      return { plan, kind: "now", reviewed, held: closed.includes("reviewed-plan") && !closed.includes("contested") };
    }
  }
}

async function rulesNow(world: ForgeWorld, mr: MergeRequest, signal: AbortSignal): Promise<ShownPlans | string> {
  const { files } = await forgeGround(world, signal);
  const [plan] = rulesPlans(await adoptedRules(world, signal), rulesOf(world, files));
  if (plan === undefined) return "they are adopted.";
  const digest = (await world.memory.reviewedPlans(mr.iid))?.plans[PLATFORM_NAME];
  const reviewed = digest === undefined ? undefined : await readPlan(world.store, digest, signal);
  return { plan, kind: "now", reviewed, held: reviewed?.digest !== plan.digest };
}
