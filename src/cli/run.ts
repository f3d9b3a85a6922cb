import type { Terminal } from "./terminal.ts";

/** A command: gets the words after its name, gives the exit code. */
export type Run = (words: readonly string[], terminal: Terminal) => Promise<number>;
