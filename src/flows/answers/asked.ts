/** A command as somebody said it, and what comes back. */
import type { Command } from "../../core/command.ts";
import type { MergeRequest, Note } from "../../core/ports.ts";
import type { Actor } from "../actor.ts";

export interface Asked {
  readonly mr: MergeRequest;
  readonly note: Note;
  readonly actor: Actor;
  readonly command: Command;
}

export interface Answer {
  readonly ok: boolean;
  /** Markdown; every foreign text in it is encoded. */
  readonly text: string;
}
