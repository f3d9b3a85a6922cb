/** Every command of the command line, each in a file of its own that is loaded only when it is used: start-up stays as short as Node's. */
import type { TerminalRight } from "../core/doors.ts";
import type { Run } from "./run.ts";

export interface CommandEntry {
  readonly name: string;
  readonly usage: string;
  readonly help: string;
  /** What it may do, on whose right: core/doors.ts. */
  readonly right: TerminalRight;
  load(): Promise<Run>;
}

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "validate",
    usage: "validate [dir] [--format text|json|code-quality|junit]",
    help: "checks every claim, and names each mistake at its line",
    right: "looks",
    load: async () => (await import("./validate.ts")).validate,
  },
  {
    name: "plan",
    usage: "plan [dir] [--base REF] [--head REF] [--format text|json]",
    help: "prints what would be done; with refs, for the merge of head into base",
    right: "looks",
    load: async () => (await import("./plan.ts")).plan,
  },
  {
    name: "apply",
    usage: "apply [name…] [--dir DIR] [--yes] [--break-glass REASON] [--format text|json]",
    help: "prints the plan of HEAD, asks, and rolls it out",
    right: "releases",
    load: async () => (await import("./apply.ts")).apply,
  },
  {
    name: "render",
    usage: "render NAME [--dir DIR]",
    help: "prints the bundle that Flux would apply for an environment",
    right: "looks",
    load: async () => (await import("./render.ts")).render,
  },
  {
    name: "status",
    usage: "status [name] [--dir DIR] [--format text|json]",
    help: "says how far each environment is",
    right: "looks",
    load: async () => (await import("./status.ts")).status,
  },
  {
    name: "history",
    usage: "history NAME [--dir DIR] [--format text|json]",
    help: "lists the records of an environment, newest first",
    right: "looks",
    load: async () => (await import("./history.ts")).history,
  },
  {
    name: "show",
    usage: "show NAME [--at TIME|--seq N] [--dir DIR] [--format text|json]",
    help: "prints an environment as it was: claim, versions, record and rules",
    right: "looks",
    load: async () => (await import("./show.ts")).show,
  },
  {
    name: "diff",
    usage: "diff NAME FROM [TO] [--dir DIR] [--format text|json]",
    help: "prints what differs between two moments, such as 7 and newest",
    right: "looks",
    load: async () => (await import("./diff.ts")).diff,
  },
  {
    name: "audit",
    usage:
      "audit [--report] [--env NAME] [--user NAME] [--since TIME] [--until TIME] [--dir DIR] [--format text|json|csv|markdown]",
    help: "says who did what and on whose word; with --report, for an auditor",
    right: "looks",
    load: async () => (await import("./audit.ts")).audit,
  },
  {
    name: "verify",
    usage: "verify NAME…|--all|--receipt FILE [--since TIME] [--dir DIR] [--format text|json]",
    help: "checks the claim store, or one receipt, against the git repository: names each deviation",
    right: "looks",
    load: async () => (await import("./verify.ts")).verify,
  },
  {
    name: "backup",
    usage: "backup --to DIRECTORY|s3://BUCKET [--dir DIR] [--format text|json]",
    help: "copies the claim store to another place, only what is new there",
    right: "looks",
    load: async () => (await import("./backup.ts")).backup,
  },
  {
    name: "restore",
    usage: "restore --from DIRECTORY|s3://BUCKET [--at TIME] [--verify] [--dir DIR]",
    help: "writes a backup into an empty claim store",
    right: "restores",
    load: async () => (await import("./restore.ts")).restore,
  },
  {
    name: "rebuild",
    usage: "rebuild [--dir DIR] [--format text|json]",
    help: "makes anew what a lost database knew, from GitLab and the claim store",
    right: "restores",
    load: async () => (await import("./rebuild.ts")).rebuild,
  },
  {
    name: "schema",
    usage: "schema claim|platform",
    help: "prints a JSON schema, for editors",
    right: "looks",
    load: async () => (await import("./schema.ts")).schema,
  },
  {
    name: "init",
    usage: "init [--url URL] [--dry-run]",
    help: "sets up hook, labels and protected branch in GitLab, with only a token",
    right: "sets up",
    load: async () => (await import("./init.ts")).init,
  },
  {
    name: "doctor",
    usage: "doctor [--fix] [--dir DIR] [--format text|json]",
    help: "checks settings, token, hook and every other system, and says what to do",
    right: "sets up",
    load: async () => (await import("./doctor.ts")).doctor,
  },
  {
    name: "hook",
    usage: "hook rotate --prepare|--switch",
    help: "changes the webhook's secrets in an order that locks nobody out",
    right: "sets up",
    load: async () => (await import("./hook.ts")).hook,
  },
  {
    name: "events",
    usage: "events [--limit N] [--dir DIR] [--format text|json]",
    help: "lists webhooks with what was decided and why",
    right: "looks",
    load: async () => (await import("./events.ts")).events,
  },
  {
    name: "serve",
    usage: "serve",
    help: "starts the service",
    right: "opens",
    load: async () => (await import("./serve.ts")).serve,
  },
  {
    name: "sandbox",
    usage: "sandbox [--story] [--port PORT]",
    help: "starts the whole world on this machine; with --story, plays it through",
    right: "opens",
    load: async () => (await import("./sandbox.ts")).sandbox,
  },
];

export function usageOf({ usage, help }: CommandEntry): string {
  return `claimbot ${usage}\n\n${help}\n`;
}

export function usage(): string {
  const width = Math.max(...COMMANDS.map((command) => command.usage.length));
  const lines = COMMANDS.map((command) => `  claimbot ${command.usage.padEnd(width)}  ${command.help}`);
  return `Environments by merge request.\n\n${lines.join("\n")}\n\nExit codes: 0 good, 1 mistakes in claims, 2 wrong use, 3 the world is not ready.\n`;
}
