/**
 * The audit log: who did what, why it was let through, and what came of it. Entries are immutable and hash-chained: each names the digest of
 * the bytes of the one before it. Pure.
 *
 *     audit/0000-00/00000001.json   opens the chain: MonthClosed, which names the first month
 *     audit/2026-11/00000002.json   …
 *     audit/2026-11/00000057.json   MonthClosed, next 2026-12
 *     audit/2026-12/00000058.json   numbers run on
 *
 * Whoever has read an entry knows the one key at which the next may stand, whatever its own clock says. So all writers compete for that key,
 * at the turn of a month as at any other time, and the chain cannot fork.
 */
import type { Command } from "./command.ts";
import type { EnvironmentType } from "./environment.ts";
import type { Gate } from "./gates.ts";
import { canonicalJson, type Digest, digestOfBytes, isObject, parseJson, sameJson } from "./json.ts";
import type { TargetName } from "./plan.ts";

/** An object of the claim store, by its key and the digest of its bytes. */
export interface StoredReference {
  readonly key: string;
  readonly digest: Digest;
}

/** A line of a note that asked for something, as GitLab told us who wrote it. */
export interface CommandEvent {
  readonly kind: "Command";
  readonly by: { readonly id: number; readonly username: string };
  readonly mergeRequest: number;
  /** `digest` is that of the whole note. */
  readonly note: { readonly id: number; readonly digest: Digest };
  /** From 0, among the note's lines that begin with `/claim`. */
  readonly index: number;
  /** As it was written. */
  readonly line: string;
  /** As it was understood; absent where it was not. */
  readonly command?: Command;
  readonly environments: readonly string[];
  /** `allowed` stands before the effect; `failed` after it. */
  readonly verdict: "allowed" | "refused" | "failed";
  readonly reason?: string;
}

/** Plans were shown for a head: what approvals of it stand for, and since when. */
export interface ReviewEvent {
  readonly kind: "Review";
  readonly mergeRequest: number;
  /** The head, and the commit of the target branch that the plans were made for. */
  readonly sha: string;
  readonly target: string;
  /** Environment → digest of its plan. */
  readonly plans: Readonly<Record<string, Digest>>;
  /** The id of the user who pushed the head, where that is known. */
  readonly pushedBy?: number;
}

/** Whether an environment may be released, and on what that stood. Stands before the first effect. */
export interface DecisionEvent {
  readonly kind: "Decision";
  readonly environment: string;
  readonly type: EnvironmentType;
  readonly planDigest: Digest;
  /** `resumed`: a release that was begun goes on, its gates behind it. */
  readonly outcome: "go" | "held" | "resumed";
  readonly gates: readonly Gate[];
  readonly commit: string;
  readonly mergeRequest?: number;
  readonly author?: string;
  /** Authors and committers of the commits, by the names that git has. */
  readonly committers?: readonly string[];
  readonly approvers: readonly string[];
  /** ISO 8601, by GitLab's clock. */
  readonly mergedAt?: string;
  readonly breakGlass?: string;
}

/** What a plan did to one target: digests of all its resources that were changed, before and after. */
export type TargetEffect =
  | { readonly target: TargetName; readonly changes: number; readonly before: Digest; readonly after: Digest }
  | { readonly target: TargetName; readonly missing: string };

/** What came of a decision to go. */
export interface EffectsEvent {
  readonly kind: "Effects";
  readonly environment: string;
  readonly planDigest: Digest;
  /** Absent where it stopped before the record was written. */
  readonly record?: StoredReference;
  readonly targets: readonly TargetEffect[];
  readonly outcome: "settled" | "stopped";
  readonly reason?: string;
}

/** Other rules judge from now on. */
export interface AdoptionEvent {
  readonly kind: "Adoption";
  readonly record: StoredReference;
  readonly rulesDigest: Digest;
  readonly planDigest?: Digest;
  readonly commit: string;
  readonly mergeRequest?: number;
  readonly approvers: readonly string[];
  readonly breakGlass?: string;
}

/** Somebody released from a terminal or a CI job. Who they are is as their machine says, not as GitLab does. */
export interface PublicationEvent {
  readonly kind: "Publication";
  readonly by: { readonly account: string; readonly host: string; readonly job?: string };
  readonly commit: string;
  readonly plans: readonly { readonly environment: string; readonly planDigest: Digest }[];
  /** Who answered for the gates: `nobody` where no remote target is configured. */
  readonly proof: "gitlab" | "break-glass" | "nobody";
  readonly breakGlass?: string;
}

export interface MonthClosedEvent {
  readonly kind: "MonthClosed";
  /** `2026-12`: where the next entry stands. */
  readonly next: string;
}

export type AuditEvent =
  | ReviewEvent
  | CommandEvent
  | DecisionEvent
  | EffectsEvent
  | AdoptionEvent
  | PublicationEvent
  | MonthClosedEvent;

export interface AuditEntry {
  /** From 1. */
  readonly sequence: number;
  /** ISO 8601, UTC, by the writer's clock. */
  readonly at: string;
  /** CLAIMBOT_INSTANCE of the writer. */
  readonly instance: string;
  /** Digest of the bytes of the entry before it; absent in the first. */
  readonly previous?: Digest;
  readonly event: AuditEvent;
}

