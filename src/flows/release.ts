/** Release: makes one environment what the default branch's head says now. Plan, gates, rollout; the report is the caller's. */
import { PLATFORM_NAME, rulesDigest, type Rules } from "../core/adopted.ts";
import type { AuditHead, StoredReference } from "../core/audit.ts";
import { PLATFORM_PATH } from "../core/claim/validate.ts";
import type { Environment } from "../core/environment.ts";
import { Stale, Stalled, Waiting } from "../core/errors.ts";
import { closedGates, countedApprovers, gatesOf, type Gate, type ReviewFacts } from "../core/gates.ts";
import { sameJson, shortDigest, type Digest } from "../core/json.ts";
import type { Plan } from "../core/plan.ts";
import { lastPublication, recordKey, type Log, type LogRecord, type Source } from "../core/record.ts";
import type { StoreOwner } from "../core/store-owner.ts";
import { readLog, readOn, readPlan, storePlan } from "../targets/claim-store/claim-store.ts";
import { goesOn, rollout, type Done } from "../targets/reconcile.ts";
import { retention } from "../targets/retention.ts";
import type { Release } from "../targets/target.ts";
import { adoptedRules } from "./adoption.ts";
import { decisionOf, effectsOf, resumptionOf } from "./audit-events.ts";
import type { ClaimFiles } from "./files.ts";
import { isOn } from "./is-on.ts";
import { judge, planOne, type Judged, type Planned } from "./planning.ts";
import { hasReceipt, writeReceipt } from "./receipt.ts";
import type { World } from "./world.ts";

/** What a release stands on, however it was found: in GitLab, or in a person's own checkout. */
export interface Ground {
  readonly files: ClaimFiles;
  /** The commit of the files: the default branch's head. */
  readonly commit: string;
  /** GitLab project path, or "local". */
  readonly project: string;
  /** Whom the claim store belongs to after an adoption from here; absent where no GitLab is asked. */
  readonly owner?: StoreOwner;
  /** The merge request behind this environment's newest change, as GitLab tells it now; `unchecked` where there is no GitLab. */
  reviewFacts(environment: string): Promise<ReviewFacts | undefined | "unchecked">;
  /** The commit to which the default branch points now: compared again before the first effect. */
  headNow(): Promise<string>;
}

export interface ReleaseRequest {
  /** The digest that somebody allowed confirmed, whole or its first digits: no other plan is released then. */
  readonly confirmed?: Digest;
  /**
   * The digest of the plan to which somebody said yes who is not known to be allowed to confirm it: no other plan is released, and no gate
   * is opened by it.
   */
  readonly shown?: Digest;
  /** The head of the default branch by whose changes it was judged who may ask for this: of another one nothing is released. */
  readonly judgedAt?: string | undefined;
  /** Passes every gate; marked in the record. The command line's last resort. */
  readonly breakGlass?: string;
  /** Looks once more, before the first effect, whether the request itself still stands. Throws Stale. */
  readonly stillAsked?: () => Promise<void>;
  /** Tells people how it ended, before the receipt: an end that nobody was told of is no end, and the next run tells it. */
  readonly tell?: (outcome: Outcome) => Promise<void>;
}

export type Outcome =
  /** There is nothing to do, and there was not before. */
  | { readonly kind: "unchanged" }
  | {
      readonly kind: "settled";
      readonly plan: Plan;
      readonly done: readonly Done[];
      readonly record: string;
      readonly source: Source;
      readonly proof: Proof;
    }
  | {
      readonly kind: "held";
      readonly plan: Plan;
      readonly gates: readonly Gate[];
      readonly reviewed: Plan | undefined;
      /** The record whose release was begun and not seen to its end, where there is one. */
      readonly begun: string | undefined;
    };

/** By what it can be checked that a release is told as it was. Rules have no receipt. */
export interface Proof {
  readonly receipt: StoredReference | undefined;
  readonly audit: AuditHead;
}

/** What a release would do now, and what stands in its way. Reads only. */
export type Considered =
  | { readonly kind: "unchanged" }
  /** The last one was seen to its end but for the receipt. */
  | { readonly kind: "ended"; readonly plan: Plan }
  | { readonly kind: "resumes"; readonly environment: Environment; readonly plan: Plan; readonly source: Source }
  | {
      readonly kind: "gated";
      readonly environment: Environment;
      readonly plan: Plan;
      readonly gates: readonly Gate[];
      readonly facts: ReviewFacts | undefined | "unchecked";
      readonly reviewed: Plan | undefined;
      readonly begun: string | undefined;
      readonly judged: Judged;
    };

