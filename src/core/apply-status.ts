/**
 * What `claimbot/apply` says on the commit that a merge request was merged as: one status for all environments that it brought. Pure.
 *
 *     any held or stopped      failed     somebody has to act, and nobody knows when: a status that is at its end
 *     else any on its way      running    a job of ours is at it, and comes back until it is at its end
 *     else any settled         success
 *     else                     canceled   newer changes came before the end of all of them
 *
 * Held is `failed`, not `pending`: a pipeline that stays pending over a weekend's freeze is never at its end, and whatever waits for it
 * waits too. Not `success` or `skipped`, which GitLab counts as good: what was merged is not live. After a failed status GitLab takes the
 * next one of the same name as a new try, so that an end of the hold can still turn it green.
 */
import type { CommitStatus, StatusPart } from "./ports.ts";
import { closedGates } from "./gates.ts";
import type { Plan } from "./plan.ts";
import { oneLine } from "./render/encode.ts";
import type { ReleaseOutcome } from "./render/report-note.ts";

/** Of a status's description, in UTF-16 code units: never more characters than GitLab takes. */
const MAX_LENGTH = 255;
const MAX_PART = 110;

export function statusPartOf(plan: Plan | undefined, outcome: ReleaseOutcome): StatusPart {
  switch (outcome.kind) {
    case "settled":
      return { state: "settled", words: plan?.verb === "remove" ? "gone" : "live" };
    case "waiting":
      // Without what it waits for: GitLab takes no second "running", so the words could never change.
      return { state: "waiting", words: "on its way" };
    case "held": {
      const [first] = closedGates(outcome.gates);
      return { state: "held", words: first === undefined ? "held" : oneLine(`held: ${first.reason}`, MAX_PART) };
    }
    case "stalled":
      return { state: "stopped", words: oneLine(`stopped: ${outcome.reason}`, MAX_PART) };
    case "overtaken":
      return { state: "overtaken", words: outcome.by === undefined ? "changed again" : `changed again by !${outcome.by}` };
  }
}

const WORST_FIRST = ["stopped", "held", "waiting", "settled", "overtaken"] as const satisfies readonly StatusPart["state"][];

export function applyStatus(parts: Readonly<Record<string, StatusPart>>): Pick<CommitStatus, "state" | "description"> {
  const named = Object.entries(parts).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const ordered = WORST_FIRST.flatMap((state) => named.filter(([, part]) => part.state === state));
  const [worst] = ordered;
  if (worst === undefined) throw new Error("a status tells of at least one environment");
  return { state: STATES[worst[1].state], description: listed(ordered.map(([name, { words }]) => `${name} ${words}`)) };
}

const STATES: Readonly<Record<StatusPart["state"], CommitStatus["state"]>> = {
  stopped: "failed",
  held: "failed",
  waiting: "running",
  settled: "success",
  overtaken: "canceled",
};

/** As many as GitLab takes, and how many are left. */
function listed(texts: readonly string[]): string {
  for (let shown = texts.length; shown > 1; shown -= 1) {
    const more = texts.length - shown;
    const text = [...texts.slice(0, shown), ...(more === 0 ? [] : [`${more} more`])].join(" · ");
    if (text.length <= MAX_LENGTH) return text;
  }
  const [first = ""] = texts;
  return oneLine(texts.length === 1 ? first : `${first} · ${texts.length - 1} more`, MAX_LENGTH);
}
