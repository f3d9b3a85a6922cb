import { Stalled } from "../core/errors.ts";
import type { Repository } from "../core/ports.ts";

/** Undefined for the first commit of all. */
export async function parentOf(repository: Repository, commit: string): Promise<string | undefined> {
  try {
    return await repository.parent(commit);
  } catch (error) {
    if (error instanceof Stalled) return undefined;
    throw error;
  }
}
