/** What the hooks of a project hear when a branch moved. */
import { NO_COMMIT } from "../bare-repository.ts";
import { fileDiffs } from "../file-diff.ts";
import type { Project, User } from "../model.ts";
import { matchesPattern, type Happening, type World } from "../world.ts";
import { avatarUrl, hookCommit, hookProject, hookRepository, type Payload } from "./parts.ts";

// GitLab shows the newest 20 commits only (webhook_events, 17.8).
const COMMITS_SHOWN = 20;

export interface BranchMove {
  readonly branch: string;
  /** Forty zeros: the branch is new. */
  readonly before: string;
  /** Forty zeros: the branch is gone. */
  readonly after: string;
}

export async function pushEvent(world: World, project: Project, by: User, move: BranchMove): Promise<Happening> {
  const { repository } = project;
  const { branch, before, after } = move;
  const range = before === NO_COMMIT ? [after] : [`${before}..${after}`];
  const commits = after === NO_COMMIT ? [] : await repository.log(range);
  const shown = await Promise.all(
    commits
      .slice(0, COMMITS_SHOWN)
      .toReversed()
      .map(async (commit): Promise<Payload> => {
        const parent = commit.parents[0];
        const files = parent === undefined ? [] : await fileDiffs(repository, parent, commit.sha);
        return {
          ...hookCommit(world, project, commit),
          added: files.filter(({ kind }) => kind === "new").map(({ newPath }) => newPath),
          modified: files.filter(({ kind }) => kind === "changed" || kind === "renamed").map(({ newPath }) => newPath),
          removed: files.filter(({ kind }) => kind === "deleted").map(({ oldPath }) => oldPath),
        };
      }),
  );
  const web = world.webUrl(project);
  return {
    project,
    event: "push_events",
    header: "Push Hook",
    branch,
    payload: {
      object_kind: "push",
      event_name: "push",
      before,
      after,
      ref: `refs/heads/${branch}`,
      ref_protected: project.protectedBranches.some(({ name }) => matchesPattern(name, branch)),
      checkout_sha: after === NO_COMMIT ? null : after,
      message: null,
      user_id: by.id,
      user_name: by.name,
      user_username: by.username,
      user_email: "",
      user_avatar: avatarUrl(by),
      project_id: project.id,
      project: hookProject(world, project),
      commits: shown,
      total_commits_count: commits.length,
      push_options: {},
      repository: {
        ...hookRepository(world, project),
        git_http_url: `${web}.git`,
        git_ssh_url: `git@127.0.0.1:${project.path}.git`,
        visibility_level: 0,
      },
    },
  };
}
