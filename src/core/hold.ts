/** Who took the label of a hold off, by GitLab's own log of labels. */
import { HOLD_LABEL } from "./gates.ts";
import type { LabelEvent, User } from "./ports.ts";

/** `never`: nobody held it. `unknown`: it was put on and is gone, and nobody's event says so: the label was deleted, or has another name. */
export type Unhold = { readonly kind: "never" } | { readonly kind: "unknown" } | { readonly kind: "by"; readonly user: User };

/**
 * Of a merge request that does not carry the label now. `events` are oldest first. A label that was deleted has no name in its events, and
 * anybody who may edit labels may delete one: so a nameless event is taken for one of the hold. That is seldom wrong, and then a person who
 * may unhold says so once; the other way round, deleting the label would let a release go.
 */
export function lastUnhold(events: readonly LabelEvent[]): Unhold {
  const last = events.findLast(({ label }) => label === HOLD_LABEL || label === undefined);
  if (last === undefined) return { kind: "never" };
  return last.action === "remove" ? { kind: "by", user: last.user } : { kind: "unknown" };
}

/** Whether it is held, and only since a time such as that of an unhold: what was said later counts, whichever of them is carried out later. */
export function isHeldSince(time: string, events: readonly LabelEvent[]): boolean {
  const last = events.findLast(({ label }) => label === HOLD_LABEL);
  return last?.action === "add" && last.at > time;
}

/** More than so often the label is not put back: somebody else's program takes it off each time, and the gate holds without it. */
export const MOST_PUT_BACK = 5;

/** How often a user, such as ourselves, put the label on. */
export function timesHeldBy({ id }: User, events: readonly LabelEvent[]): number {
  return events.filter(({ user, label, action }) => user.id === id && label === HOLD_LABEL && action === "add").length;
}
