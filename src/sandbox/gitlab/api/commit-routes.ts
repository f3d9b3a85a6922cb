/** Commits: get, list, create; their statuses and merge requests. */
import { Hono } from "hono";
import { commitToBranch } from "../actions/push.ts";
import { setStatus, statusesOf } from "../actions/statuses.ts";
import type { FileChange } from "../bare-repository.ts";
import { fileDiffs } from "../file-diff.ts";
import type { MergeRequest, Project, StatusState } from "../model.ts";
import { badParameter, notFound, Refusal } from "../refusal.ts";
import { commitEntity, diffEntity, type Entity } from "./entities.ts";
import { mergeRequestBasic } from "./merge-request-entity.ts";
import { paginate } from "./pagination.ts";
import type { Parameters } from "./parameters.ts";
import { projectOf, type ApiBindings, type ApiContext } from "./request.ts";
import { pipelineBasic, statusEntity } from "./status-entities.ts";

const STATES = ["pending", "running", "success", "failed", "canceled", "skipped"] as const satisfies readonly StatusState[];

export function commitRoutes(): Hono<ApiBindings> {
  const api = new Hono<ApiBindings>();
  api.post("/statuses/:sha", async (context) => {
    const project = projectOf(context, 20);
    const parameters = context.get("parameters");
    parameters.require("state");
    const name = parameters.text("name") ?? parameters.text("context");
    const ref = parameters.text("ref");
    const description = parameters.text("description");
    const targetUrl = parameters.text("target_url");
    const pipelineId = parameters.integer("pipeline_id");
    const status = await setStatus(context.get("world"), project, context.get("me"), {
      sha: context.req.param("sha"),
      state: parameters.oneOf("state", STATES) ?? "pending",
      ...(name === undefined ? {} : { name }),
      ...(ref === undefined ? {} : { ref }),
      ...(description === undefined ? {} : { description }),
      ...(targetUrl === undefined ? {} : { targetUrl }),
      ...(pipelineId === undefined ? {} : { pipelineId }),
    });
    return context.json(statusEntity(context.get("world"), status), 201);
  });

  api.get("/repository/commits", async (context) => {
    const project = projectOf(context, 20);
    const parameters = context.get("parameters");
    const ref = parameters.text("ref_name") ?? project.defaultBranch;
    const commit = await project.repository.resolve(ref);
    if (commit === undefined) throw notFound();
    const path = parameters.text("path");
    const firstParent = parameters.boolean("first_parent") === true ? ["--first-parent"] : [];
    const all = await project.repository.log([commit], firstParent, path === undefined ? [] : [path]);
    return context.json(paginate(context, all).map((item) => commitEntity(context.get("world"), project, item)));
  });

  api.post("/repository/commits", async (context) => {
    const project = projectOf(context, 20);
    const parameters = context.get("parameters");
    parameters.require("branch", "commit_message", "actions");
    const branch = parameters.text("branch") ?? "";
    const start = parameters.text("start_branch") ?? parameters.text("start_sha");
    const base = start ?? ((await project.repository.branchHead(branch)) === undefined ? project.defaultBranch : branch);
    const changes: FileChange[] = [];
    for (const action of parameters.objects("actions") ?? []) changes.push(...(await changesOf(project, base, action)));
    const name = parameters.text("author_name");
    const email = parameters.text("author_email");
    const sha = await commitToBranch(context.get("world"), project, context.get("me"), {
      branch,
      message: parameters.text("commit_message") ?? "",
      changes,
      ...(start === undefined ? {} : { start }),
      force: parameters.boolean("force") ?? false,
      author: { ...(name === undefined ? {} : { name }), ...(email === undefined ? {} : { email }) },
    });
    return context.json(await commitDetail(context, project, sha), 201);
  });

  api.get("/repository/commits/:sha", async (context) => {
    const project = projectOf(context, 20);
    return context.json(await commitDetail(context, project, await commitOf(context, project)));
  });

  api.get("/repository/commits/:sha/diff", async (context) => {
    const project = projectOf(context, 20);
    const sha = await commitOf(context, project);
    const [commit] = await project.repository.log([sha], ["-1"]);
    const parent = commit?.parents[0];
    const files = parent === undefined ? [] : await fileDiffs(project.repository, parent, sha);
    return context.json(paginate(context, files).map(diffEntity));
  });

  api.get("/repository/commits/:sha/statuses", async (context) => {
    const project = projectOf(context, 20);
    const sha = await commitOf(context, project);
    const parameters = context.get("parameters");
    const ref = parameters.text("ref");
    const name = parameters.text("name");
    const found = statusesOf(project, sha, parameters.boolean("all") ?? false).filter(
      (status) => (ref === undefined || status.ref === ref) && (name === undefined || status.name === name),
    );
    return context.json(paginate(context, found).map((status) => statusEntity(context.get("world"), status)));
  });

  api.get("/repository/commits/:sha/merge_requests", async (context) => {
    const project = projectOf(context, 20);
    const sha = await commitOf(context, project);
    const state = context.get("parameters").oneOf("state", ["opened", "closed", "locked", "merged", "all"] as const) ?? "all";
    const found: MergeRequest[] = [];
    for (const mergeRequest of project.mergeRequests.toReversed()) {
      if (state !== "all" && mergeRequest.state !== state) continue;
      if (await brings(project, mergeRequest, sha)) found.push(mergeRequest);
    }
    const page = paginate(context, found);
    return context.json(await Promise.all(page.map(async (item) => mergeRequestBasic(context.get("world"), item))));
  });
  return api;
}

