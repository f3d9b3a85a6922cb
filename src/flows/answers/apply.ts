/** /claim apply: tries the release again; with a digest it confirms exactly that plan, if it is still the current one. */
import type { Command } from "../../core/command.ts";
import { PLATFORM_NAME } from "../../core/adopted.ts";
import { Stale } from "../../core/errors.ts";
import { closedGates } from "../../core/gates.ts";
import { shortDigest } from "../../core/json.ts";
import { recordKey } from "../../core/record.ts";
import { code, plain } from "../../core/render/encode.ts";
import { readLog } from "../../targets/claim-store/claim-store.ts";
import type { Actor } from "../actor.ts";
import type { Outcome, ReleaseRequest } from "../release.ts";
import { runRelease } from "../run-release.ts";
import type { ForgeWorld } from "../world.ts";
import type { Answer } from "./asked.ts";
import type { Concerned } from "./concerned.ts";

export async function apply(
  world: ForgeWorld,
  said: Extract<Command, { kind: "apply" }>,
  concerned: readonly Concerned[],
  actor: Actor,
  stillAsked: (environment: Concerned) => Promise<void>,
  signal: AbortSignal,
): Promise<Answer> {
  const answers: Answer[] = [];
  for (const one of concerned) {
    const { judgedAt } = await actor.partIn(one.name);
    const request = {
      judgedAt,
      stillAsked: async () => stillAsked(one),
      ...(said.digest !== undefined && { confirmed: said.digest }),
    };
    answers.push(await applyOne(world, one.name, request, signal));
  }
  // With a digest only the plan that it names is meant; the others have nothing to say.
  const meant = said.digest === undefined ? answers : answers.filter(({ ok }) => ok);
  const shown = meant.length > 0 ? meant : answers;
  return { ok: shown.every(({ ok }) => ok), text: shown.map(({ text }) => text).join("\n\n") };
}

async function applyOne(world: ForgeWorld, name: string, request: ReleaseRequest, signal: AbortSignal): Promise<Answer> {
  const digest = request.confirmed;
  try {
    const outcome = await runRelease(world, name, request, signal);
    return outcome.kind === "unchanged" ? await unchanged(world, name, digest, signal) : released(name, outcome);
  } catch (error) {
    if (!(error instanceof Stale)) throw error;
    // What comes of it now is for a release to say that nobody confirms anything by.
    await world.jobs.enqueue({ kind: "release", environment: name });
    return { ok: false, text: `Refused as stale: ${plain(error.message, 600)}. ${await doneFor(world, name, digest, signal)}` };
  }
}

/** A command that waited is run again: its plan may have been begun before. */
async function doneFor(world: ForgeWorld, name: string, digest: string | undefined, signal: AbortSignal): Promise<string> {
  const log = digest === undefined || name === PLATFORM_NAME ? [] : await readLog(world.store, name, signal);
  const record = log.findLast(({ planDigest }) => planDigest.startsWith(digest ?? ""));
  if (record === undefined) return "Nothing was done.";
  return `${code(recordKey(name, record.sequence))} was written for that plan; nothing more was done.`;
}

/** A command that waited is run again, and meanwhile the release may have gone on by itself to the plan that it names. */
async function unchanged(world: ForgeWorld, name: string, digest: string | undefined, signal: AbortSignal): Promise<Answer> {
  if (digest === undefined || name === PLATFORM_NAME) {
    return { ok: true, text: `${code(name)} is as it should be: nothing to do.` };
  }
  const newest = (await readLog(world.store, name, signal)).at(-1);
  if (newest?.planDigest.startsWith(digest) === true) return done(name, recordKey(name, newest.sequence), newest.planDigest);
  const reason = `${code(digest)} is not the current plan of ${code(name)}, which is as it should be`;
  return { ok: false, text: `Refused as stale: ${reason}. Nothing was done.` };
}

function done(name: string, record: string, plan: string): Answer {
  return { ok: true, text: `${code(name)} is done: ${code(record)}, plan ${code(shortDigest(plan))}.` };
}

function released(name: string, outcome: Exclude<Outcome, { readonly kind: "unchanged" }>): Answer {
  switch (outcome.kind) {
    case "settled":
      return done(name, outcome.record, outcome.plan.digest);
    case "held":
      return {
        ok: false,
        text: `${code(name)} is held: ${closedGates(outcome.gates)
          .map(({ reason }) => plain(reason, 600))
          .join("; ")}`,
      };
  }
}
