/** What people do in a rehearsal, and what is seen of it: each ends when claimbot has answered. */
import { createHmac, randomUUID } from "node:crypto";
import { expect } from "vitest";
import type { Rehearsal, Servers } from "../../src/rehearsal.ts";
import type { Files } from "../../src/sandbox/gitlab/handle.ts";
import { readLog } from "../../src/targets/claim-store/claim-store.ts";
import type { Log } from "../../src/core/record.ts";

export const PLAN = "claimbot:plan";
export const report = (environment: string): string => `claimbot:report:${environment}`;

/** A file of the default branch with one text replaced; throws where it is not there. */
export async function edited({ gitlab }: Servers, path: string, before: string, after: string): Promise<Files> {
  const text = await gitlab.file(path);
  if (text?.includes(before) !== true) throw new Error(`${path} does not hold ${before}`);
  return { [path]: text.replace(before, after) };
}

export interface Proposal {
  readonly as: string;
  readonly branch: string;
  readonly files: Files;
  readonly title?: string;
  readonly labels?: readonly string[];
}

/** Pushes a branch and opens a merge request of it. */
export async function open({ gitlab }: Servers, { as, branch, files, title = branch, labels }: Proposal): Promise<number> {
  await gitlab.push({ branch, files, as, message: title });
  return gitlab.openMergeRequest({ as, source: branch, title, ...(labels && { labels }) });
}

/** The same, reviewed. */
export async function propose(rehearsal: Rehearsal, proposal: Proposal): Promise<number> {
  const iid = await open(rehearsal, proposal);
  await rehearsal.settled();
  return iid;
}

/** Resolves when nothing waits at all, not even for later: what is counted after this was caused after this. */
export async function idle(rehearsal: Rehearsal): Promise<void> {
  const deadline = AbortSignal.timeout(60_000);
  do await rehearsal.settled();
  while ((await rehearsal.service.queue.pending()).length > 0 && !deadline.aborted);
}

export async function merge(rehearsal: Rehearsal, iid: number, as = "mara"): Promise<void> {
  await rehearsal.gitlab.merge(iid, { as });
  await rehearsal.settled();
}

/** Says something; gives the answer and the bot's last reaction to it, undefined where there is none. */
export async function say(
  rehearsal: Rehearsal,
  iid: number,
  as: string,
  text: string,
): Promise<{ readonly id: number; readonly answer: string | undefined; readonly reaction: string | undefined }> {
  const id = await rehearsal.gitlab.comment(iid, text, { as });
  if (id === undefined) throw new Error("GitLab took all of it for quick actions");
  await idle(rehearsal);
  return { id, ...heard(rehearsal, iid, id) };
}

export function heard(
  rehearsal: Servers,
  iid: number,
  id: number,
): { readonly answer: string | undefined; readonly reaction: string | undefined } {
  return {
    answer: botNotes(rehearsal, iid, `claimbot:answer:${id}`)[0],
    reaction: rehearsal.gitlab.reactions(iid, id).at(-1)?.split(":")[1],
  };
}

/** Bodies of the bot's notes with this marker. */
export function botNotes({ gitlab, bot }: Servers, iid: number, marker: string): readonly string[] {
  return gitlab.notes(iid, { by: bot.username }).flatMap(({ body }) => (body.startsWith(`<!-- ${marker} -->`) ? [body] : []));
}

/** The one note with this marker. */
export function noteOf(rehearsal: Servers, iid: number, marker: string): string {
  const notes = botNotes(rehearsal, iid, marker);
  expect(notes, `notes ${marker} on !${iid}`).toHaveLength(1);
  return notes[0] ?? "";
}

/** `claimbot/plan` of the merge request's head. */
export function planStatus({ gitlab }: Servers, iid: number): string | undefined {
  return gitlab.statuses(iid).find(({ name }) => name === "claimbot/plan")?.state;
}

export async function logOf({ store }: Servers, environment: string): Promise<Log> {
  return readLog(store, environment, AbortSignal.timeout(10_000));
}

/** No status of ours runs or waits, on whatever commit: a merge may wait for it for ever. */
export function expectStatusesEnded({ gitlab, bot }: Servers): void {
  const unfinished = gitlab
    .allStatuses()
    .filter(({ author, state }) => author.username === bot.username && (state === "running" || state === "pending"))
    .map(({ sha, name, state, description }) => `${sha} ${name} ${state}: ${description}`);
  expect(unfinished).toEqual([]);
}

/** What must be so after every story: nobody asked an API for what it does not have, and no note of the bot's did anything. */
export function expectClean({ gitlab, cloudflare }: Servers): void {
  expect({ gitlab: gitlab.unexpected, cloudflare: cloudflare.unexpected, quickActions: gitlab.quickActionsRun }).toEqual({
    gitlab: [],
    cloudflare: [],
    quickActions: [],
  });
}

/** Sends a webhook as GitLab 19 signs it: Standard Webhooks, under a new id. */
export async function post({ env }: Servers, event: string, body: string): Promise<Response> {
  const [id, timestamp] = [randomUUID(), String(Math.floor(Date.now() / 1000))];
  const key = Buffer.from((env["CLAIMBOT_WEBHOOK_SIGNING_TOKEN"] ?? "").replace("whsec_", ""), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  return fetch(`http://${env["CLAIMBOT_LISTEN"]}/webhooks/gitlab`, {
    method: "POST",
    body,
    headers: {
      "content-type": "application/json",
      "x-gitlab-event": event,
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      "webhook-signature": `v1,${signature}`,
    },
  });
}
