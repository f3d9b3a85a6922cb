/** Opens and edits merge requests. */
import { headSha, isDraft } from "../merge-request-state.ts";
import type { LabelEvent, MergeRequest, Project, User } from "../model.ts";
import { mergeRequestEvent, type MergeRequestChange } from "../payloads/merge-request-event.ts";
import { hookLabels, hookTime, stateId } from "../payloads/parts.ts";
import { conflict, forbidden, invalid, unprocessable } from "../refusal.ts";
import type { World } from "../world.ts";
import { systemNote } from "./new-note.ts";
import { addVersion } from "./push.ts";

const TITLE_LIMIT = 255;
const DESCRIPTION_LIMIT = 1_048_576;

export interface NewMergeRequest {
  readonly source: Project;
  readonly sourceBranch: string;
  readonly targetBranch: string;
  readonly title: string;
  readonly description?: string;
  readonly labels?: readonly string[];
  readonly removeSourceBranch?: boolean;
}

/** GitLab prepares it a moment later and tells hooks then; call `prepare` for that. */
export async function openMergeRequest(world: World, project: Project, by: User, input: NewMergeRequest): Promise<MergeRequest> {
  if (world.level(input.source, by) < 30) throw forbidden();
  checkTexts(input);
  if (input.source === project && input.sourceBranch === input.targetBranch) {
    throw unprocessable(["You can't use same project/branch for source and target"]);
  }
  const twin = project.mergeRequests.find(
    ({ state, source, sourceBranch, targetBranch }) =>
      state === "opened" && source === input.source && sourceBranch === input.sourceBranch && targetBranch === input.targetBranch,
  );
  if (twin !== undefined) {
    throw conflict([`Another open merge request already exists for this source branch: !${twin.iid}`]);
  }
  const now = world.now();
  const mergeRequest: MergeRequest = {
    id: world.id("mergeRequest"),
    iid: project.mergeRequests.length + 1,
    project,
    source: input.source,
    author: by,
    createdAt: now,
    sourceBranch: input.sourceBranch,
    title: input.title,
    description: input.description ?? null,
    state: "opened",
    targetBranch: input.targetBranch,
    labels: [...knownLabels(world, project, input.labels ?? [])],
    labelEvents: [],
    updatedAt: now,
    preparedAt: undefined,
    versions: [],
    approvals: [],
    discussions: [],
    removeSourceBranch: input.removeSourceBranch ?? false,
    lastEdited: undefined,
    closed: undefined,
    merged: undefined,
  };
  project.mergeRequests.push(mergeRequest);
  recordLabels(world, mergeRequest, by, { added: mergeRequest.labels, removed: [] });
  const head = await input.source.repository.branchHead(input.sourceBranch);
  if (head !== undefined) await addVersion(world, mergeRequest, head);
  return mergeRequest;
}

/** The commits are read: `changes_count` appears, hooks hear of the merge request. */
export async function prepare(world: World, mergeRequest: MergeRequest): Promise<void> {
  if (mergeRequest.preparedAt !== undefined) return;
  const preparedAt = world.now();
  mergeRequest.preparedAt = preparedAt;
  await world.announce(mergeRequest.project, async () =>
    mergeRequestEvent(world, mergeRequest, mergeRequest.author, {
      action: "open",
      changes: {
        merge_status: { previous: "preparing", current: "checking" },
        updated_at: { previous: hookTime(mergeRequest.createdAt), current: hookTime(mergeRequest.updatedAt) },
        prepared_at: { previous: null, current: hookTime(preparedAt) },
      },
    }),
  );
}

export interface MergeRequestEdit {
  readonly title?: string;
  readonly description?: string;
  readonly targetBranch?: string;
  readonly labels?: readonly string[];
  readonly addLabels?: readonly string[];
  readonly removeLabels?: readonly string[];
  readonly removeSourceBranch?: boolean;
  readonly stateEvent?: "close" | "reopen";
}

/** One hook for all edits, and one more for a change of state, as GitLab sends them. */
export async function updateMergeRequest(
  world: World,
  mergeRequest: MergeRequest,
  by: User,
  input: MergeRequestEdit,
): Promise<void> {
  if (world.level(mergeRequest.project, by) < 30 && mergeRequest.author !== by) throw forbidden();
  checkTexts(input);
  const changes = { ...(await editTexts(world, mergeRequest, by, input)), ...editLabels(world, mergeRequest, by, input) };
  if (input.removeSourceBranch !== undefined) mergeRequest.removeSourceBranch = input.removeSourceBranch;
  if (Object.keys(changes).length > 0) {
    const before = mergeRequest.updatedAt;
    mergeRequest.updatedAt = world.now();
    const updated = { updated_at: { previous: hookTime(before), current: hookTime(mergeRequest.updatedAt) } };
    await world.announce(mergeRequest.project, async () =>
      mergeRequestEvent(world, mergeRequest, by, { action: "update", changes: { ...changes, ...updated } }),
    );
  }
  if (input.stateEvent === "close" && mergeRequest.state === "opened") await changeState(world, mergeRequest, by, "closed");
  if (input.stateEvent === "reopen" && mergeRequest.state === "closed") await changeState(world, mergeRequest, by, "opened");
}