/** Throws Waiting or Stalled. */
export async function considerRelease(
  world: World,
  ground: Ground,
  name: string,
  { confirmed }: ReleaseRequest,
  signal: AbortSignal,
): Promise<Considered> {
  if (name === PLATFORM_NAME) throw new Error("rules are adopted, not released: see release-rules.ts");
  const live = await world.logs.live(world.store, signal);
  const judged = judge(world, ground.files, { rules: await adoptedRules(world, signal), live });
  refuseMistakes(judged, name);
  const log = live.get(name) ?? (await readLog(world.store, name, signal));
  await refuseOlderCommit(world, ground, log.at(-1)?.source);
  const { begun, resumable } = await unfinished(world, log, signal);
  const planOn = async (versionsOf: Plan | undefined): Promise<Planned | undefined> => {
    const planned = await planOne(world, judged, name, versionsOf, signal);
    // Half of another writer's effects would be in the plan, and none of their record: it would be held for a world that moves on anyway.
    if ((await readOn(world.store, name, log, signal)).length > log.length)
      throw new Stale(`${name} was published while it was planned`);
    return planned;
  };
  if (resumable !== undefined) {
    // After the record the gates are behind it: GitLab is asked nothing, however often it looks whether the environment is built.
    const planned = await planOn(resumable.plan);
    if (planned === undefined) return { kind: "ended", plan: resumable.plan };
    const { environment, plan, diagnostics } = planned;
    if (diagnostics.length === 0 && goesOn(resumable.plan, plan)) return { kind: "resumes", environment, ...resumable };
  }
  const facts = await ground.reviewFacts(name);
  const reviewed = await reviewedPlan(world, facts, signal);
  const planned = await planOn(reviewed);
  if (planned === undefined) return { kind: "unchanged" };
  const { environment, plan } = planned;
  const [unsatisfied] = planned.diagnostics;
  if (unsatisfied !== undefined) throw new Stalled(`${unsatisfied.path}: ${unsatisfied.message}`, unsatisfied.hint);
  if (plan.verb === "none") return { kind: "unchanged" };
  const isConfirmed = confirmed !== undefined && plan.digest.startsWith(confirmed);
  const gates = gatesOf({
    plan,
    rules: judged.rules.platform,
    now: world.now(),
    review: facts,
    confirmed: isConfirmed ? plan.digest : confirmed,
    reviewed,
  });
  return { kind: "gated", environment, plan, gates, facts, reviewed, begun, judged };
}

/** Throws Waiting (comes back), Stalled (somebody must act), Stale (something moved meanwhile; nothing was done). */
export async function release(
  world: World,
  ground: Ground,
  name: string,
  request: ReleaseRequest,
  signal: AbortSignal,
): Promise<Outcome> {
  const considered = await considerRelease(world, ground, name, request, signal);
  const at = world.now().toISOString();
  switch (considered.kind) {
    case "unchanged":
      return considered;
    case "ended":
      return settled(world, name, considered.plan, [], undefined, request.tell, signal);
    case "resumes": {
      const { environment, plan, source } = considered;
      await world.audit.append(resumptionOf(plan, source));
      return finish(world, { environment, plan, planDigest: plan.digest, source, at }, noMoreGates, request.tell, signal);
    }
    case "gated": {
      const { environment, plan, gates, facts, reviewed, begun, judged } = considered;
      const { breakGlass, confirmed, shown, stillAsked } = request;
      if (facts !== "unchecked") refuseAnother(plan, confirmed ?? shown);
      const about = { commit: ground.commit, gates, facts, breakGlass };
      if (closedGates(gates).length > 0 && breakGlass === undefined) {
        await world.audit.append(decisionOf(plan, "held", about));
        return { kind: "held", plan, gates, reviewed, begun };
      }
      await storePlan(world.store, plan, { retainUntil: retention(plan.type, judged.platform, world.now()) });
      const source = sourceOf(ground, name, judged, facts);
      const go: Release = {
        environment,
        plan,
        planDigest: plan.digest,
        source,
        at,
        ...(breakGlass !== undefined && { breakGlass }),
      };
      const compareAgain = async (): Promise<void> => {
        await Promise.all([compareGround(world, ground, name, facts, judged.rules, signal), stillAsked?.()]);
      };
      await world.audit.append(decisionOf(plan, "go", about));
      return finish(world, go, compareAgain, request.tell, signal);
    }
  }
}

/** A confirmation is of one plan: when that is not the plan any more, nothing else is released in its name. */
export function refuseAnother(plan: Plan, confirmed: Digest | undefined): void {
  if (confirmed === undefined || plan.digest.startsWith(confirmed)) return;
  const { environment, digest } = plan;
  throw new Stale(
    `${shortDigest(confirmed)} is not the current plan of ${environment}, which is now ${shortDigest(digest)}: look at that one, then confirm it`,
  );
}

/** Immediately before the first effect: what the decision stood on is read once more. */
export async function compareGround(
  world: World,
  ground: Ground,
  name: string,
  facts: ReviewFacts | undefined | "unchecked",
  judging: Rules,
  signal: AbortSignal,
): Promise<void> {
  const [head, factsNow, rules] = await Promise.all([ground.headNow(), ground.reviewFacts(name), adoptedRules(world, signal)]);
  if (head !== ground.commit) throw new Stale("the default branch moved before the first effect");
  if (!sameJson(factsNow, facts)) throw new Stale("the merge request moved before the first effect");
  if (rulesDigest(rules ?? judging) !== rulesDigest(judging)) {
    throw new Stale("other rules were adopted before the first effect");
  }
}

