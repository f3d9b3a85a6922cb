/** A release as the service runs it: under the environment's lock, reported on the merge request that asked for it, whatever its end. */
import { PLATFORM_NAME } from "../core/adopted.ts";
import { statusPartOf } from "../core/apply-status.ts";
import { Stale, Stalled, Waiting } from "../core/errors.ts";
import type { Plan } from "../core/plan.ts";
import type { MergeRequest } from "../core/ports.ts";
import { renderReportNote, reportMarker, type ReleaseOutcome } from "../core/render/report-note.ts";
import { endApply, tellApply } from "./apply-status.ts";
import { forgeGround, type ForgeGround } from "./forge-ground.ts";
import { putHoldBack } from "./hold.ts";
import { Locks } from "./locks.ts";
import { closeOvertaken } from "./overtaken.ts";
import { release, type Outcome, type ReleaseRequest } from "./release.ts";
import { releaseRules } from "./release-rules.ts";
import { writeStickyNote } from "./sticky-note.ts";
import type { ForgeWorld } from "./world.ts";

const environments = new Locks();

/** Throws what the release throws, after it was reported: the queue decides when it comes back. */
export async function runRelease(
  world: ForgeWorld,
  name: string,
  request: ReleaseRequest,
  signal: AbortSignal,
): Promise<Outcome> {
  return environments.hold(name, async () => {
    const ground = await forgeGround(world, signal);
    if (request.judgedAt !== undefined && request.judgedAt !== ground.commit)
      throw new Stale("the default branch moved since it was judged who may say that");
    const tell = async (outcome: Outcome): Promise<void> => report(world, ground, name, outcome, signal);
    try {
      const outcome =
        name === PLATFORM_NAME
          ? await releaseRules(world, ground, request, signal)
          : await release(world, ground, name, { ...request, tell }, signal);
      // What an environment's release settled is told already, before its receipt.
      if (name === PLATFORM_NAME || outcome.kind !== "settled") await tell(outcome);
      return outcome;
    } catch (error) {
      if (error instanceof Waiting) await say(world, ground, name, undefined, { kind: "waiting", reason: error.message }, signal);
      if (error instanceof Stalled) {
        await say(world, ground, name, undefined, { kind: "stalled", reason: error.message, wayOut: error.wayOut }, signal);
      }
      // Stale: nothing was done, and the next run says what comes of it.
      if (!(error instanceof Waiting || error instanceof Stalled || error instanceof Stale) && !signal.aborted) {
        await endApply(world, name, "own error", signal);
      }
      if (error instanceof Stale) world.log.info({ environment: name, reason: error.message }, "stale");
      throw error;
    }
  });
}

async function report(
  world: ForgeWorld,
  ground: ForgeGround,
  name: string,
  outcome: Outcome,
  signal: AbortSignal,
): Promise<void> {
  if (outcome.kind === "unchanged") {
    await endApply(world, name, "nothing left", signal);
    return;
  }
  const { plan } = outcome;
  if (outcome.kind === "held") {
    await say(world, ground, name, plan, outcome, signal);
    const [mr, defied] = [await ground.mergeRequestOf(name), ground.defiedHoldOf(name)];
    if (mr !== undefined && defied !== undefined) await putHoldBack(world, mr, defied, signal);
    return;
  }
  const { done, record, source, proof } = outcome;
  const { approvers } = source;
  await say(world, ground, name, plan, { kind: "settled", record, done, tookMs: undefined, approvers, proof }, signal);
}

async function say(
  world: ForgeWorld,
  ground: ForgeGround,
  name: string,
  plan: Plan | undefined,
  outcome: ReleaseOutcome,
  signal: AbortSignal,
): Promise<void> {
  const mr = await ground.mergeRequestOf(name);
  await closeOvertaken(world, ground, name, mr, signal);
  if (mr === undefined) {
    world.log.warn({ environment: name, outcome: outcome.kind }, "nobody to report to: no merge request brought this");
  } else {
    const body = renderReportNote(name, plan, timed(outcome, mr, world.now()));
    await writeStickyNote(world, mr.iid, reportMarker(name), body, signal);
  }
  await tellApply(world, mr, name, statusPartOf(plan, outcome), signal);
}

function timed(outcome: ReleaseOutcome, { mergedAt }: MergeRequest, now: Date): ReleaseOutcome {
  if (outcome.kind !== "settled" || mergedAt === undefined) return outcome;
  return { ...outcome, tookMs: Math.max(0, now.getTime() - Date.parse(mergedAt)) };
}
