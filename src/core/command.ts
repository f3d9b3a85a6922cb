/** The commands that people write in comments: what each means, and how a note is read. Whether somebody may is permission.ts. */
import { didYouMean } from "./claim/did-you-mean.ts";
import { topLevelClaimLines } from "./command/top-level-lines.ts";

export type Command =
  | { readonly kind: "help"; readonly topic?: string }
  | { readonly kind: "plan"; readonly environment?: string }
  /** Without a digest it repeats what the merge allows; with one (12 to 64 digits) it confirms exactly that plan. */
  | { readonly kind: "apply"; readonly environment?: string; readonly digest?: string }
  | { readonly kind: "status"; readonly environment?: string }
  | { readonly kind: "why"; readonly environment?: string }
  | { readonly kind: "who"; readonly environment?: string }
  | { readonly kind: "history"; readonly environment?: string }
  | { readonly kind: "diff"; readonly environment?: string }
  | { readonly kind: "promote"; readonly from: string; readonly to: string }
  /** Without a sequence: to the publication before the last. */
  | { readonly kind: "rollback"; readonly environment: string; readonly sequence?: number }
  /** `24h` or `2d`, as in a claim's ttl. */
  | { readonly kind: "extend"; readonly environment: string; readonly duration: string }
  | { readonly kind: "destroy"; readonly environment: string }
  | { readonly kind: "hold"; readonly reason?: string }
  | { readonly kind: "unhold" }
  | { readonly kind: "cancel"; readonly environment?: string };

export type CommandKind = Command["kind"];

/** A line of a note that begins with `/claim`: a command, or what is wrong with it in one sentence that may hold foreign text. */
export type ParsedCommand =
  | { readonly line: string; readonly command: Command }
  | { readonly line: string; readonly mistake: string };

type ArgumentKind = "environment" | "digest" | "duration" | "sequence" | "command" | "words";

export interface Argument {
  readonly name: string;
  readonly kind: ArgumentKind;
  readonly required?: true;
}

export interface CommandEntry {
  readonly kind: CommandKind;
  /** Each given word goes to the first argument that is still empty and takes it. */
  readonly arguments: readonly Argument[];
  /** What it does, in one line. */
  readonly help: string;
  readonly example: string;
  /** The Cedar action that somebody must be permitted. */
  readonly action: CommandKind;
  /** States of the merge request in which it makes sense. */
  readonly where: readonly ("opened" | "merged" | "closed")[];
  /** `later`: it is understood, and answers that it comes later. */
  readonly works: "now" | "later";
}

const ANYWHERE = ["opened", "merged", "closed"] as const;
const environment: Argument = { name: "environment", kind: "environment" };
const thatEnvironment: Argument = { ...environment, required: true };

/** Every command, in the order in which help lists them. */
export const COMMANDS: readonly CommandEntry[] = [
  entry("help", "now", [{ name: "topic", kind: "command" }], ANYWHERE, "lists what you may do here", "/claim help"),
  entry("plan", "now", [environment], ["opened"], "plans again, with the newest allowed versions", "/claim plan"),
  entry(
    "apply",
    "now",
    [{ name: "digest", kind: "digest" }, environment],
    ["merged"],
    "tries the release again; with a digest, confirms exactly that plan",
    "/claim apply 77d0e4c91a55",
  ),
  entry("status", "now", [environment], ANYWHERE, "says how far the environments are", "/claim status payments-stage"),
  entry(
    "why",
    "now",
    [environment],
    ANYWHERE,
    "says what an environment waits for, and who can help",
    "/claim why payments-prod",
  ),
  entry("who", "now", [environment], ANYWHERE, "says who may do what to an environment", "/claim who payments-prod"),
  entry("history", "now", [environment], ANYWHERE, "lists the publications of an environment", "/claim history payments-prod"),
  entry("diff", "later", [environment], ANYWHERE, "shows what differs from the reviewed plan", "/claim diff payments-prod"),
  entry(
    "promote",
    "later",
    [
      { name: "from", kind: "environment", required: true },
      { name: "to", kind: "environment", required: true },
    ],
    ANYWHERE,
    "opens a merge request that brings one environment's versions to another",
    "/claim promote payments-stage payments-prod",
  ),
  entry(
    "rollback",
    "later",
    [{ name: "sequence", kind: "sequence" }, thatEnvironment],
    ANYWHERE,
    "opens a merge request that goes back to an earlier publication",
    "/claim rollback payments-prod 7",
  ),
  entry(
    "extend",
    "later",
    [{ name: "duration", kind: "duration", required: true }, thatEnvironment],
    ANYWHERE,
    "lets a sue environment live longer",
    "/claim extend shop-sue 24h",
  ),
  entry(
    "destroy",
    "later",
    [thatEnvironment],
    ANYWHERE,
    "opens a merge request that removes an environment",
    "/claim destroy shop-sue",
  ),
  entry(
    "hold",
    "now",
    [{ name: "reason", kind: "words" }],
    ["opened", "merged"],
    "keeps this merge request from being released",
    "/claim hold until the bank has answered",
  ),
  entry("unhold", "now", [], ["opened", "merged"], "lets this merge request be released again", "/claim unhold"),
  entry("cancel", "now", [environment], ["merged"], "stops a release that has not begun", "/claim cancel payments-prod"),
];

