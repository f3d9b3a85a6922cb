/** A command as somebody said it, and what comes back. */
import type { Command } from "../../core/command.ts";
import type { MergeRequest, Note } from "../../core/ports.ts";
import type { Actor } from "../actor.ts";
import type { Concerned } from "./concerned.ts";

export interface Asked {
  readonly mr: MergeRequest;
  readonly note: Note;
  readonly actor: Actor;
  readonly command: Command;
  /** Tells the audit log what became of it: allowed before its effect, refused instead of it. */
  audit(verdict: "allowed" | "refused", concerned: readonly Concerned[], reason?: string): Promise<void>;
}

export interface Answer {
  readonly ok: boolean;
  /** Markdown; every foreign text in it is encoded. */
  readonly text: string;
}
