/** claimbot status: how far each environment is, by the claim log. */
import { isLive, type Log } from "../core/record.ts";
import { shortDigest } from "../core/json.ts";
import { oneLine } from "../core/render/encode.ts";
import { hasReceipt } from "../flows/receipt.ts";
import type { World } from "../flows/world.ts";
import { environmentsInLog, readAsFarAsSound } from "../targets/claim-store/claim-store.ts";
import type { Run } from "./run.ts";
import { openLocal } from "./local.ts";
import { environmentName, oneOf, readWords } from "./words.ts";

interface Status {
  readonly environment: string;
  readonly state: "broken" | "not published" | "live" | "on its way" | "being removed" | "removed";
  readonly sequence?: number;
  readonly at?: string;
  readonly plan?: string;
  /** What is wrong with its log. */
  readonly reason?: string;
}

export const status: Run = async (words, terminal) => {
  const { values, positionals } = readWords(words, { dir: { type: "string" }, format: { type: "string" } }, 1);
  const format = oneOf("format", values.format, ["text", "json"]);
  const { world } = await openLocal(terminal, values.dir);
  const { signal } = new AbortController();
  const names = positionals.length > 0 ? positionals.map(environmentName) : await environmentsInLog(world.store, signal);
  const found = await Promise.all(
    names.map(async (name) => {
      const { log, broken } = await readAsFarAsSound(world.store, name, [], signal);
      return broken === undefined
        ? statusOf(world, name, log, signal)
        : { environment: name, state: "broken" as const, reason: broken.message };
    }),
  );
  if (format === "json") terminal.out(`${JSON.stringify({ environments: found }, null, 2)}\n`);
  else terminal.out(found.length === 0 ? "Nothing is published yet.\n" : found.map(lineOf).join(""));
  if (found.some(({ state }) => state === "broken")) return 3;
  return positionals.length > 0 && found.every(({ state }) => state === "not published") ? 1 : 0;
};

async function statusOf(world: World, environment: string, log: Log, signal: AbortSignal): Promise<Status> {
  const head = log.at(-1);
  if (head === undefined) return { environment, state: "not published" };
  const base = { environment, sequence: head.sequence, at: head.at, plan: head.planDigest };
  if (!isLive(log)) return { ...base, state: "removed" };
  if (head.kind === "Tombstone") return { ...base, state: "being removed" };
  return { ...base, state: (await hasReceipt(world, environment, head.sequence, signal)) ? "live" : "on its way" };
}

function lineOf({ environment, state, sequence, at, plan, reason }: Status): string {
  const rest =
    sequence === undefined
      ? reason === undefined
        ? ""
        : `  ${oneLine(reason, 500)}`
      : `  record ${sequence}  ${at?.slice(0, 16).replace("T", " ")} UTC  plan ${shortDigest(plan ?? "")}`;
  return `${environment.padEnd(40)}  ${state.padEnd(13)}${rest}\n`;
}