/** An entry as it is quoted elsewhere. */
export interface AuditHead extends StoredReference {
  readonly sequence: number;
  readonly at: string;
}

/** Where the chain begins, so that two first writers compete for one key too. */
const OPENING = "0000-00";

export function auditKey(month: string, sequence: number): string {
  return `audit/${month}/${String(sequence).padStart(8, "0")}.json`;
}

export function monthOf(at: string): string {
  return at.slice(0, 7);
}

/** One line of canonical JSON, so that its bytes follow from its value. */
export function entryText(entry: AuditEntry): string {
  return `${canonicalJson(entry)}\n`;
}

/** The end of the chain, as much of it as the next entry needs. */
export interface ChainEnd extends AuditHead {
  /** Where the next entry stands. */
  readonly month: string;
}

/** The entry that follows `end`: the event's, or the one that closes the month where the clock is in a later one. */
export function nextEntry(
  end: ChainEnd | undefined,
  event: AuditEvent,
  writer: { readonly at: string; readonly instance: string },
): { readonly key: string; readonly entry: AuditEntry } {
  const month = end?.month ?? OPENING;
  const own = monthOf(writer.at);
  const entry: AuditEntry = {
    sequence: (end?.sequence ?? 0) + 1,
    ...writer,
    ...(end && { previous: end.digest }),
    event: own > month ? { kind: "MonthClosed", next: own } : event,
  };
  return { key: auditKey(month, entry.sequence), entry };
}

/** What the chain's end is after an entry that is stored at `key`. */
export function endAfter(key: string, entry: AuditEntry, text: string): ChainEnd {
  const month = entry.event.kind === "MonthClosed" ? entry.event.next : (key.split("/")[1] ?? "");
  return { key, digest: digestOfBytes(text), sequence: entry.sequence, at: entry.at, month };
}

/** Undefined for what is torn, foreign, or not in the bytes that claimbot writes. */
export function readEntry(text: string): AuditEntry | undefined {
  const value = parseJson(text);
  if (!isObject(value) || !isObject(value["event"])) return undefined;
  const { sequence, at, instance, previous, event } = value;
  const isWhole =
    Number.isSafeInteger(sequence) &&
    typeof at === "string" &&
    typeof instance === "string" &&
    (previous === undefined || typeof previous === "string") &&
    hasItsForm(event);
  return isWhole && `${canonicalJson(value)}\n` === text ? (value as unknown as AuditEntry) : undefined;
}

/** As much of an event's form as whoever reads it stands on. */
function hasItsForm(event: Readonly<Record<string, unknown>>): boolean {
  const texts = (...names: readonly string[]): boolean => names.every((name) => typeof event[name] === "string");
  switch (event["kind"]) {
    case "Review":
      return texts("sha", "target") && Number.isSafeInteger(event["mergeRequest"]) && isObject(event["plans"]);
    case "Command":
      return isObject(event["by"]) && isObject(event["note"]) && Array.isArray(event["environments"]) && texts("line", "verdict");
    case "Decision":
      return texts("environment", "planDigest", "outcome") && Array.isArray(event["gates"]) && Array.isArray(event["approvers"]);
    case "Effects":
      return texts("environment", "planDigest", "outcome") && Array.isArray(event["targets"]);
    case "Adoption":
      return texts("rulesDigest", "commit") && isObject(event["record"]);
    case "Publication":
      return texts("commit", "proof") && isObject(event["by"]) && Array.isArray(event["plans"]);
    case "MonthClosed":
      return /^\d{4}-\d{2}$/.test(String(event["next"]));
    default:
      return false;
  }
}

/** What is known of a subject: its newest event, and its newest decision. */
export interface Known {
  readonly last: AuditEvent;
  readonly head: AuditHead;
  readonly decision: DecisionEvent | undefined;
}

/** The subject of whatever was written last: somebody's beginning is only said again where nothing came of it. */
export const NEWEST = "newest";

/** What an event is about; undefined for one that is always written. */
export function subjectOf(event: AuditEvent): string | undefined {
  switch (event.kind) {
    case "Review":
      return `merge request ${event.mergeRequest}`;
    case "Command":
      return `note ${event.mergeRequest} ${event.note.id} ${event.index}`;
    case "Decision":
    case "Effects":
      return `environment ${event.environment}`;
    case "Adoption":
      return "environment platform";
    case "Publication":
      return NEWEST;
    case "MonthClosed":
      return undefined;
  }
}

export function knownAfter(before: Known | undefined, event: AuditEvent, head: AuditHead): Known {
  return { last: event, head, decision: event.kind === "Decision" ? event : before?.decision };
}

/**
 * True when the log says this of the subject already: a sweep that finds the same hold again, a job that is done again. What goes on after
 * its own decision to go is no decision of its own.
 */
export function isRepetition(event: AuditEvent, known: Known | undefined): boolean {
  if (known === undefined) return false;
  if (sameJson(event, known.last)) return true;
  if (event.kind !== "Decision" || event.outcome !== "resumed" || known.decision === undefined) return false;
  return known.decision.outcome !== "held" && known.decision.planDigest === event.planDigest;
}
