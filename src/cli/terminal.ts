/** The terminal as a value: where a command writes, and what it knows of the person before it. */
import { createInterface } from "node:readline/promises";
import { resolve } from "node:path";

export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Colour on standard output: a terminal, and nobody said NO_COLOR. */
  readonly colour: boolean;
  /** Somebody can be asked. */
  readonly interactive: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A path relative to where the person stands; under npm that is INIT_CWD. */
  path(text: string): string;
  ask(question: string): Promise<string>;
}

export function openTerminal(): Terminal {
  const { env } = process;
  // Whoever was reading has gone, such as `| head`: what is under way goes on, and says no more.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    colour: process.stdout.isTTY && !env["NO_COLOR"],
    interactive: process.stdin.isTTY && process.stderr.isTTY,
    env,
    path: (text) => resolve(env["INIT_CWD"] ?? process.cwd(), text),
    async ask(question) {
      const lines = createInterface({ input: process.stdin, output: process.stderr });
      try {
        return await lines.question(question);
      } finally {
        lines.close();
      }
    },
  };
}
