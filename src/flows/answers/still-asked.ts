/** Immediately before a command's first effect: does it still stand, and may its author still? */
import type { Rules } from "../../core/adopted.ts";
import type { CommandEntry } from "../../core/command.ts";
import { Stale } from "../../core/errors.ts";
import type { ForgeWorld } from "../world.ts";
import type { Asked } from "./asked.ts";
import { refusalFor, type Concerned } from "./concerned.ts";

/** Throws Stale when the note was edited or deleted, or its author lost the right to say it. */
export async function stillAsked(
  world: ForgeWorld,
  asked: Asked,
  entry: CommandEntry,
  rules: Rules | undefined,
  concerned: readonly Concerned[],
  signal: AbortSignal,
): Promise<void> {
  const { forge } = world;
  const { mr, note, actor } = asked;
  const [now, accessLevel] = await Promise.all([forge.note(mr.iid, note.id, signal), forge.accessLevel(note.author.id, signal)]);
  if (now === undefined) throw new Stale("the command was deleted meanwhile");
  // Its time of change says nothing: every reaction moves it, our own too.
  if (now.body !== note.body) throw new Stale("the command was edited meanwhile");
  // Who committed to a head never changes; what somebody may does.
  const current = {
    ...actor,
    accessLevel,
    ownerAccessLevel: async (group: string) => forge.groupAccessLevel(group, note.author.id, signal),
  };
  if ((await refusalFor({ ...asked, actor: current }, entry, rules, concerned)) !== undefined) {
    throw new Stale(`${note.author.username} may not say that any more`);
  }
}
