/** What each command does and answers. Every one passes `authorise` first, for every environment that it concerns. */
import { COMMANDS, usageOf, type Command, type CommandEntry } from "../../core/command.ts";
import type { ForgeWorld } from "../world.ts";
import { apply } from "./apply.ts";
import type { Answer, Asked } from "./asked.ts";
import { concernedBy, refusalFor, type Concerned } from "./concerned.ts";
import { diff } from "./diff.ts";
import { help } from "./help.ts";
import { history } from "./history.ts";
import { hold } from "./hold.ts";
import { judgingRules } from "./judging-rules.ts";
import { plan } from "./plan.ts";
import { status } from "./status.ts";
import { stillAsked } from "./still-asked.ts";
import { who } from "./who.ts";
import { why } from "./why.ts";
import { whyUnplanned } from "./why-unplanned.ts";

export async function answer(world: ForgeWorld, asked: Asked, signal: AbortSignal): Promise<Answer> {
  const { mr, command } = asked;
  const entry = entryOf(command);
  const rules = await judgingRules(world, signal);
  if (command.kind === "help") await asked.audit("allowed", []);
  if (command.kind === "help") return { ok: true, text: await help(world, asked, rules, signal) };
  const concerned = await concernedBy(world, mr, command, signal);
  const refused = async (reason: string, text = reason): Promise<Answer> => {
    await asked.audit("refused", concerned, reason);
    return { ok: false, text };
  };
  if (command.kind === "apply" && command.environment === undefined && concerned.length === 0) {
    return refused("This merge request has no plan to apply. Nothing was done.");
  }
  if (command.kind === "why" && concerned.length === 0) {
    // What it brings may not be readable, so that nobody knows whose it is: then it is a question about the merge request.
    const mayAsk = (await refusalFor({ ...asked, command: { kind: "why" } }, entry, rules, [])) === undefined;
    const text = mayAsk ? await whyUnplanned(world, mr, command.environment, signal) : undefined;
    if (text !== undefined) await asked.audit("allowed", []);
    if (text !== undefined) return { ok: true, text };
  }
  const refusal = await refusalFor(asked, entry, rules, concerned);
  if (refusal !== undefined) return refused(refusal, `\`${usageOf(entry)}\` — ${refusal}`);
  if (!(entry.where as readonly string[]).includes(mr.state)) {
    const hint = command.kind === "apply" ? " Nothing is applied before the merge." : "";
    return refused(`\`/claim ${command.kind}\` does nothing on a merge request that is ${mr.state}.${hint}`);
  }
  await asked.audit("allowed", concerned);
  const still = async (those: readonly Concerned[]): Promise<void> => stillAsked(world, asked, entry, rules, those, signal);
  return carryOut(world, asked, concerned, still, signal);
}

async function carryOut(
  world: ForgeWorld,
  asked: Asked,
  concerned: readonly Concerned[],
  still: (concerned: readonly Concerned[]) => Promise<void>,
  signal: AbortSignal,
): Promise<Answer> {
  const { mr, command } = asked;
  switch (command.kind) {
    case "help":
      throw new Error("help is answered before");
    case "plan":
      return plan(world, mr, signal);
    case "apply":
      return apply(world, command, concerned, asked.actor, async (one) => still([one]), signal);
    case "status":
      return { ok: true, text: await status(world, mr, concerned, signal) };
    case "why":
      return { ok: true, text: await why(world, mr, concerned, signal) };
    case "who":
      return { ok: true, text: await who(world, mr, concerned, signal) };
    case "history":
      return { ok: true, text: await history(world, concerned, signal) };
    case "hold":
    case "unhold":
    case "cancel":
      await still(concerned);
      return hold(world, asked, command.kind, concerned, signal);
    case "diff":
      return { ok: true, text: await diff(world, mr, concerned, signal) };
    case "promote":
    case "rollback":
    case "extend":
    case "destroy":
      return { ok: false, text: `\`/claim ${command.kind}\` is understood, but not there yet. Nothing was done.` };
  }
}

function entryOf({ kind }: Command): CommandEntry {
  const entry = COMMANDS.find((candidate) => candidate.kind === kind);
  if (entry === undefined) throw new Error(`the table knows no command ${kind}`);
  return entry;
}
