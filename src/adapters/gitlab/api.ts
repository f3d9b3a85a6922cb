/** What the parts of the adapter share: gitbeaker's resources for one call, the project, and how often a safe call is repeated. */
import { setTimeout as sleep } from "node:timers/promises";
import { Waiting } from "../../core/errors.ts";
import { Refused, type HttpClient } from "../http-client.ts";
import { resourceOptions } from "./requester.ts";

/** Loaded when first used: it is heavy, and the command line needs it seldom. */
async function resources(client: HttpClient, signal: AbortSignal | undefined) {
  const gitbeaker = await import("@gitbeaker/rest");
  const options = resourceOptions(client, signal);
  return {
    approvals: new gitbeaker.MergeRequestApprovals(options),
    commits: new gitbeaker.Commits(options),
    deployments: new gitbeaker.Deployments(options),
    discussions: new gitbeaker.MergeRequestDiscussions(options),
    emoji: new gitbeaker.MergeRequestNoteAwardEmojis(options),
    environments: new gitbeaker.Environments(options),
    labelEvents: new gitbeaker.MergeRequestLabelEvents(options),
    groupMembers: new gitbeaker.GroupMembers(options),
    mergeRequests: new gitbeaker.MergeRequests(options),
    notes: new gitbeaker.MergeRequestNotes(options),
    projectMembers: new gitbeaker.ProjectMembers(options),
    projects: new gitbeaker.Projects(options),
    users: new gitbeaker.Users(options),
  };
}

type Resources = Awaited<ReturnType<typeof resources>>;

export interface Api {
  /** Path or id, as gitbeaker takes it. */
  readonly project: string | number;
  call<T>(signal: AbortSignal | undefined, run: (resources: Resources) => Promise<T>): Promise<T>;
}

/** `always` ends every call, beside the signal of each. */
export function apiOf(client: HttpClient, project: string, always: AbortSignal | undefined): Api {
  return {
    project: /^\d+$/.test(project) ? Number(project) : project,
    call: async (signal, run) => {
      const signals = [always, signal].filter((one) => one !== undefined);
      return run(await resources(client, signals.length > 0 ? AbortSignal.any(signals) : undefined));
    },
  };
}

/** For writes that may be carried out twice without harm. */
export async function repeatable<T>(write: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof Waiting) || error.retryAfterMs > PATIENCE_MS || attempt >= 3) throw error;
      await sleep(BACKOFF_MS * 2 ** attempt, undefined, { ...(signal && { signal }) });
    }
  }
}

const PATIENCE_MS = 5_000;
const BACKOFF_MS = 100;

/** What GitLab said no to, where the caller knows what it means; everything else is thrown on. */
export async function unlessRefused<T, O>(run: () => Promise<T>, otherwise: (refused: Refused) => O): Promise<T | O> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof Refused) return otherwise(error);
    throw error;
  }
}

/** `undefined` for 404. */
export async function unlessMissing<T>(run: () => Promise<T>): Promise<T | undefined> {
  return unlessRefused(run, (refused) => {
    if (refused.status === 404) return undefined;
    throw refused;
  });
}
