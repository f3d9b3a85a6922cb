/** Merges by a real merge commit in the bare repository. */
import { NO_COMMIT } from "../bare-repository.ts";
import { detailedMergeStatus, headSha, mayMerge, mergedTree } from "../merge-request-state.ts";
import type { MergeRequest, User } from "../model.ts";
import { conflict, Refusal, unauthorized, unprocessable } from "../refusal.ts";
import type { World } from "../world.ts";
import { branchMoved, markMerged } from "./push.ts";

export interface MergeOptions {
  readonly sha?: string;
  readonly message?: string;
  readonly removeSourceBranch?: boolean;
}

/**
 * | what is wrong                            | answer |
 * | ---------------------------------------- | ------ |
 * | no right to push to the target           | 401    |
 * | closed, draft, threads, pipeline, broken | 405    |
 * | conflicts                                | 422    |
 * | the head is not `sha`                    | 409    |
 */
export async function merge(world: World, mergeRequest: MergeRequest, by: User, options: MergeOptions): Promise<string> {
  const { project, source, targetBranch } = mergeRequest;
  const commit = await project.repository.exclusively(async () => {
    if (!mayMerge(world, mergeRequest, by)) throw unauthorized();
    const status = await detailedMergeStatus(mergeRequest);
    if (status !== "mergeable" && status !== "conflict") throw new Refusal(405, { message: "405 Method Not Allowed" });
    const head = headSha(mergeRequest) ?? "";
    const target = (await project.repository.branchHead(targetBranch)) ?? "";
    const tree = await mergedTree(mergeRequest, target, head);
    if (tree === undefined) throw unprocessable("Branch cannot be merged");
    if (options.sha !== undefined && options.sha !== head) {
      throw conflict(`SHA does not match HEAD of source branch: ${head}`);
    }
    const message =
      options.message ??
      `Merge branch '${mergeRequest.sourceBranch}' into '${targetBranch}'\n\n${mergeRequest.title}\n\n` +
        `See merge request ${project.path}!${mergeRequest.iid}`;
    const merged = await project.repository.commitTree(tree, [target, head], message, { ...by, at: world.now() });
    await project.repository.updateRef(`refs/heads/${targetBranch}`, merged, target);
    return { before: target, after: merged };
  });
  await markMerged(world, mergeRequest, by, commit.after);
  await branchMoved(world, project, by, { branch: targetBranch, ...commit });
  if (options.removeSourceBranch ?? mergeRequest.removeSourceBranch) {
    const before = await source.repository.branchHead(mergeRequest.sourceBranch);
    if (before !== undefined) {
      await source.repository.deleteRef(`refs/heads/${mergeRequest.sourceBranch}`);
      await branchMoved(world, source, by, { branch: mergeRequest.sourceBranch, before, after: NO_COMMIT });
    }
  }
  return commit.after;
}
