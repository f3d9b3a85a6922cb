/** What was thrown → exit code and words. */
import { Stale, Stalled, Waiting } from "../core/errors.ts";
import type { Terminal } from "./terminal.ts";

/** The command was used wrongly: exit code 2. */
export class WrongUse extends Error {
  override readonly name = "WrongUse";
}

export function exitCodeOf(error: unknown, terminal: Terminal): number {
  if (error instanceof WrongUse) {
    terminal.err(`claimbot: ${error.message}\n`);
    return 2;
  }
  if (error instanceof Stalled) {
    terminal.err(`claimbot: ${error.message}\n${error.wayOut}.\n`);
    return 3;
  }
  if (error instanceof Waiting) {
    terminal.err(
      `claimbot: ${error.message}\nNothing is lost: run it again in ${Math.max(1, Math.round(error.retryAfterMs / 1000))} s.\n`,
    );
    return 3;
  }
  if (error instanceof Stale) {
    terminal.err(`claimbot: ${error.message}\nRun it again: it plans anew.\n`);
    return 3;
  }
  throw error;
}
