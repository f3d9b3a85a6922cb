/** Reads one line of a note such as `/claim apply 77d0e4c91a55`. */
import { didYouMean } from "../claim/did-you-mean.ts";
import {
  COMMAND_KINDS,
  COMMANDS,
  usageOf,
  type ArgumentKind,
  type Command,
  type CommandEntry,
  type CommandKind,
} from "./table.ts";

/** A line of a note that begins with `/claim`: a command, or what is wrong with it in one sentence that may hold foreign text. */
export type ParsedCommand =
  | { readonly line: string; readonly command: Command }
  | { readonly line: string; readonly mistake: string };

/** The platform's own names for commands (platform.yaml, `spec.commands.aliases`): `{ ship: "apply" }`. */
export type Aliases = Readonly<Record<string, string>>;

/**
 * Reads one line, with single blanks. An alias stands for its words once, never for another alias, and a command is never taken for one: what
 * is permitted, done and told is always the command itself.
 */
export function parseLine(line: string, aliases: Aliases = {}): ParsedCommand {
  const [, said = "help", ...rest] = line.split(" ");
  const [verb = "", ...words] = isCommand(said) ? [said, ...rest] : [...expansionOf(said, aliases), ...rest];
  const entry = entryOf(verb);
  if (entry === undefined) {
    const meant = didYouMean(said.toLowerCase(), [...COMMAND_KINDS, ...Object.keys(aliases)]);
    const way = meant === undefined ? "/claim help lists what I know." : `Did you mean /claim ${meant}?`;
    return { line, mistake: `I don't know ${said}. ${way} Nothing was done.` };
  }
  const given = new Map<string, string>();
  const misfit = fill(given, entry, words);
  if (misfit !== undefined) return { line, mistake: `${misfit} does not fit here: ${usageOf(entry)}. Nothing was done.` };
  const missing = entry.arguments.find(({ name, required }) => required && !given.has(name));
  if (missing !== undefined) {
    return { line, mistake: `${missing.name} is missing: ${usageOf(entry)}, such as ${entry.example}. Nothing was done.` };
  }
  return { line, command: commandOf(entry.kind, given) };
}

/** What is wrong with the words of an alias, in one sentence; they may lack arguments, which are then given behind the alias. */
export function aliasMistake(words: string, aliases: Aliases): string | undefined {
  const [verb = "", ...rest] = words.split(" ");
  const entry = entryOf(verb);
  if (entry !== undefined) {
    const misfit = fill(new Map(), entry, rest);
    return misfit === undefined ? undefined : `${misfit} does not fit: ${usageOf(entry)}.`;
  }
  return Object.hasOwn(aliases, verb.toLowerCase())
    ? `${verb} is an alias itself: one stands for a command, never for another.`
    : `There is no command ${verb}.`;
}

export function isCommand(word: string): boolean {
  return entryOf(word) !== undefined;
}

function entryOf(word: string): CommandEntry | undefined {
  return COMMANDS.find(({ kind }) => kind === word.toLowerCase());
}

function expansionOf(word: string, aliases: Aliases): readonly string[] {
  const name = word.toLowerCase();
  return Object.hasOwn(aliases, name) ? (aliases[name] ?? "").split(" ") : [word];
}

/** Gives each word to the first argument that is still empty and takes it; the first word that none takes is handed back. */
function fill(given: Map<string, string>, entry: CommandEntry, words: readonly string[]): string | undefined {
  for (const [index, word] of words.entries()) {
    const argument = entry.arguments.find(({ name, kind }) => !given.has(name) && PATTERNS[kind].test(word));
    if (argument === undefined) return word;
    given.set(argument.name, argument.kind === "words" ? words.slice(index).join(" ") : word.toLowerCase());
    if (argument.kind === "words") break;
  }
  return undefined;
}

const PATTERNS: Readonly<Record<ArgumentKind, RegExp>> = {
  environment: /^[a-z][a-z0-9-]{1,38}[a-z0-9]$/i,
  digest: /^[0-9a-f]{12,64}$/i,
  duration: /^[1-9][0-9]{0,3}[hd]$/i,
  sequence: /^[1-9][0-9]{0,7}$/,
  command: /^[a-z][a-z0-9-]{0,19}$/i,
  words: /^/,
};

function commandOf(kind: CommandKind, given: ReadonlyMap<string, string>): Command {
  const [environment, digest, sequence] = [given.get("environment"), given.get("digest"), given.get("sequence")];
  const [topic, reason] = [given.get("topic"), given.get("reason")];
  const where = environment === undefined ? {} : { environment };
  switch (kind) {
    case "help":
      return { kind, ...(topic !== undefined && { topic }) };
    case "plan":
    case "status":
    case "why":
    case "who":
    case "history":
    case "diff":
    case "cancel":
      return { kind, ...where };
    case "apply":
      return { kind, ...where, ...(digest !== undefined && { digest }) };
    case "promote":
      return { kind, from: required(given, "from"), to: required(given, "to") };
    case "rollback":
      return { kind, environment: required(given, "environment"), ...(sequence !== undefined && { sequence: Number(sequence) }) };
    case "extend":
      return { kind, environment: required(given, "environment"), duration: required(given, "duration") };
    case "destroy":
      return { kind, environment: required(given, "environment") };
    case "hold":
      return { kind, ...(reason !== undefined && { reason }) };
    case "unhold":
      return { kind };
  }
}

function required(given: ReadonlyMap<string, string>, name: string): string {
  const value = given.get(name);
  if (value === undefined) throw new Error(`the table does not require ${name}`);
  return value;
}
