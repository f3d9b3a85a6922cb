#!/usr/bin/env node
/** The command line: finds the command, loads it, and turns what it throws into an exit code. 0 good, 1 a mistake of the user's, 2 wrong use, 3 the world is not ready. */
import { COMMANDS, usage, usageOf } from "./cli/commands.ts";
import { exitCodeOf } from "./cli/exit.ts";
import { openTerminal } from "./cli/terminal.ts";

const [verb, ...rest] = process.argv.slice(2);
const terminal = openTerminal();
const entry = COMMANDS.find(({ name }) => name === verb);

if (verb === undefined || verb === "help" || verb === "--help" || verb === "-h") terminal.out(usage());
else if (entry === undefined) {
  terminal.err(`claimbot: there is no command ${JSON.stringify(verb)}\n\n${usage()}`);
  process.exitCode = 2;
} else if (rest.includes("--help") || rest.includes("-h")) terminal.out(usageOf(entry));
else {
  try {
    process.exitCode = await (await entry.load())(rest, terminal);
  } catch (error) {
    process.exitCode = exitCodeOf(error, terminal);
  }
}
