/**
 * What a webhook of GitLab asks us to do: nothing but which jobs to look after. An event is only an address: the jobs read the truth when
 * they run, so a needless job costs a few calls and a missing one is found by the sweep.
 */
import { parseNote } from "./command.ts";
import { digestOfBytes, type Digest } from "./json.ts";
import type { Delivery, Job } from "./ports.ts";

/** What we know ourselves. Undefined: not known yet, because GitLab has not answered; then the payload is believed. */
export interface IntakeFacts {
  /** The id of the one project that we serve. */
  readonly projectId: number | undefined;
  /** The user of our own token: its notes are answers, not commands. */
  readonly botId: number | undefined;
  readonly defaultBranch: string | undefined;
}

export type Intake = Pick<Delivery, "jobs" | "decision" | "pushed">;

/**
 * The jobs for a delivery, and in one sentence why. `event` is the X-Gitlab-Event header; `body` may be any JSON: each of its fields is
 * unknown until it was checked. Never throws. The shapes are those of GitLab 8 to 19 (public test data, read 2026-11-24).
 */
export function decide(event: string, body: unknown, facts: IntakeFacts): Intake {
  const reader = READERS.get(event);
  if (reader === undefined) return nothing("not an event that we listen to");
  if (textAt(body, "object_kind") !== reader.kind) return nothing("the body is not what its header says");
  const project = idAt(body, "project", "id") ?? idAt(body, "project_id");
  const target = idAt(body, "object_attributes", "target_project_id") ?? idAt(body, "merge_request", "target_project_id");
  if (project === undefined) return nothing("the body names no project");
  const served = facts.projectId ?? project;
  if (project !== served || (target ?? served) !== served) return nothing("from a project that we do not serve");
  return reader.decide(body, { ...facts, projectId: served });
}

type Reader = (body: unknown, facts: IntakeFacts & { readonly projectId: number }) => Intake;

const READERS: ReadonlyMap<string, { readonly kind: string; readonly decide: Reader }> = new Map([
  ["Merge Request Hook", { kind: "merge_request", decide: mergeRequestEvent }],
  ["Note Hook", { kind: "note", decide: noteEvent }],
  ["Confidential Note Hook", { kind: "note", decide: noteEvent }],
  ["Push Hook", { kind: "push", decide: pushEvent }],
]);

function mergeRequestEvent(body: unknown, facts: IntakeFacts): Intake {
  const iid = idAt(body, "object_attributes", "iid");
  if (iid === undefined) return nothing("a merge request without a number");
  const reason = reviewReason(body);
  if (reason === undefined) return nothing(`merge request ${iid}: nothing changed that a plan stands on`);
  const review: Job = { kind: "review", mergeRequest: iid };
  // What stands on a merged merge request (approvals, the label of a hold) also decides about its releases.
  const merged =
    textAt(body, "object_attributes", "action") === "merge" || textAt(body, "object_attributes", "state") === "merged";
  const target = textAt(body, "object_attributes", "target_branch");
  const decision = `merge request ${iid}: ${reason}`;
  if (!merged) return { jobs: [review], decision };
  // There is nothing left to review.
  const releases = target === undefined || target === defaultBranchOf(body, facts);
  return releases ? { jobs: [{ kind: "fan-out" }], decision } : nothing(`${decision}, but not into the default branch`);
}

/** Why a merge request is to be looked at again; undefined where nothing moved. */
function reviewReason(body: unknown): string | undefined {
  const action = textAt(body, "object_attributes", "action") ?? "";
  return action === "update" ? updateReason(body) : REASONS.get(action);
}

/** GitLab CE sends the participles approved and unapproved, EE both; all four mean: read the approvals again. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ["open", "opened"],
  ["reopen", "opened again"],
  ["close", "closed"],
  ["merge", "merged"],
  ["approved", "approved"],
  ["approval", "approved"],
  ["unapproved", "an approval was withdrawn"],
  ["unapproval", "an approval was withdrawn"],
]);

function updateReason(body: unknown): string | undefined {
  // The only sign of new commits: `changes` then holds nothing but updated_at.
  if (textAt(body, "object_attributes", "oldrev") !== undefined) return "new commits";
  const changed = (name: string): boolean => at(body, "changes", name) !== undefined;
  if (changed("target_branch")) return "another target";
  // A new target was seen with this change alone (2023).
  if (changed("merge_status")) return "whether it can be merged changed";
  if (changed("draft") || isDraft(body, "previous") !== isDraft(body, "current")) return "draft or ready";
  if (changed("labels")) return "other labels";
  return undefined;
}

/** Before GitLab had the field `draft`, only the title said it. */
function isDraft(body: unknown, when: "previous" | "current"): boolean {
  return /^(?:\[draft\]|\(draft\)|draft:|\[wip\]|wip:)/i.test(textAt(body, "changes", "title", when) ?? "");
}