/** `environment` as the rollout knew it; undefined where there was nothing to roll out. */
async function settled(
  world: World,
  name: string,
  plan: Plan,
  done: readonly Done[],
  environment: Environment | undefined,
  tell: ReleaseRequest["tell"],
  signal: AbortSignal,
): Promise<Outcome> {
  const outcomeOf = ({ sequence, source }: LogRecord, proof: Proof): Outcome => ({
    kind: "settled",
    plan,
    done,
    record: recordKey(name, sequence),
    source,
    proof,
  });
  const beforehand = async (head: LogRecord, proof: Proof): Promise<void> => tell?.(outcomeOf(head, proof));
  const { head, proof } = await writeReceipt(world, name, plan, done, environment, beforehand, signal);
  return outcomeOf(head, proof);
}

/** Rolls out, then writes down that it was seen to its end. */
async function finish(
  world: World,
  go: Release,
  compareAgain: () => Promise<void>,
  tell: ReleaseRequest["tell"],
  signal: AbortSignal,
): Promise<Outcome> {
  const { environment, plan } = go;
  try {
    const done = await rollout(world.targets, go, compareAgain, signal);
    return await settled(world, environment.name, plan, done, environment, tell, signal);
  } catch (error) {
    if (!(error instanceof Stale) && !(error instanceof Stalled)) throw error;
    const head = (await readLog(world.store, environment.name, signal)).at(-1);
    const record = head?.planDigest === plan.digest ? head : undefined;
    // Stale says that nothing was done. With the record written that is not so: it comes back, and goes on or is held.
    if (error instanceof Stale && record !== undefined) throw new Waiting(error.message, 5_000, { cause: error });
    await world.audit.append(effectsOf(plan, record, error.message));
    throw error;
  }
}

/** A claim with mistakes is never released, and never taken for a removed one. */
function refuseMistakes({ verdict }: Judged, name: string): void {
  const mistakes = verdict.diagnostics.filter(
    ({ severity, path }) => severity === "error" && (path === PLATFORM_PATH || path.endsWith(`/${name}.yaml`)),
  );
  const [first] = mistakes;
  if (first === undefined) return;
  throw new Stalled(
    `${first.path}:${first.line}:${first.column} ${first.message}${mistakes.length > 1 ? ` (and ${mistakes.length - 1} more)` : ""}`,
    first.hint,
  );
}

/**
 * An older commit never overtakes a newer one. A project that was renamed or moved has its history as before; what no history of ours knows is
 * somebody else's, and no claim of ours that was removed.
 */
export async function refuseOlderCommit(world: World, ground: Ground, published: Source | undefined): Promise<void> {
  if (published === undefined || published.commit === ground.commit) return;
  const { project, commit } = published;
  // What was applied from a terminal may never have been pushed.
  if (project !== ground.project && (project === "local" || ground.project === "local")) return;
  if (await isOn(world.repository, commit, ground.commit)) return;
  throw new Stalled(
    `${ground.commit.slice(0, 12)} does not come after ${commit.slice(0, 12)} of ${project}, which is published`,
    "If the branch was rewritten on purpose, merge the published commit into it; else release its newest commit",
  );
}

interface Unfinished {
  readonly begun: string | undefined;
  readonly resumable: { readonly plan: Plan; readonly source: Source } | undefined;
}

/** The newest record, as long as nobody saw its effects complete: what differs later is drift, and passes the gates anew. */
async function unfinished(world: World, log: Log, signal: AbortSignal): Promise<Unfinished> {
  const head = log.at(-1);
  if (head === undefined || (await hasReceipt(world, head.environment, head.sequence, signal))) {
    return { begun: undefined, resumable: undefined };
  }
  const plan = await readPlan(world.store, head.planDigest, signal);
  return { begun: recordKey(head.environment, head.sequence), resumable: plan && { plan, source: head.source } };
}

/** After the record the gates are behind it: it goes on. */
async function noMoreGates(): Promise<void> {}

/** The plan that was shown on the merge request. */
export async function reviewedPlan(
  world: World,
  facts: ReviewFacts | undefined | "unchecked",
  signal: AbortSignal,
): Promise<Plan | undefined> {
  if (facts === undefined || facts === "unchecked" || facts.reviewed === undefined) return undefined;
  return readPlan(world.store, facts.reviewed.digest, signal);
}

function sourceOf(ground: Ground, name: string, judged: Judged, facts: ReviewFacts | undefined | "unchecked"): Source {
  const claim = judged.verdict.claims.find((candidate) => candidate.claim.metadata.name === name);
  const former = lastPublication(judged.live.get(name) ?? []);
  const review = facts === "unchecked" ? undefined : facts;
  return {
    project: ground.project,
    commit: ground.commit,
    path: claim?.path ?? former?.source.path ?? "",
    blob: claim?.blob ?? former?.source.blob ?? "",
    ...(review && { mergeRequest: review.iid, author: review.author.username }),
    approvers: review === undefined ? [] : countedApprovers(review),
  };
}
