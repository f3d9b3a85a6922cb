/** For whom claimbot opened a merge request: that person counts as its author, wherever an author may less than others. */
import type { MergeRequest, User } from "./ports.ts";

export interface Asker {
  /** Undefined: nobody knows; then it may have been anybody. */
  readonly id: number | undefined;
}

/**
 * @public The branch for a merge request that somebody asks us to open, such as `claimbot/asked-by-42/promote-payments-prod`. Nobody can change
 * the source branch of a merge request afterwards (GitLab's MergeRequests::UpdateService drops it, and the API has no such field; read
 * 2026-11-24), and only our token opens one as us. A marker in the description could be edited by anybody who may edit the merge request.
 */
export function askedBranch(askerId: number, what: string): string {
  return `claimbot/asked-by-${askerId}/${what}`;
}

/** Undefined for a merge request that somebody else opened. `me` is the user of our own token. */
export function askerOf({ author, sourceBranch, sourceProjectId, targetProjectId }: MergeRequest, me: User): Asker | undefined {
  if (author.id !== me.id) return undefined;
  const [, digits] = /^claimbot\/asked-by-([1-9][0-9]{0,14})\//.exec(sourceBranch) ?? [];
  return { id: digits === undefined || sourceProjectId !== targetProjectId ? undefined : Number(digits) };
}

/** Whether somebody counts as the author: also whoever asked for it, and anybody where that is not known. */
export function countsAsAuthor(mr: MergeRequest, me: User, user: User): boolean {
  const asker = askerOf(mr, me);
  return user.id === mr.author.id || (asker !== undefined && (asker.id === undefined || asker.id === user.id));
}
