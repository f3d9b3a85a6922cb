/** A hold stays until somebody takes its label off who may: by a command, or by hand. */
import type { Rules } from "../core/adopted.ts";
import { HOLD_LABEL } from "../core/gates.ts";
import { lastUnhold, MOST_PUT_BACK, timesHeldBy } from "../core/hold.ts";
import type { MergeRequest, User } from "../core/ports.ts";
import { HOLD_MARKER, renderHoldNote } from "../core/render/hold-note.ts";
import { actorOf } from "./actor.ts";
import { concernedBy, reasonAgainst } from "./answers/concerned.ts";
import { writeStickyNote } from "./sticky-note.ts";
import type { ForgeWorld } from "./world.ts";

/** The label was taken off without the right to: the hold is as good as before. */
export interface DefiedHold {
  /** Undefined: nobody knows who did it. */
  readonly user: User | undefined;
  /** Why they may not; may hold foreign text. */
  readonly refusal: string;
  /** How often we put it back already. */
  readonly timesPutBack: number;
}

/** By whose rules it is judged; asked for only where somebody took a label off. */
type RulesThen = () => Promise<Rules | undefined>;

/**
 * Undefined where nothing holds the merge request: nobody ever did, or who took the label off may. What cannot be known is no permission: a
 * label that went without an event, somebody who is gone, rules that cannot be read, environments that nobody knows any more.
 * `environment`: the one that is about to be released. Makes no call where the label is on.
 */
export async function defiedHold(
  world: ForgeWorld,
  mr: MergeRequest,
  rulesThen: RulesThen,
  environment: string | undefined,
  signal: AbortSignal,
): Promise<DefiedHold | undefined> {
  if (mr.labels.includes(HOLD_LABEL)) return undefined;
  const [events, me] = await Promise.all([world.forge.labelEvents(mr.iid, signal), world.forge.me(signal)]);
  const unhold = lastUnhold(events);
  const defied = (user: User | undefined, refusal: string): DefiedHold => ({
    user,
    refusal,
    timesPutBack: timesHeldBy(me, events),
  });
  switch (unhold.kind) {
    case "never":
      return undefined;
    case "unknown":
      return defied(undefined, "nobody knows who took it off.");
    case "by": {
      // We take it off when somebody said /claim unhold who may.
      if (unhold.user.id === me.id) return undefined;
      if (unhold.user.bot) return defied(unhold.user, "commands are for people, not for bots.");
      const refusal = await refusalOf(world, mr, unhold.user, rulesThen, environment, signal);
      return refusal === undefined ? undefined : defied(unhold.user, refusal);
    }
  }
}

/** As for the command: for every environment that the merge request concerns. */
async function refusalOf(
  world: ForgeWorld,
  mr: MergeRequest,
  user: User,
  rulesThen: RulesThen,
  environment: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  const [actor, rules, planned] = await Promise.all([
    actorOf(world, mr, user, signal),
    rulesThen(),
    concernedBy(world, mr, { kind: "unhold" }, signal),
  ]);
  const isKnown = environment === undefined || planned.some(({ name }) => name === environment);
  const own = isKnown ? [] : await concernedBy(world, mr, { kind: "status", environment }, signal);
  if (rules === undefined) return "the rules cannot be read, so nobody may.";
  const reason = await reasonAgainst({ actor, command: { kind: "unhold" } }, "unhold", rules, [...planned, ...own]);
  // What follows is said to the person, not of them.
  return reason === undefined ? undefined : reason.split(" You are ", 1)[0];
}

/** Under a marker that no note has. */
const MEMORY = "claimbot:held";
const HELD = "held";
const FREE = "free";

/**
 * Review's part: remembers that a merge request is held, and puts the label back that somebody took off without the right to. Asks GitLab
 * who did only where a hold is remembered; what is not remembered (a hold that came and went unheard, a lost database) is found by the release,
 * which always asks.
 */
export async function keepHold(world: ForgeWorld, mr: MergeRequest, rulesThen: RulesThen, signal: AbortSignal): Promise<void> {
  const { memory } = world;
  if (!(await isHoldMoved(world, mr))) return;
  const remember = async (bodyDigest: string): Promise<void> =>
    memory.rememberStickyNote(mr.iid, MEMORY, { noteId: 0, bodyDigest });
  if (mr.labels.includes(HOLD_LABEL)) {
    await remember(HELD);
    return;
  }
  // What it plans is not known now: the hold is looked at again when it is.
  if ((await concernedBy(world, mr, { kind: "unhold" }, signal)).length === 0) return;
  const defied = await defiedHold(world, mr, rulesThen, undefined, signal);
  if (defied === undefined) await remember(FREE);
  else await putHoldBack(world, mr, defied, signal);
}

/** Whether the label is not as it was when it was looked at last. */
export async function isHoldMoved({ memory }: ForgeWorld, { iid, labels }: MergeRequest): Promise<boolean> {
  const isHeld = (await memory.stickyNote(iid, MEMORY))?.bodyDigest === HELD;
  return isHeld !== labels.includes(HOLD_LABEL);
}

/** Says so first: who finds the label back finds the reason beside it. */
export async function putHoldBack(
  world: ForgeWorld,
  { iid }: Pick<MergeRequest, "iid">,
  defied: DefiedHold,
  signal: AbortSignal,
): Promise<void> {
  await writeStickyNote(world, iid, HOLD_MARKER, renderHoldNote(defied), signal);
  if (defied.timesPutBack >= MOST_PUT_BACK) return;
  await world.forge.editLabels(iid, { add: [HOLD_LABEL] }, signal);
}
