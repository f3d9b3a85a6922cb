/** The commands of a note: which of its lines are some, and what they say. */
import { parseLine, type Aliases, type ParsedCommand } from "./command/line.ts";
import { topLevelClaimLines } from "./command/top-level-lines.ts";

export { type Aliases, type ParsedCommand } from "./command/line.ts";
export { COMMAND_KINDS, COMMANDS, usageOf, type Command, type CommandEntry, type CommandKind } from "./command/table.ts";

/** More in one note are refused: a pasted list is more often an accident than a wish. */
export const COMMANDS_PER_NOTE = 5;
/** In UTF-16 code units. Longer notes hold reports, not commands; reading them costs time that anybody could make us spend. */
const NOTE_LIMIT = 10_000;

/**
 * The commands of a note, in order; empty where it holds none. Never throws, whatever the text. Which lines are commands does not depend on
 * the aliases: each begins with `/claim`.
 */
export function parseNote(text: string, aliases: Aliases = {}): readonly ParsedCommand[] {
  if (text.length > NOTE_LIMIT || !/\/claim/i.test(text)) return [];
  const lines = topLevelClaimLines(text);
  const parsed = lines.slice(0, COMMANDS_PER_NOTE).map((line) => parseLine(line, aliases));
  const next = lines[COMMANDS_PER_NOTE];
  if (next === undefined) return parsed;
  const mistake = `A note may hold ${COMMANDS_PER_NOTE} commands at the most; from this one on nothing was done. Write the others in a new comment.`;
  return [...parsed, { line: next, mistake }];
}
