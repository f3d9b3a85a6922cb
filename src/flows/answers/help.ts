/** /claim help: only what this person may do on this merge request. */
import type { Rules } from "../../core/adopted.ts";
import { COMMANDS, usageOf, type Aliases } from "../../core/command.ts";
import { code } from "../../core/render/encode.ts";
import type { ForgeWorld } from "../world.ts";
import type { Asked } from "./asked.ts";
import { concernedBy, refusalFor } from "./concerned.ts";

export async function help(world: ForgeWorld, asked: Asked, rules: Rules | undefined, signal: AbortSignal): Promise<string> {
  const concerned = await concernedBy(world, asked.mr, { kind: "help" }, signal);
  const lines: string[] = [];
  const allowed = new Set<string>();
  for (const entry of COMMANDS) {
    const fits = entry.works === "now" && (entry.where as readonly string[]).includes(asked.mr.state);
    if (fits && (await refusalFor({ ...asked, command: { kind: "help" } }, entry, rules, concerned)) === undefined) {
      lines.push(`| \`${usageOf(entry)}\` | ${entry.help} | \`${entry.example}\` |`);
      allowed.add(entry.kind);
    }
  }
  if (lines.length === 0) return "There is nothing that you may do here.";
  return [
    "What you may do on this merge request:",
    "",
    "| command | what it does | such as |",
    "| --- | --- | --- |",
    ...lines,
    ...shortcuts(rules?.platform.spec.commands?.aliases ?? {}, allowed),
  ].join("\n");
}

/** The platform's own names for what is listed. */
function shortcuts(aliases: Aliases, allowed: ReadonlySet<string>): readonly string[] {
  const shown = Object.entries(aliases)
    .filter(([, words]) => allowed.has(words.split(" ")[0] ?? ""))
    .map(([name, words]) => `${code(`/claim ${name}`)} is ${code(`/claim ${words}`)}`);
  return shown.length === 0 ? [] : ["", `Your platform's own names: ${shown.join(", ")}.`];
}
