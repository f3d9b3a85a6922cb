/** /claim help: only what this person may do on this merge request. */
import type { Rules } from "../../core/adopted.ts";
import { COMMANDS, usageOf } from "../../core/command.ts";
import type { ForgeWorld } from "../world.ts";
import type { Asked } from "./asked.ts";
import { concernedBy, refusalFor } from "./concerned.ts";

export async function help(world: ForgeWorld, asked: Asked, rules: Rules | undefined, signal: AbortSignal): Promise<string> {
  const concerned = await concernedBy(world, asked.mr, { kind: "help" }, signal);
  const lines: string[] = [];
  for (const entry of COMMANDS) {
    const fits = entry.works === "now" && (entry.where as readonly string[]).includes(asked.mr.state);
    if (fits && (await refusalFor({ ...asked, command: { kind: "help" } }, entry, rules, concerned)) === undefined) {
      lines.push(`| \`${usageOf(entry)}\` | ${entry.help} | \`${entry.example}\` |`);
    }
  }
  if (lines.length === 0) return "There is nothing that you may do here.";
  return [
    "What you may do on this merge request:",
    "",
    "| command | what it does | such as |",
    "| --- | --- | --- |",
    ...lines,
  ].join("\n");
}
