/** /claim apply: tries the release again; with a digest it confirms exactly that plan, if it is still the current one. */
import type { Command } from "../../core/command.ts";
import { closedGates } from "../../core/gates.ts";
import { shortDigest, type Digest } from "../../core/json.ts";
import { code, plain } from "../../core/render/encode.ts";
import { runRelease } from "../run-release.ts";
import type { ForgeWorld } from "../world.ts";
import type { Answer } from "./asked.ts";
import type { Concerned } from "./concerned.ts";

export async function apply(
  world: ForgeWorld,
  said: Extract<Command, { kind: "apply" }>,
  concerned: readonly Concerned[],
  signal: AbortSignal,
): Promise<Answer> {
  const answers: Answer[] = [];
  for (const { name } of concerned) answers.push(await applyOne(world, name, said.digest, concerned.length === 1, signal));
  // With a digest only the plan that it names is meant; the others have nothing to say.
  const meant = said.digest === undefined ? answers : answers.filter(({ ok }) => ok);
  const shown = meant.length > 0 ? meant : answers;
  return { ok: shown.every(({ ok }) => ok), text: shown.map(({ text }) => text).join("\n\n") };
}

async function applyOne(
  world: ForgeWorld,
  name: string,
  digest: string | undefined,
  only: boolean,
  signal: AbortSignal,
): Promise<Answer> {
  const first = await runRelease(world, name, {}, signal);
  if (digest === undefined || first.kind !== "held") return released(name, first);
  const whole: Digest = first.plan.digest;
  if (!whole.startsWith(digest)) {
    const now = `the plan of ${code(name)} is now ${code(shortDigest(whole))}`;
    return {
      ok: false,
      text: `Refused as stale: ${code(shortDigest(digest))} is not the current plan; ${now}. ${only ? "Look at it, then confirm that one." : ""} Nothing was done.`,
    };
  }
  return released(name, await runRelease(world, name, { confirmed: whole }, signal));
}

function released(name: string, outcome: Awaited<ReturnType<typeof runRelease>>): Answer {
  switch (outcome.kind) {
    case "unchanged":
      return { ok: true, text: `${code(name)} is as it should be: nothing to do.` };
    case "settled":
      return {
        ok: true,
        text: `${code(name)} is done: ${code(outcome.record)}, plan ${code(shortDigest(outcome.plan.digest))}.`,
      };
    case "held":
      return {
        ok: false,
        text: `${code(name)} is held: ${closedGates(outcome.gates)
          .map(({ reason }) => plain(reason, 600))
          .join("; ")}`,
      };
  }
}
