/** /claim status: how far the environments are, by the claim log and by what a release would do now. */
import { PLATFORM_NAME } from "../../core/adopted.ts";
import { Stalled } from "../../core/errors.ts";
import { closedGates, type GateName } from "../../core/gates.ts";
import { shortDigest } from "../../core/json.ts";
import type { MergeRequest } from "../../core/ports.ts";
import { isLive, type LogRecord } from "../../core/record.ts";
import { code } from "../../core/render/encode.ts";
import { readLog } from "../../targets/claim-store/claim-store.ts";
import { forgeGround } from "../forge-ground.ts";
import { hasReceipt } from "../receipt.ts";
import { considerRelease } from "../release.ts";
import type { ForgeWorld } from "../world.ts";
import type { Concerned } from "./concerned.ts";
import { isPlannedBy } from "./planned-by.ts";

/** To see what a release would do its targets are observed: of more environments only the log is told. */
const MOST = 5;

export async function status(
  world: ForgeWorld,
  mr: MergeRequest,
  concerned: readonly Concerned[],
  signal: AbortSignal,
): Promise<string> {
  if (concerned.length === 0) return "No environment is concerned here.";
  const rows: string[] = [];
  for (const [index, { name, type }] of concerned.entries()) {
    if (name === PLATFORM_NAME) rows.push(`| **${name}** | rules | |`);
    else rows.push(`| **${name}** | ${type} | ${stateText(name, await stateOf(world, mr, name, index < MOST, signal))} |`);
  }
  return ["| environment | type | state |", "| --- | --- | --- |", ...rows].join("\n");
}

/** What the next release is at. `unmerged`: it is this merge request's, which is not merged. `unseen`: nobody looked. */
type Coming =
  | { readonly kind: "nothing" | "unmerged" | "unseen" | "stopped" }
  | { readonly kind: "on its way"; readonly plan: string }
  | { readonly kind: "held"; readonly plan: string; readonly gates: readonly GateName[] };

interface State {
  readonly published:
    | { readonly head: LogRecord; readonly words: "live" | "on its way" | "being removed" | "removed" }
    | undefined;
  readonly coming: Coming;
}

async function stateOf(world: ForgeWorld, mr: MergeRequest, name: string, looks: boolean, signal: AbortSignal): Promise<State> {
  const log = await readLog(world.store, name, signal);
  const head = log.at(-1);
  const coming: Coming = looks ? await comingOf(world, mr, name, signal) : { kind: "unseen" };
  if (head === undefined) return { published: undefined, coming };
  const settled = await hasReceipt(world, name, head.sequence, signal);
  const words = isLive(log) ? (head.kind === "Tombstone" ? "being removed" : settled ? "live" : "on its way") : "removed";
  return { published: { head, words }, coming };
}

async function comingOf(world: ForgeWorld, mr: MergeRequest, name: string, signal: AbortSignal): Promise<Coming> {
  if (mr.state !== "merged" && (await isPlannedBy(world, mr, name))) return { kind: "unmerged" };
  try {
    const considered = await considerRelease(world, await forgeGround(world, signal), name, {}, signal);
    switch (considered.kind) {
      case "unchanged":
      case "ended":
        return { kind: "nothing" };
      case "resumes":
        return { kind: "on its way", plan: considered.plan.digest };
      case "gated": {
        const { plan } = considered;
        const gates = closedGates(considered.gates).map(({ gate }) => gate);
        return gates.length === 0 ? { kind: "on its way", plan: plan.digest } : { kind: "held", plan: plan.digest, gates };
      }
    }
  } catch (error) {
    // How far it is stays known, and why says the rest.
    if (error instanceof Stalled) return { kind: "stopped" };
    throw error;
  }
}

/** @public One environment's state in a table's cell. */
export function stateText(name: string, { published, coming }: State): string {
  const next = published === undefined ? firstText(name, coming) : nextText(name, published.head, coming);
  if (published === undefined) return next;
  const { head, words } = published;
  const at = head.at.slice(0, 16).replace("T", " ");
  return `${words}: record ${head.sequence} of ${at} UTC, plan ${code(shortDigest(head.planDigest))}${next}`;
}

function firstText(name: string, coming: Coming): string {
  switch (coming.kind) {
    case "nothing":
    case "unseen":
      return "not published yet";
    case "unmerged":
      return "not published yet: this merge request is not merged";
    case "on its way":
      return `on its way: plan ${code(shortDigest(coming.plan))}, nothing is recorded yet`;
    case "held":
      return `held by ${coming.gates.join(", ")}: not published yet, plan ${code(shortDigest(coming.plan))}; ${whyOf(name)} says more`;
    case "stopped":
      return `stopped: not published yet; ${whyOf(name)} says why`;
  }
}

/** What comes after the newest record, as far as that is another plan. */
function nextText(name: string, head: LogRecord, coming: Coming): string {
  switch (coming.kind) {
    case "nothing":
    case "unseen":
    case "unmerged":
      return "";
    case "on its way":
      return coming.plan === head.planDigest ? "" : `; plan ${code(shortDigest(coming.plan))} is on its way`;
    case "held":
      return `; plan ${code(shortDigest(coming.plan))} is held by ${coming.gates.join(", ")}: ${whyOf(name)} says more`;
    case "stopped":
      return `; stopped: ${whyOf(name)} says why`;
  }
}

function whyOf(name: string): string {
  return code(`/claim why ${name}`);
}