export const COMMAND_KINDS: readonly CommandKind[] = COMMANDS.map(({ kind }) => kind);

/** More in one note are refused: a pasted list is more often an accident than a wish. */
export const COMMANDS_PER_NOTE = 5;
/** In UTF-16 code units. Longer notes hold reports, not commands; reading them costs time that anybody could make us spend. */
const NOTE_LIMIT = 10_000;

/** How a command is written, such as `/claim apply [digest] [environment]`. */
export function usageOf({ kind, arguments: expected }: CommandEntry): string {
  // Required ones are shown first: that is how people write them, and the order does not matter to us where the kinds differ.
  const shown = expected.toSorted((a, b) => Number(b.kind === "environment") - Number(a.kind === "environment"));
  return ["/claim", kind, ...shown.map(({ name, required }) => (required ? `<${name}>` : `[${name}]`))].join(" ");
}

/** The commands of a note, in order; empty where it holds none. Never throws, whatever the text. */
export function parseNote(text: string): readonly ParsedCommand[] {
  if (text.length > NOTE_LIMIT || !/\/claim/i.test(text)) return [];
  const lines = topLevelClaimLines(text);
  const parsed = lines.slice(0, COMMANDS_PER_NOTE).map(parseLine);
  const next = lines[COMMANDS_PER_NOTE];
  if (next === undefined) return parsed;
  const mistake = `A note may hold ${COMMANDS_PER_NOTE} commands at the most; from this one on nothing was done. Write the others in a new comment.`;
  return [...parsed, { line: next, mistake }];
}

/** Reads one line such as `/claim apply 77d0e4c91a55`, with single blanks. */
function parseLine(line: string): ParsedCommand {
  const [, verb = "help", ...words] = line.split(" ");
  const entry = COMMANDS.find(({ kind }) => kind === verb.toLowerCase());
  if (entry === undefined) {
    const meant = didYouMean(verb.toLowerCase(), COMMAND_KINDS);
    const way = meant === undefined ? "/claim help lists what I know." : `Did you mean /claim ${meant}?`;
    return { line, mistake: `I don't know ${verb}. ${way} Nothing was done.` };
  }
  const given = new Map<string, string>();
  for (const [index, word] of words.entries()) {
    const argument = entry.arguments.find(({ name, kind }) => !given.has(name) && PATTERNS[kind].test(word));
    if (argument === undefined) return { line, mistake: `${word} does not fit here: ${usageOf(entry)}. Nothing was done.` };
    given.set(argument.name, argument.kind === "words" ? words.slice(index).join(" ") : word.toLowerCase());
    if (argument.kind === "words") break;
  }
  const missing = entry.arguments.find(({ name, required }) => required && !given.has(name));
  if (missing !== undefined) {
    return { line, mistake: `${missing.name} is missing: ${usageOf(entry)}, such as ${entry.example}. Nothing was done.` };
  }
  return { line, command: commandOf(entry.kind, given) };
}

const PATTERNS: Readonly<Record<ArgumentKind, RegExp>> = {
  environment: /^[a-z][a-z0-9-]{1,38}[a-z0-9]$/i,
  digest: /^[0-9a-f]{12,64}$/i,
  duration: /^[1-9][0-9]{0,3}[hd]$/i,
  sequence: /^[1-9][0-9]{0,7}$/,
  command: /^[a-z]{1,20}$/i,
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

function entry(
  kind: CommandKind,
  works: CommandEntry["works"],
  expected: readonly Argument[],
  where: CommandEntry["where"],
  help: string,
  example: string,
): CommandEntry {
  return { kind, arguments: expected, help, example, action: kind, where, works };
}
