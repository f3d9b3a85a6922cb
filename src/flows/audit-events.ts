/** What the flows have the audit log say, made of what they know. Pure. */
import type { AdoptionEvent, CommandEvent, DecisionEvent, EffectsEvent, TargetEffect } from "../core/audit.ts";
import type { Command } from "../core/command.ts";
import { countedApprovers, type Gate, type ReviewFacts } from "../core/gates.ts";
import { canonicalJson, digestOf, digestOfBytes } from "../core/json.ts";
import type { Plan } from "../core/plan.ts";
import type { Note } from "../core/ports.ts";
import { recordKey, type LogRecord, type Source } from "../core/record.ts";
import type { Change } from "../core/resource.ts";
import { adoptionReference, type AdoptionRecord } from "./adoption.ts";

/** A person's words are kept as they are, but not all of a book. In UTF-16 code units. */
const MOST_OF_A_TEXT = 1_000;

export function decisionOf(
  plan: Plan,
  outcome: "go" | "held",
  about: {
    readonly commit: string;
    readonly gates: readonly Gate[];
    readonly facts: ReviewFacts | undefined | "unchecked";
    readonly breakGlass?: string | undefined;
  },
): DecisionEvent {
  const review = about.facts === "unchecked" ? undefined : about.facts;
  return {
    kind: "Decision",
    environment: plan.environment,
    type: plan.type,
    planDigest: plan.digest,
    outcome,
    gates: about.gates,
    commit: about.commit,
    ...(review && {
      mergeRequest: review.iid,
      author: review.author.username,
      committers: committersOf(review),
      ...(review.mergedAt !== undefined && { mergedAt: review.mergedAt }),
    }),
    approvers: review === undefined ? [] : countedApprovers(review),
    ...(about.breakGlass !== undefined && { breakGlass: about.breakGlass }),
  };
}

function committersOf({ people }: ReviewFacts): readonly string[] {
  return [...new Set(people.flatMap(({ authorName, committerName }) => [authorName, committerName]))].toSorted();
}

export function resumptionOf(plan: Plan, source: Source): DecisionEvent {
  return {
    kind: "Decision",
    environment: plan.environment,
    type: plan.type,
    planDigest: plan.digest,
    outcome: "resumed",
    gates: [],
    commit: source.commit,
    ...(source.mergeRequest !== undefined && { mergeRequest: source.mergeRequest }),
    ...(source.author !== undefined && { author: source.author }),
    approvers: source.approvers,
  };
}

/** `record`: the newest one, where the plan wrote it or what it did stands on it. */
export function effectsOf(plan: Plan, record: LogRecord | undefined, stopped?: string): EffectsEvent {
  return {
    kind: "Effects",
    environment: plan.environment,
    planDigest: plan.digest,
    ...(record && {
      record: {
        key: recordKey(record.environment, record.sequence),
        digest: digestOfBytes(`${canonicalJson(record)}\n`),
      },
    }),
    targets: plan.steps.map((step): TargetEffect =>
      "missing" in step ? { target: step.target, missing: step.missing } : { target: step.target, ...sidesOf(step.changes) },
    ),
    outcome: stopped === undefined ? "settled" : "stopped",
    ...(stopped !== undefined && { reason: stopped.slice(0, MOST_OF_A_TEXT) }),
  };
}

function sidesOf(changes: readonly Change[]): Pick<Extract<TargetEffect, { changes: number }>, "changes" | "before" | "after"> {
  return {
    changes: changes.length,
    before: digestOf(changes.flatMap((change) => ("before" in change ? [change.before] : []))),
    after: digestOf(changes.flatMap((change) => ("after" in change ? [change.after] : []))),
  };
}

export function adoptionOf(record: AdoptionRecord): AdoptionEvent {
  const { rulesDigest, planDigest, source, breakGlass } = record;
  return {
    kind: "Adoption",
    record: adoptionReference(record),
    rulesDigest,
    ...(planDigest !== undefined && { planDigest }),
    commit: source.commit,
    ...(source.mergeRequest !== undefined && { mergeRequest: source.mergeRequest }),
    approvers: source.approvers,
    ...(breakGlass !== undefined && { breakGlass }),
  };
}

/** A line of a note, as it was read. */
export interface SaidLine {
  readonly index: number;
  readonly line: string;
  readonly command?: Command;
}

export function commandOf(
  mergeRequest: number,
  note: Note,
  { index, line, command }: SaidLine,
  verdict: CommandEvent["verdict"],
  about: { readonly environments?: readonly string[]; readonly reason?: string } = {},
): CommandEvent {
  return {
    kind: "Command",
    by: { id: note.author.id, username: note.author.username },
    mergeRequest,
    note: { id: note.id, digest: digestOfBytes(note.body) },
    index,
    line: line.slice(0, MOST_OF_A_TEXT),
    ...(command && { command }),
    environments: about.environments ?? [],
    verdict,
    ...(about.reason !== undefined && { reason: bare(about.reason).slice(0, MOST_OF_A_TEXT) }),
  };
}

/** Without what the encoder put in for GitLab's Markdown: the log is read by other eyes. */
function bare(markdown: string): string {
  return markdown.replaceAll("\u2060", "").replaceAll(/\\([^\w\s])/g, "$1");
}
