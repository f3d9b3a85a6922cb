/** Release: makes one environment what the default branch's head says now. Plan, gates, rollout; the report is the caller's. */
import { PLATFORM_NAME } from "../core/adopted.ts";
import { PLATFORM_PATH } from "../core/claim/validate.ts";
import { Stale, Stalled, Waiting } from "../core/errors.ts";
import { closedGates, gatesOf, type Gate, type ReviewFacts } from "../core/gates.ts";
import { canonicalJson, sameJson, type Digest } from "../core/json.ts";
import type { Plan } from "../core/plan.ts";
import { lastPublication, recordKey, type Log, type Source } from "../core/record.ts";
import { readLog, readPlan, storePlan } from "../targets/claim-store/claim-store.ts";
import { goesOn, rollout, type Done } from "../targets/reconcile.ts";
import { retention } from "../targets/retention.ts";
import type { Release } from "../targets/target.ts";
import { adoptedRules } from "./adoption.ts";
import type { ClaimFiles } from "./files.ts";
import { judge, planOne, type Judged } from "./planning.ts";
import type { World } from "./world.ts";

/** What a release stands on, however it was found: in GitLab, or in a person's own checkout. */
export interface Ground {
  readonly files: ClaimFiles;
  /** The commit of the files: the default branch's head. */
  readonly commit: string;
  /** GitLab project path, or "local". */
  readonly project: string;
  /** The merge request behind this environment's newest change, as GitLab tells it now; `unchecked` where there is no GitLab. */
  reviewFacts(environment: string): Promise<ReviewFacts | undefined | "unchecked">;
  /** The commit to which the default branch points now: compared again before the first effect. */
  headNow(): Promise<string>;
}

export interface ReleaseRequest {
  /** The whole digest that somebody allowed confirmed. */
  readonly confirmed?: Digest;
  /** Passes every gate; marked in the record. The command line's last resort. */
  readonly breakGlass?: string;
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
    }
  | { readonly kind: "held"; readonly plan: Plan; readonly gates: readonly Gate[]; readonly reviewed: Plan | undefined };

/** Throws Waiting (comes back), Stalled (somebody must act), Stale (something moved meanwhile; nothing was done). */
export async function release(
  world: World,
  ground: Ground,
  name: string,
  request: ReleaseRequest,
  signal: AbortSignal,
): Promise<Outcome> {
  if (name === PLATFORM_NAME) throw new Error("rules are adopted, not released: see adopt-rules.ts");
  const judged = judge(world, ground.files, {
    rules: await adoptedRules(world, signal),
    live: await world.logs.live(world.store, signal),
  });
  refuseMistakes(judged, name);
  const log = judged.live.get(name) ?? (await readLog(world.store, name, signal));
  await refuseOlderCommit(world, ground, log);
  const resumable = await unfinished(world, log, signal);
  const facts = await ground.reviewFacts(name);
  const reviewed = await reviewedPlan(world, facts, signal);
  const planned = await planOne(world, judged, name, reviewed, signal);
  if (planned === undefined)
    return resumable === undefined ? { kind: "unchanged" } : settle(world, name, resumable.plan, [], signal);
  const { environment, plan } = planned;
  const [unsatisfied] = planned.diagnostics;
  if (unsatisfied !== undefined) throw new Stalled(`${unsatisfied.path}: ${unsatisfied.message}`, unsatisfied.hint);

  if (resumable !== undefined && goesOn(resumable.plan, plan)) {
    const { plan: recorded, source } = resumable;
    return finish(
      world,
      { environment, plan: recorded, planDigest: recorded.digest, source, at: world.now().toISOString() },
      noMoreGates,
      signal,
    );
  }
  if (plan.verb === "none") return { kind: "unchanged" };

  const gates = gatesOf({ plan, rules: judged.rules.platform, now: world.now(), review: facts, confirmed: request.confirmed });
  if (closedGates(gates).length > 0 && request.breakGlass === undefined) return { kind: "held", plan, gates, reviewed };
  await storePlan(world.store, plan, { retainUntil: retention(plan.type, judged.platform, world.now()) });
  const source = sourceOf(ground, name, judged, facts);
  const go: Release = {
    environment,
    plan,
    planDigest: plan.digest,
    source,
    at: world.now().toISOString(),
    ...(request.breakGlass !== undefined && { breakGlass: request.breakGlass }),
  };
  const compareAgain = async (): Promise<void> => {
    if ((await ground.headNow()) !== ground.commit) throw new Stale("the default branch moved before the first effect");
    if (!sameJson(await ground.reviewFacts(name), facts)) throw new Stale("the merge request moved before the first effect");
  };
  return finish(world, go, compareAgain, signal);
}

async function finish(world: World, go: Release, compareAgain: () => Promise<void>, signal: AbortSignal): Promise<Outcome> {
  const done = await rollout(world.targets, go, compareAgain, signal);
  return settle(world, go.environment.name, go.plan, done, signal);
}

/** Writes the receipt: what was observed after the release. */
async function settle(world: World, name: string, plan: Plan, done: readonly Done[], signal: AbortSignal): Promise<Outcome> {
  const head = (await readLog(world.store, name, signal)).at(-1);
  if (head === undefined) throw new Waiting("the claim log is empty after a release", 1_000);
  const receipt = {
    environment: name,
    sequence: head.sequence,
    planDigest: plan.digest,
    observed: done,
    at: world.now().toISOString(),
  };
  await world.store.putNew(receiptKey(name, head.sequence), Buffer.from(`${canonicalJson(receipt)}\n`));
  return { kind: "settled", plan, done, record: recordKey(name, head.sequence), source: head.source };
}

function receiptKey(name: string, sequence: number): string {
  return recordKey(name, sequence).replace(/^claims\//, "receipts/");
}

/** True when what followed a record was seen to be settled. */
export async function hasReceipt(world: World, name: string, sequence: number, signal: AbortSignal): Promise<boolean> {
  return (await world.store.read(receiptKey(name, sequence), signal)) !== undefined;
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

/** An older commit never overtakes a newer one. */
async function refuseOlderCommit(world: World, ground: Ground, log: Log): Promise<void> {
  const published = log.at(-1)?.source;
  if (published === undefined || published.commit === ground.commit || published.project !== ground.project) return;
  if (await world.repository.isAncestor(published.commit, ground.commit)) return;
  throw new Stalled(
    `${ground.commit.slice(0, 12)} does not come after ${published.commit.slice(0, 12)}, which is published`,
    "If the branch was rewritten on purpose, merge the published commit into it; else release its newest commit",
  );
}

interface Unfinished {
  readonly plan: Plan;
  readonly source: Source;
}

/** The plan of the newest record, as long as nobody saw its effects complete: what differs later is drift, and passes the gates anew. */
async function unfinished(world: World, log: Log, signal: AbortSignal): Promise<Unfinished | undefined> {
  const head = log.at(-1);
  if (head === undefined || (await hasReceipt(world, head.environment, head.sequence, signal))) return undefined;
  const plan = await readPlan(world.store, head.planDigest, signal);
  return plan && { plan, source: head.source };
}

/** After the record the gates are behind it: it goes on. */
async function noMoreGates(): Promise<void> {}

async function reviewedPlan(
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
    approvers: review?.approvals.map(({ user }) => user.username) ?? [],
  };
}