function noteEvent(body: unknown, { botId, projectId }: IntakeFacts & { readonly projectId: number }): Intake {
  const attributes = at(body, "object_attributes");
  if (textAt(attributes, "noteable_type") !== "MergeRequest") return nothing("a note, but not on a merge request");
  if (at(attributes, "system") === true) return nothing("a note that GitLab itself wrote");
  if (!isNew(attributes)) return nothing("an edited note: only new ones are read");
  const authors = [idAt(body, "user", "id"), idAt(attributes, "author_id")].filter((id) => id !== undefined);
  if (authors.length === 0) return nothing("a note without an author");
  if (botId !== undefined && authors.includes(botId)) return nothing("our own note");
  if (TOKEN_USER.test(textAt(body, "user", "username") ?? "")) return nothing("a note by a bot");
  const text = textAt(attributes, "note") ?? "";
  if (parseNote(text).length === 0) return nothing("a note without a command");

  const [note, mergeRequest] = [idAt(attributes, "id"), idAt(body, "merge_request", "iid")];
  const discussion = textAt(attributes, "discussion_id");
  if (note === undefined || mergeRequest === undefined || discussion === undefined) return nothing("a note without its address");
  const sha = textAt(body, "merge_request", "last_commit", "id");
  const intendedSha = sha !== undefined && COMMIT.test(sha) ? sha : undefined;
  return {
    jobs: [{ kind: "command", project: projectId, mergeRequest, note, discussion, intendedSha, ...saidAt(attributes, text) }],
    decision: `merge request ${mergeRequest}: note ${note} holds a command`,
  };
}

/** GitLab makes the event a while after the note: what was edited before is not what was said. */
function saidAt(attributes: unknown, text: string): { readonly said?: Digest } {
  return textAt(attributes, "created_at") === textAt(attributes, "updated_at") ? { said: digestOfBytes(text) } : {};
}

/** Before GitLab 16.11 notes had no `action`, and edits came as the same event: then only the times tell. */
function isNew(attributes: unknown): boolean {
  const action = at(attributes, "action");
  if (action !== undefined) return action === "create";
  const created = textAt(attributes, "created_at");
  return created !== undefined && created === textAt(attributes, "updated_at");
}

function pushEvent(body: unknown, facts: IntakeFacts): Intake {
  const [ref, after] = [textAt(body, "ref"), textAt(body, "after")];
  if (ref === undefined || after === undefined || !COMMIT.test(after)) return nothing("a push without a ref and a commit");
  if (/^0+$/.test(after)) return nothing("a branch was deleted");
  const userId = idAt(body, "user_id");
  const pushed = userId === undefined ? {} : { pushed: { sha: after, userId } };
  const branch = defaultBranchOf(body, facts);
  if (branch === undefined || ref !== `refs/heads/${branch}`) {
    return { ...nothing("a push to another branch; its merge request tells of it"), ...pushed };
  }
  return { jobs: [{ kind: "fan-out" }], decision: "the default branch moved", ...pushed };
}

function defaultBranchOf(body: unknown, { defaultBranch }: IntakeFacts): string | undefined {
  return defaultBranch ?? textAt(body, "project", "default_branch");
}

const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** The user that GitLab makes for a project's or group's access token. Users of other kinds are asked for when the command runs. */
const TOKEN_USER = /^(?:project|group)_\d+_bot(?:\d*|_[0-9a-f]+)$/;

function nothing(decision: string): Intake {
  return { jobs: [], decision };
}

/** The value at a path of own members; undefined where there is none, and for null. */
function at(value: unknown, ...path: readonly string[]): unknown {
  let here = value;
  for (const name of path) {
    if (here === null || typeof here !== "object" || !Object.hasOwn(here, name)) return undefined;
    here = (here as Readonly<Record<string, unknown>>)[name];
  }
  return here ?? undefined;
}

function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === "string" ? found : undefined;
}

function idAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === "number" && Number.isSafeInteger(found) && found > 0 ? found : undefined;
}
