/** Commit statuses: the check that a merge waits for. Must never stay running. */
import { setTimeout as sleep } from "node:timers/promises";
import { Waiting } from "../../core/errors.ts";
import type { CommitStatus, Forge } from "../../core/ports.ts";
import { Refused } from "../http-client.ts";
import { repeatable, unlessMissing, type Api } from "./api.ts";
import { list, pipelineOfStatus, statusOf } from "./wire.ts";

/** Of description, target_url and ref; GitLab answers 400 beyond. */
const MAX_LENGTH = 255;
// gitbeaker's types do not know the first member; it sends it all the same.
const ALL_PAGES = { perPage: 100, showExpanded: false } as const;

export function statusesOf(api: Api): Pick<Forge, "setStatus" | "statuses"> {
  return {
    setStatus: async (sha, ref, status, signal) => {
      const post = async (where: { readonly pipelineId: number } | { readonly ref: string }): Promise<number | undefined> =>
        repeatable(
          async () =>
            whenFree(async () => {
              const answer: unknown = await api.call(signal, async ({ commits }) =>
                commits.editStatus(api.project, sha, status.state, { ...optionsOf(status), ...where }),
              );
              return pipelineOfStatus(answer);
            }, signal),
          signal,
        );
      const { pipelineId } = status;
      try {
        if (pipelineId === undefined) return await post({ ref });
        return await unlessGone(
          async () => post({ pipelineId }),
          async () => post({ ref }),
        );
      } catch (error) {
        if (error instanceof Refused && isSameState(error)) return pipelineId;
        throw error;
      }
    },
    statuses: async (sha, signal) => {
      // A commit that was pushed over and cleaned away has none.
      const found: unknown = await unlessMissing(async () =>
        api.call(signal, async ({ commits }) => commits.allStatuses(api.project, sha, ALL_PAGES)),
      );
      return found === undefined ? [] : list(found).map(statusOf);
    },
  };
}

/** A pipeline that is full ("The number of jobs has exceeded the limit"), or was deleted: by its ref the status gets another one. */
async function unlessGone<T>(inPipeline: () => Promise<T>, otherwise: () => Promise<T>): Promise<T> {
  try {
    return await inPipeline();
  } catch (error) {
    if (error instanceof Refused && (error.status === 422 || error.status === 404)) return otherwise();
    throw error;
  }
}

function optionsOf({ name, description, targetUrl }: CommitStatus) {
  return {
    name,
    description: cut(description),
    // Half a link leads nowhere.
    ...(targetUrl !== undefined && targetUrl.length <= MAX_LENGTH && { targetUrl }),
  };
}

/** In UTF-16 code units, which are never fewer than the characters that GitLab counts; and never through one. */
function cut(text: string): string {
  return text.length <= MAX_LENGTH
    ? text
    : `${text
        .slice(0, MAX_LENGTH - 1)
        .toWellFormed()
        .replace(/\uFFFD$/, "")}…`;
}

/** The transitions that lead to each state: `Cannot transition status via :run from :running` says that it is there already. */
const LEADS_TO: Readonly<Record<string, string>> = {
  enqueue: "pending",
  run: "running",
  success: "success",
  drop: "failed",
  cancel: "canceled",
};

export function isSameState({ status, detail }: Pick<Refused, "status" | "detail">): boolean {
  const [, event, from] = /^Cannot transition status via :(\w+) from :(\w+)/.exec(detail) ?? [];
  return status === 400 && event !== undefined && LEADS_TO[event] === from;
}

/** 409: another update of the same commit and ref is running. */
async function whenFree<T>(post: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await post();
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 409) throw error;
      if (attempt >= 5) throw new Waiting("GitLab is busy with another status of this commit", 5_000, { cause: error });
      await sleep(50 * 2 ** attempt, undefined, { ...(signal && { signal }) });
    }
  }
}
