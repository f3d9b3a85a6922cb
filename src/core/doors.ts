/**
 * The doors: every way to ask something of claimbot, how it is known who asks, and what is done on their word. Whatever has no door here does not
 * build or fails a test; what a door does not take is refused.
 */
import { COMMAND_KINDS, type CommandKind } from "./command.ts";
import type { Job } from "./ports.ts";

export interface Door {
  /** How it is known who asks. */
  readonly actor: string;
  /** Whose right decides about what is asked. */
  readonly right: string;
  /** Commands that it takes, each by `authorise` for the person who says it. */
  readonly commands: readonly CommandKind[];
}

export type DoorName = "chat" | "event" | "timer" | "terminal" | "control" | "probe";

export const DOORS: Readonly<Record<DoorName, Door>> = {
  chat: {
    actor: "the person who wrote the note, asked of GitLab when the command runs and again before its first effect",
    right: "theirs, by the adopted policies: authorise",
    commands: COMMAND_KINDS,
  },
  event: {
    actor: "a service that proves by secret or signature that it sent the webhook; never a person",
    right: "none: an event is an address, and makes jobs that read the truth when they run",
    commands: [],
  },
  timer: {
    actor: "nobody",
    right: "what a merge allows: every gate is asked, by the adopted rules",
    commands: [],
  },
  terminal: {
    actor: "whoever has a checkout and the credentials of the settings; a terminal has no identity",
    right: "that of the credentials, command by command: TERMINAL_RIGHTS",
    commands: [],
  },
  control: {
    actor: "the user that the service runs as, by the rights of a socket's file",
    right: "to read what the service remembers of webhooks",
    commands: [],
  },
  probe: {
    actor: "anybody who reaches the port",
    right: "to learn whether the service works, and its counters: no version, name or content",
    commands: [],
  },
};

/** By which door the work of a job came in. */
export const JOB_DOORS: Readonly<Record<Job["kind"], DoorName>> = {
  command: "chat",
  review: "timer",
  release: "timer",
  "fan-out": "timer",
  sweep: "timer",
  verify: "timer",
};

/** What a route demands. public: answers anybody, and says nothing that is worth asking for. webhook: proves by itself who sent it. */
export type RouteRole = "public" | "webhook";

export const ROUTE_DOORS: Readonly<Record<RouteRole, DoorName>> = { public: "probe", webhook: "event" };

/** What a command of the command line may do, on whose right. */
export const TERMINAL_RIGHTS = {
  looks: "reads: files, the claim store, other systems; changes nothing but files that it is told to write",
  "sets up": "changes settings of the project in GitLab, as far as the token it is given may",
  releases:
    "rolls out, by every gate where GitLab is configured; gates stay unchecked only where nothing remote is, else it needs --break-glass REASON, which record and audit log keep",
  restores: "writes back what was there before, into an empty store or database, as far as the credentials may; replaces nothing",
  opens: "starts a service, which has doors of its own",
} as const;

export type TerminalRight = keyof typeof TERMINAL_RIGHTS;
