/** /claim hold, unhold, cancel: a label that everybody sees. There is no hidden state to hold anything by. */
import type { Rules } from "../../core/adopted.ts";
import { HOLD_LABEL } from "../../core/gates.ts";
import { Stale } from "../../core/errors.ts";
import { isHeldSince } from "../../core/hold.ts";
import type { MergeRequest } from "../../core/ports.ts";
import { isLive } from "../../core/record.ts";
import { code } from "../../core/render/encode.ts";
import { readLog } from "../../targets/claim-store/claim-store.ts";
import { defiedHold } from "../hold.ts";
import { hasReceipt } from "../receipt.ts";
import type { ForgeWorld } from "../world.ts";
import type { Answer, Asked } from "./asked.ts";
import type { Concerned } from "./concerned.ts";
import { judgingRules } from "./judging-rules.ts";

export async function hold(
  world: ForgeWorld,
  { mr, note }: Asked,
  kind: "hold" | "unhold" | "cancel",
  concerned: readonly Concerned[],
  signal: AbortSignal,
): Promise<Answer> {
  if (kind === "unhold") {
    // It may have been done before, and be tried again because its answer was lost: a hold of after that stays.
    if (isHeldSince(note.createdAt, await world.forge.labelEvents(mr.iid, signal)))
      throw new Stale("it was held again after that was written");
    // Where somebody took it off without the right to, GitLab's log of labels must say that it was taken off with it.
    if (await isDefied(world, mr, signal)) await world.forge.editLabels(mr.iid, { add: [HOLD_LABEL] }, signal);
    await world.forge.editLabels(mr.iid, { remove: [HOLD_LABEL] }, signal);
    if (mr.state === "merged") await world.jobs.enqueue({ kind: "fan-out" });
    return {
      ok: true,
      text: `Not held any more: the label ${code(HOLD_LABEL)} is off.${mr.state === "merged" ? " The release goes on." : ""}`,
    };
  }
  await world.forge.editLabels(mr.iid, { add: [HOLD_LABEL] }, signal);
  const begun = kind === "cancel" ? await begunOf(world, concerned, signal) : [];
  const late =
    begun.length === 0 ? "" : ` Too late for ${begun.map((name) => code(name)).join(", ")}: what is recorded goes to its end.`;
  return {
    ok: begun.length === 0,
    text: `Held by the label ${code(HOLD_LABEL)}: nothing new of this merge request is released. \`/claim unhold\` takes it off.${late}`,
  };
}

async function isDefied(world: ForgeWorld, mr: MergeRequest, signal: AbortSignal): Promise<boolean> {
  const rulesThen = async (): Promise<Rules | undefined> => judgingRules(world, signal);
  return (await defiedHold(world, mr, rulesThen, undefined, signal)) !== undefined;
}

/** Environments whose release has begun and is not at its end. */
async function begunOf(world: ForgeWorld, concerned: readonly Concerned[], signal: AbortSignal): Promise<readonly string[]> {
  const names: string[] = [];
  for (const { name } of concerned) {
    const log = await readLog(world.store, name, signal);
    const head = log.at(-1);
    if (head !== undefined && isLive(log) && !(await hasReceipt(world, name, head.sequence, signal))) names.push(name);
  }
  return names;
}
