/** /claim history: the newest records of an environment. */
import { shortDigest } from "../../core/json.ts";
import { recordKey, type LogRecord } from "../../core/record.ts";
import { code } from "../../core/render/encode.ts";
import { readLog } from "../../targets/claim-store/claim-store.ts";
import type { ForgeWorld } from "../world.ts";
import type { Concerned } from "./concerned.ts";

const MOST = 10;

export async function history(world: ForgeWorld, concerned: readonly Concerned[], signal: AbortSignal): Promise<string> {
  const parts: string[] = [];
  for (const { name } of concerned.slice(0, 5)) {
    const log = await readLog(world.store, name, signal);
    if (log.length === 0) parts.push(`**${name}** was never published.`);
    else {
      const more = log.length > MOST ? [`| ${log.length - MOST} older | \`claimbot history ${name}\` has them all | | |`] : [];
      parts.push(
        [
          `**${name}**`,
          "",
          "| record | when | what | from |",
          "| --- | --- | --- | --- |",
          ...log.toReversed().slice(0, MOST).map(row),
          ...more,
        ].join("\n"),
      );
    }
  }
  return parts.length === 0 ? "No environment is concerned here." : parts.join("\n\n");
}

function row(record: LogRecord): string {
  const { environment, sequence, at, kind, source, planDigest } = record;
  const what =
    kind === "Publication" ? `published, plan ${code(shortDigest(planDigest))}` : kind === "Tombstone" ? "is to go" : "is gone";
  const approved = source.approvers.length === 0 ? "" : `, approved by ${source.approvers.map((name) => code(name)).join(", ")}`;
  const from =
    source.mergeRequest === undefined ? code(source.commit.slice(0, 12)) : `merge request ${source.mergeRequest}${approved}`;
  const glass = record.breakGlass === undefined ? "" : ` **break glass**: ${code(record.breakGlass)}`;
  return `| ${code(recordKey(environment, sequence))} | ${at.slice(0, 16).replace("T", " ")} UTC | ${what}${glass} | ${from} |`;
}