async function editTexts(
  world: World,
  mergeRequest: MergeRequest,
  by: User,
  input: MergeRequestEdit,
): Promise<Record<string, MergeRequestChange>> {
  const changes: Record<string, MergeRequestChange> = {};
  const { title, description, targetBranch } = mergeRequest;
  if (input.title !== undefined && input.title !== title) {
    mergeRequest.title = input.title;
    changes["title"] = { previous: title, current: input.title };
    if (isDraft(title) !== isDraft(input.title)) {
      changes["draft"] = { previous: isDraft(title), current: isDraft(input.title) };
      systemNote(world, mergeRequest, by, `marked this merge request as **${isDraft(input.title) ? "draft" : "ready"}**`);
    } else systemNote(world, mergeRequest, by, "changed title");
  }
  if (input.description !== undefined && input.description !== description) {
    mergeRequest.description = input.description;
    changes["description"] = { previous: description, current: input.description };
    systemNote(world, mergeRequest, by, "changed the description");
  }
  if (Object.keys(changes).length > 0) mergeRequest.lastEdited = { by, at: world.now() };
  if (input.targetBranch !== undefined && input.targetBranch !== targetBranch) {
    if ((await mergeRequest.project.repository.branchHead(input.targetBranch)) === undefined) {
      throw invalid({ target_branch: [`"${input.targetBranch}" does not exist`] });
    }
    mergeRequest.targetBranch = input.targetBranch;
    changes["target_branch"] = { previous: targetBranch, current: input.targetBranch };
    const head = headSha(mergeRequest);
    if (head !== undefined) await addVersion(world, mergeRequest, head);
    systemNote(world, mergeRequest, by, `changed target branch from \`${targetBranch}\` to \`${input.targetBranch}\``);
  }
  return changes;
}

function editLabels(
  world: World,
  mergeRequest: MergeRequest,
  by: User,
  input: MergeRequestEdit,
): Record<string, MergeRequestChange> {
  const before = mergeRequest.labels;
  const wanted = new Set(knownLabels(world, mergeRequest.project, [...(input.labels ?? before), ...(input.addLabels ?? [])]));
  for (const name of input.removeLabels ?? []) wanted.delete(name);
  if (wanted.size === before.length && before.every((name) => wanted.has(name))) return {};
  mergeRequest.labels = [...wanted];
  const added = [...wanted].filter((name) => !before.includes(name));
  const removed = before.filter((name) => !wanted.has(name));
  recordLabels(world, mergeRequest, by, { added, removed });
  const parts = [named("added", added), named("removed", removed)];
  systemNote(world, mergeRequest, by, `${parts.filter(Boolean).join(" and ")} label`);
  return { labels: { previous: hookLabels(mergeRequest, before), current: hookLabels(mergeRequest) } };
}

function named(verb: string, names: readonly string[]): string {
  return names.length > 0 ? `${verb} ${names.map((name) => `~${name}`).join(" ")}` : "";
}

/** GitLab writes the additions of one edit before its removals. */
function recordLabels(
  world: World,
  { project, labelEvents }: MergeRequest,
  by: User,
  { added, removed }: { readonly added: readonly string[]; readonly removed: readonly string[] },
): void {
  const record = (name: string, action: LabelEvent["action"]): void => {
    const label = project.labels.find((one) => one.name === name);
    if (label === undefined) throw new Error(`the sandbox has no label ${name}`);
    labelEvents.push({ id: world.id("labelEvent"), user: by, labelId: label.id, action, at: world.now() });
  };
  for (const name of added) record(name, "add");
  for (const name of removed) record(name, "remove");
}

/** The label goes from the project and from all that carry it; nobody's event tells of that (GitLab keeps events, without the label). */
export function deleteLabel(project: Project, name: string): void {
  const at = project.labels.findIndex((label) => label.name === name);
  if (at < 0) throw new Error(`the sandbox has no label ${name}`);
  project.labels.splice(at, 1);
  for (const mergeRequest of project.mergeRequests) mergeRequest.labels = mergeRequest.labels.filter((label) => label !== name);
}

async function changeState(world: World, mergeRequest: MergeRequest, by: User, state: "opened" | "closed"): Promise<void> {
  const before = { state: mergeRequest.state, at: mergeRequest.updatedAt };
  const at = world.now();
  mergeRequest.state = state;
  mergeRequest.updatedAt = at;
  mergeRequest.closed = state === "closed" ? { by, at } : undefined;
  systemNote(world, mergeRequest, by, state === "closed" ? "closed" : "reopened");
  if (state === "opened") {
    const head = await mergeRequest.source.repository.branchHead(mergeRequest.sourceBranch);
    if (head !== undefined && head !== headSha(mergeRequest)) await addVersion(world, mergeRequest, head);
  }
  await world.announce(mergeRequest.project, async () =>
    mergeRequestEvent(world, mergeRequest, by, {
      action: state === "closed" ? "close" : "reopen",
      changes: {
        state_id: { previous: stateId(before.state), current: stateId(state) },
        updated_at: { previous: hookTime(before.at), current: hookTime(at) },
      },
    }),
  );
}

/** Labels that nobody made yet are made by their first use. */
function knownLabels(world: World, project: Project, names: readonly string[]): readonly string[] {
  const wanted = [...new Set(names.map((name) => name.trim()).filter(Boolean))];
  for (const name of wanted) {
    if (project.labels.some((label) => label.name === name)) continue;
    project.labels.push({ id: world.id("label"), name, color: "#6699cc", description: null, createdAt: world.now() });
  }
  return wanted;
}

function checkTexts(input: { readonly title?: string; readonly description?: string }): void {
  if (input.title?.trim() === "") throw invalid({ title: ["can't be blank"] });
  if ((input.title?.length ?? 0) > TITLE_LIMIT) throw invalid({ title: [`is too long (maximum is ${TITLE_LIMIT} characters)`] });
  if ((input.description?.length ?? 0) > DESCRIPTION_LIMIT) {
    throw invalid({ description: [`is too long (maximum is ${DESCRIPTION_LIMIT} characters)`] });
  }
}
