/** The commands that people write in comments, as data: what each means, takes and does. Whether somebody may is permission.ts. */

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

export type ArgumentKind = "environment" | "digest" | "duration" | "sequence" | "command" | "words";

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
  entry(
    "diff",
    "now",
    [environment],
    ["opened", "merged"],
    "shows a plan in full, and after the merge what differs from the reviewed one",
    "/claim diff payments-prod",
  ),
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

/** How a command is written, such as `/claim apply [digest] [environment]`. */
export function usageOf({ kind, arguments: expected }: CommandEntry): string {
  // Required ones are shown first: that is how people write them, and the order does not matter to us where the kinds differ.
  const shown = expected.toSorted((a, b) => Number(b.kind === "environment") - Number(a.kind === "environment"));
  return ["/claim", kind, ...shown.map(({ name, required }) => (required ? `<${name}>` : `[${name}]`))].join(" ");
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
