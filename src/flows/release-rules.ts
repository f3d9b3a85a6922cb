/** Releases the rules themselves: like a prod environment, by the approvals that the rules before them ask for. */
import { PLATFORM_NAME } from "../core/adopted.ts";
import { Stalled } from "../core/errors.ts";
import { closedGates, countedApprovers, gatesOf } from "../core/gates.ts";
import { checkPolicies } from "../core/permission.ts";
import { recordKey, type Source } from "../core/record.ts";
import { digestOf } from "../core/json.ts";
import { readPlan, storePlan } from "../targets/claim-store/claim-store.ts";
import { retention } from "../targets/retention.ts";
import { adopt, readAdoptions, rulesOf, rulesPlans } from "./adoption.ts";
import { adoptionOf, decisionOf } from "./audit-events.ts";
import { compareGround, refuseAnother, refuseOlderCommit, type Ground, type Outcome, type ReleaseRequest } from "./release.ts";
import type { World } from "./world.ts";

/** The first rules are adopted as they are; later ones pass the gates of those before. Throws Waiting, Stalled, Stale. */
export async function releaseRules(world: World, ground: Ground, request: ReleaseRequest, signal: AbortSignal): Promise<Outcome> {
  const proposed = rulesOf(world, ground.files);
  if (proposed === undefined) return { kind: "unchanged" };
  const [broken] = (await checkPolicies(proposed.policies)).filter(({ severity }) => severity === "error");
  if (broken !== undefined) throw new Stalled(`${broken.path}:${broken.line}:${broken.column} ${broken.message}`, broken.hint);
  const source: Source = { project: ground.project, commit: ground.commit, path: "platform.yaml", blob: "", approvers: [] };
  const { owner } = ground;
  const { confirmed, shown, stillAsked, breakGlass } = request;
  const newest = (await readAdoptions(world.store, signal)).at(-1);
  const adopted = newest?.rules;
  const [plan] = rulesPlans(adopted, proposed);
  if (adopted === undefined || plan === undefined) {
    const record = newest ?? (await adopt(world, proposed, { source, owner, breakGlass, after: 0 }, undefined, signal));
    // Also for one that an earlier run made, and did not live to tell.
    await world.audit.append(adoptionOf(record));
    return { kind: "unchanged" };
  }
  // Else an old job could adopt once more what was approved then, and taken back since: it is the same plan again.
  await refuseOlderCommit(world, ground, newest?.source);
  const facts = await ground.reviewFacts(PLATFORM_NAME);
  if (facts !== "unchecked") refuseAnother(plan, confirmed ?? shown);
  const isConfirmed = confirmed !== undefined && plan.digest.startsWith(confirmed);
  const gates = gatesOf({
    plan,
    rules: adopted.platform,
    now: world.now(),
    review: facts,
    confirmed: isConfirmed ? plan.digest : confirmed,
  });
  const about = { commit: ground.commit, gates, facts, breakGlass };
  if (closedGates(gates).length > 0 && breakGlass === undefined) {
    await world.audit.append(decisionOf(plan, "held", about));
    const digest = facts === "unchecked" ? undefined : facts?.reviewed?.digest;
    return {
      kind: "held",
      plan,
      gates,
      begun: undefined,
      reviewed: digest === undefined ? undefined : await readPlan(world.store, digest, signal),
    };
  }
  await storePlan(world.store, plan, { retainUntil: retention(plan.type, adopted.platform, world.now()) });
  await world.audit.append(decisionOf(plan, "go", about));
  await Promise.all([compareGround(world, ground, PLATFORM_NAME, facts, adopted, signal), stillAsked?.()]);
  const review = facts === "unchecked" ? undefined : facts;
  const whole: Source = {
    ...source,
    ...(review && {
      mergeRequest: review.iid,
      author: review.author.username,
      approvers: countedApprovers(review),
    }),
  };
  const record = await adopt(world, proposed, { source: whole, owner, breakGlass, after: newest?.sequence ?? 0 }, plan, signal);
  return {
    kind: "settled",
    plan,
    done: [{ target: "claim-store", changes: 1, state: digestOf(proposed) }],
    record: recordKey(PLATFORM_NAME, record.sequence),
    source: whole,
    proof: { receipt: undefined, audit: await world.audit.append(adoptionOf(record)) },
  };
}
