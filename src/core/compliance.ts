/** The compliance report: for each environment, what was released, on whose word, and how soon. Made of the audit log alone. Pure. */
import { PLATFORM_NAME } from "./adopted.ts";
import type { AuditEntry, CommandEvent, DecisionEvent, EffectsEvent } from "./audit.ts";
import { environmentsOf } from "./audit-query.ts";
import type { EnvironmentType } from "./environment.ts";
import type { Digest } from "./json.ts";

/**
 * | four eyes     | when                                                                        |
 * | ------------- | --------------------------------------------------------------------------- |
 * | `yes`         | somebody approved who is neither author, committer nor pusher               |
 * | `not asked`   | the rules of the type ask for no approval                                   |
 * | `unchecked`   | there was no GitLab to ask                                                  |
 * | `passed over` | somebody broke the glass                                                    |
 * | `no`          | none of these: look at it                                                   |
 */
export type FourEyes = "yes" | "not asked" | "unchecked" | "passed over" | "no";

export interface ReleaseRow {
  /** When it was decided, ISO 8601, UTC. */
  readonly at: string;
  readonly planDigest: Digest;
  readonly commit: string;
  readonly mergeRequest?: number;
  readonly author?: string;
  readonly committers: readonly string[];
  readonly approvers: readonly string[];
  readonly fourEyes: FourEyes;
  readonly breakGlass?: string;
  /** `open`: nothing says how it ended. */
  readonly outcome: "settled" | "stopped" | "open";
  readonly reason?: string;
  readonly changes?: number;
  readonly recordKey?: string;
  /** From the merge to the end. */
  readonly tookMs?: number;
}

export interface RefusedCommand {
  readonly at: string;
  readonly by: string;
  readonly mergeRequest: number;
  readonly line: string;
  readonly reason: string;
}

export interface EnvironmentReport {
  readonly environment: string;
  readonly type: EnvironmentType | undefined;
  readonly releases: readonly ReleaseRow[];
  /** Decisions to hold; each stands once, however often it was found again. */
  readonly holds: number;
  readonly commands: { readonly allowed: number; readonly refused: number; readonly failed: number };
  readonly refused: readonly RefusedCommand[];
  /** Of releases that settled. */
  readonly tookMs: { readonly median: number; readonly longest: number } | undefined;
}

/** Of environments with an entry among these, in byte order; with a name, of that one alone. */
export function complianceOf(entries: readonly AuditEntry[], environment?: string): readonly EnvironmentReport[] {
  const names = new Set(entries.flatMap(({ event }) => environmentsOf(event)));
  const asked = environment === undefined ? [...names].toSorted() : [environment];
  return asked.map((name) =>
    reportOf(
      name,
      entries.filter(({ event }) => environmentsOf(event).includes(name)),
    ),
  );
}

function reportOf(environment: string, entries: readonly AuditEntry[]): EnvironmentReport {
  const releases = releasesOf(entries);
  const decisions = entries.flatMap(({ event }) => (event.kind === "Decision" ? [event] : []));
  const commands = entries.flatMap(({ at, event }) => (event.kind === "Command" ? [{ at, event }] : []));
  const count = (verdict: CommandEvent["verdict"]): number => commands.filter(({ event }) => event.verdict === verdict).length;
  const took = releases.flatMap(({ tookMs }) => (tookMs === undefined ? [] : [tookMs])).toSorted((a, b) => a - b);
  const [middle, longest] = [took[(took.length - 1) >> 1], took.at(-1)];
  return {
    environment,
    type: environment === PLATFORM_NAME ? undefined : decisions.at(-1)?.type,
    releases,
    holds: decisions.filter(({ outcome }) => outcome === "held").length,
    commands: { allowed: count("allowed"), refused: count("refused"), failed: count("failed") },
    refused: commands.flatMap(({ at, event }) =>
      event.verdict === "refused"
        ? [{ at, by: event.by.username, mergeRequest: event.mergeRequest, line: event.line, reason: event.reason ?? "" }]
        : [],
    ),
    tookMs: middle === undefined || longest === undefined ? undefined : { median: middle, longest },
  };
}

/** Each decision to go with what came of it: the end of the same plan, before the next decision to go. */
function releasesOf(entries: readonly AuditEntry[]): readonly ReleaseRow[] {
  return entries.flatMap(({ at, event }, index) => {
    if (event.kind !== "Decision" || event.outcome !== "go") return [];
    const later = entries.slice(index + 1);
    const next = later.findIndex((one) => one.event.kind === "Decision" && one.event.outcome === "go");
    const ends = (next === -1 ? later : later.slice(0, next)).filter((one) => isEndOf(event, one));
    return [rowOf(at, event, ends.find((one) => settles(one.event)) ?? ends.at(-1))];
  });
}

function isEndOf({ planDigest }: DecisionEvent, { event }: AuditEntry): boolean {
  return (event.kind === "Effects" || event.kind === "Adoption") && event.planDigest === planDigest;
}

function settles(event: AuditEntry["event"]): boolean {
  return event.kind === "Adoption" || (event.kind === "Effects" && event.outcome === "settled");
}

function rowOf(at: string, decision: DecisionEvent, end: AuditEntry | undefined): ReleaseRow {
  const effects = end?.event.kind === "Effects" ? end.event : undefined;
  const record = end?.event.kind === "Effects" || end?.event.kind === "Adoption" ? end.event.record : undefined;
  const outcome = end === undefined ? "open" : settles(end.event) ? "settled" : "stopped";
  const { planDigest, commit, mergeRequest, author, committers = [], approvers, mergedAt, breakGlass } = decision;
  return {
    at,
    planDigest,
    commit,
    ...(mergeRequest !== undefined && { mergeRequest }),
    ...(author !== undefined && { author }),
    committers,
    approvers,
    fourEyes: fourEyesOf(decision),
    ...(breakGlass !== undefined && { breakGlass }),
    outcome,
    ...(effects?.reason !== undefined && { reason: effects.reason }),
    ...(effects && { changes: changesOf(effects) }),
    ...(record && { recordKey: record.key }),
    ...(end &&
      mergedAt !== undefined &&
      outcome === "settled" && { tookMs: Math.max(0, Date.parse(end.at) - Date.parse(mergedAt)) }),
  };
}

function changesOf({ targets }: EffectsEvent): number {
  return targets.reduce((sum, target) => sum + ("missing" in target ? 0 : target.changes), 0);
}

function fourEyesOf({ gates, approvers, author, breakGlass }: DecisionEvent): FourEyes {
  const gate = gates.find((one) => one.gate === "approvals");
  const isShut = gates.some(({ verdict }) => verdict === "closed");
  if (gate?.verdict === "unchecked") return breakGlass === undefined ? "unchecked" : "passed over";
  if (gate?.verdict === "closed") return isShut && breakGlass !== undefined ? "passed over" : "no";
  if (approvers.some((name) => name !== author)) return "yes";
  return gate === undefined || approvers.length > 0 ? "no" : "not asked";
}
