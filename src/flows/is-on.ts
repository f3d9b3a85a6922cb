import { Stalled } from "../core/errors.ts";
import type { Repository } from "../core/ports.ts";

export async function isThere(repository: Repository, commit: string): Promise<boolean> {
  return isOn(repository, commit, commit);
}

/** Whether a commit is `head` or comes before it. What the repository does not know is on none of its branches. */
export async function isOn(repository: Repository, commit: string, head: string): Promise<boolean> {
  try {
    return await repository.isAncestor(await repository.commit(commit), head);
  } catch (error) {
    if (error instanceof Stalled) return false;
    throw error;
  }
}