/** Its merge commit, or one of the commits of any of its versions. */
async function brings(project: Project, mergeRequest: MergeRequest, sha: string): Promise<boolean> {
  if (mergeRequest.merged?.commit === sha) return true;
  for (const { baseSha, headSha } of mergeRequest.versions) {
    const { repository } = project;
    if ((await repository.isAncestor(sha, headSha)) && !(await repository.isAncestor(sha, baseSha))) return true;
  }
  return false;
}

async function commitOf(context: ApiContext, project: Project): Promise<string> {
  const sha = await project.repository.resolve(context.req.param("sha") ?? "");
  if (sha === undefined) throw notFound("Commit");
  return sha;
}

async function commitDetail(context: ApiContext, project: Project, sha: string): Promise<Entity> {
  const world = context.get("world");
  const [commit] = await project.repository.log([sha], ["-1"]);
  if (commit === undefined) throw notFound("Commit");
  const pipeline = project.pipelines.findLast((candidate) => candidate.sha === sha);
  const last = pipeline === undefined ? null : pipelineBasic(world, project, pipeline);
  return {
    ...commitEntity(world, project, commit),
    stats: await project.repository.stats(sha),
    status: last?.["status"] ?? null,
    project_id: project.id,
    last_pipeline: last,
  };
}

/** One action of a commit, checked against the tree that it starts from. */
async function changesOf(project: Project, base: string, action: Parameters): Promise<readonly FileChange[]> {
  action.require("action", "file_path");
  const kind = action.oneOf("action", ["create", "update", "move", "delete", "chmod"] as const);
  const path = action.text("file_path") ?? "";
  const from = kind === "move" ? (action.text("previous_path") ?? "") : path;
  const commit = await project.repository.resolve(base);
  const old = commit === undefined ? undefined : await project.repository.file(commit, from);
  if (kind === "create" ? old !== undefined : old === undefined) {
    throw new Refusal(400, { message: `A file with this name ${kind === "create" ? "already exists" : "doesn't exist"}` });
  }
  await mustBeUnchanged(project, base, from, action.text("last_commit_id"));
  const text = action.text("content");
  const content =
    action.oneOf("encoding", ["text", "base64"] as const) === "base64" ? Buffer.from(text ?? "", "base64") : (text ?? "");
  switch (kind) {
    case "create":
    case "update":
      if (text === undefined) throw badParameter("actions[0][content] is missing");
      return [
        { kind: "write", path, content, executable: old?.mode === "100755" || action.boolean("execute_filemode") === true },
      ];
    case "chmod":
      return [{ kind: "write", path, content: old?.bytes ?? "", executable: action.boolean("execute_filemode") ?? false }];
    case "delete":
      return [{ kind: "delete", path }];
    case "move":
      return [
        { kind: "delete", path: from },
        { kind: "write", path, content: text === undefined ? (old?.bytes ?? "") : content, executable: old?.mode === "100755" },
      ];
    case undefined:
      return [];
  }
}

async function mustBeUnchanged(project: Project, base: string, path: string, lastCommitId: string | undefined): Promise<void> {
  if (lastCommitId === undefined) return;
  const [last] = await project.repository.log([base], ["-1"], [path]);
  if (last?.sha === lastCommitId) return;
  throw new Refusal(400, { message: "You are attempting to update a file that has changed since you started editing it." });
}
