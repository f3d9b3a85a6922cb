/** /claim status: how far the environments are, by the claim log. */
import { PLATFORM_NAME } from "../../core/adopted.ts";
import { shortDigest } from "../../core/json.ts";
import { isLive } from "../../core/record.ts";
import { code } from "../../core/render/encode.ts";
import { readLog } from "../../targets/claim-store/claim-store.ts";
import { hasReceipt } from "../receipt.ts";
import type { ForgeWorld } from "../world.ts";
import type { Concerned } from "./concerned.ts";

export async function status(world: ForgeWorld, concerned: readonly Concerned[], signal: AbortSignal): Promise<string> {
  if (concerned.length === 0) return "No environment is concerned here.";
  const rows = await Promise.all(
    concerned.map(async ({ name, type }) => {
      if (name === PLATFORM_NAME) return `| **${name}** | rules | |`;
      const log = await readLog(world.store, name, signal);
      const head = log.at(-1);
      if (head === undefined) return `| **${name}** | ${type} | not published yet |`;
      const settled = await hasReceipt(world, name, head.sequence, signal);
      const state = isLive(log) ? (head.kind === "Tombstone" ? "being removed" : settled ? "live" : "on its way") : "removed";
      return `| **${name}** | ${type} | ${state}: record ${head.sequence} of ${head.at.slice(0, 16).replace("T", " ")} UTC, plan ${code(shortDigest(head.planDigest))} |`;
    }),
  );
  return ["| environment | type | state |", "| --- | --- | --- |", ...rows].join("\n");
}
