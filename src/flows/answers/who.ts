/** /claim who: which people may do what to an environment, by the adopted policies. */
import { countsAsAuthor } from "../../core/asker.ts";
import { COMMANDS, type CommandKind } from "../../core/command.ts";
import { authorise } from "../../core/permission.ts";
import type { Member, MergeRequest } from "../../core/ports.ts";
import { code } from "../../core/render/encode.ts";
import type { ForgeWorld } from "../world.ts";
import type { Concerned } from "./concerned.ts";
import { judgingRules } from "./judging-rules.ts";

/** The commands that change something, and so are not everybody's. */
const ASKED: readonly CommandKind[] = COMMANDS.map(({ kind }) => kind).filter((kind) =>
  ["apply", "hold", "unhold", "extend", "rollback", "destroy"].includes(kind),
);
const MOST_PEOPLE = 30;

export async function who(
  world: ForgeWorld,
  mr: MergeRequest,
  concerned: readonly Concerned[],
  signal: AbortSignal,
): Promise<string> {
  const [rules, project, me] = await Promise.all([
    judgingRules(world, signal),
    world.forge.members(signal),
    world.forge.me(signal),
  ]);
  if (rules === undefined) return "The rules cannot be read, so nobody may do anything.";
  const parts: string[] = [];
  for (const { name, type, owner } of concerned.slice(0, 5)) {
    const group = owner === "" ? project : await world.forge.groupMembers(owner, signal);
    const rows: string[] = [];
    for (const { user, accessLevel, ownerAccessLevel } of people(project, group, owner === "")) {
      const allowed: string[] = [];
      for (const command of ASKED) {
        const actor = {
          username: user.username,
          accessLevel,
          ownerAccessLevel,
          bot: user.bot,
          isAuthor: countsAsAuthor(mr, me, user),
          isCommitter: false,
        };
        const verdict = await authorise(rules.policies, {
          actor,
          command,
          environment: { name, type, owner },
          mergeRequest: { fork: false },
        });
        if (verdict.allowed) allowed.push(command);
      }
      if (allowed.length > 0) rows.push(`| ${code(user.username)} | ${allowed.join(", ")} |`);
    }
    const shown = rows.slice(0, MOST_PEOPLE);
    const more = rows.length > shown.length ? [`| ${rows.length - shown.length} more | |`] : [];
    parts.push(
      [
        `**${name}** (${type}${owner === "" ? "" : `, of ${code(owner)}`})`,
        "",
        "| who | may |",
        "| --- | --- |",
        ...shown,
        ...more,
      ].join("\n"),
    );
  }
  return parts.length === 0 ? "No environment is concerned here." : parts.join("\n\n");
}

interface Person extends Member {
  readonly ownerAccessLevel: number;
}

/** Everybody of the project and of the owner, once, with both levels; people before bots have no place here. */
function people(project: readonly Member[], group: readonly Member[], same: boolean): readonly Person[] {
  const ids = new Map([...project, ...group].map(({ user }) => [user.id, user]));
  return [...ids.values()]
    .filter(({ bot }) => !bot)
    .map((user) => {
      const accessLevel = level(project, user.id);
      return { user, accessLevel, ownerAccessLevel: same ? accessLevel : level(group, user.id) };
    });
}

function level(members: readonly Member[], id: number): number {
  return members.find(({ user }) => user.id === id)?.accessLevel ?? 0;
}
