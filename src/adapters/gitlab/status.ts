/** Commit statuses: the check that a merge waits for. Must never stay running. */
import { setTimeout as sleep } from "node:timers/promises";
import { Waiting } from "../../core/errors.ts";
import type { CommitStatus, Forge } from "../../core/ports.ts";
import { Refused } from "../http-client.ts";
import { repeatable, type Api } from "./api.ts";
import { lastPipelineOf } from "./wire.ts";

/** Of description and target_url; GitLab answers 400 beyond. */
const MAX_LENGTH = 255;

export function statusOf(api: Api): Pick<Forge, "setStatus"> {
  const pipelines = new PipelineOfCommit();
  return {
    setStatus: async (sha, ref, status, signal) => {
      const pipeline = await pipelines.of(sha, async () =>
        lastPipelineOf(await api.call(signal, async ({ commits }) => commits.show(api.project, sha))),
      );
      const post = async (where: { readonly pipelineId: number } | { readonly ref: string }): Promise<void> =>
        repeatable(
          async () =>
            whenFree(async () => {
              await api.call(signal, async ({ commits }) =>
                commits.editStatus(api.project, sha, status.state, { ...optionsOf(status), ...where }),
              );
            }, signal),
          signal,
        );
      try {
        await post(pipeline === undefined ? { ref } : { pipelineId: pipeline });
      } catch (error) {
        if (error instanceof Refused && isSameState(error)) return;
        // "The number of jobs has exceeded the limit" of that pipeline; by its ref it gets one of its own.
        if (!(error instanceof Refused) || error.status !== 422 || pipeline === undefined) throw error;
        await post({ ref });
      }
    },
  };
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
async function whenFree(post: () => Promise<void>, signal: AbortSignal | undefined): Promise<void> {
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

/**
 * The pipeline that a commit's statuses went to first. They stay there: if a newer one came up in between, the status that says
 * "running" would never be answered in the older.
 */
class PipelineOfCommit {
  readonly #known = new Map<string, number>();

  async of(sha: string, ask: () => Promise<number | undefined>): Promise<number | undefined> {
    const known = this.#known.get(sha) ?? (await ask());
    if (known === undefined) return undefined;
    this.#known.delete(sha);
    this.#known.set(sha, known);
    const oldest = this.#known.keys().next().value;
    if (this.#known.size > 1000 && oldest !== undefined) this.#known.delete(oldest);
    return known;
  }
}
