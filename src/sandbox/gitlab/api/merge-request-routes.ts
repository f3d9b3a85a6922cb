/** Merge requests: list, get, open, edit, versions, commits, diffs, merge. */
import { Hono } from "hono";
import { merge } from "../actions/merge.ts";
import { openMergeRequest, prepare, updateMergeRequest, type MergeRequestEdit } from "../actions/merge-requests.ts";
import { currentVersion, isDraft, mergeRequestDiffs } from "../merge-request-state.ts";
import type { MergeRequest } from "../model.ts";
import { badParameter, notFound } from "../refusal.ts";
import { commitEntity, diffEntity, userBasic } from "./entities.ts";
import { labelEventEntity, mergeRequestBasic, mergeRequestEntity, versionEntity } from "./merge-request-entity.ts";
import { paginate } from "./pagination.ts";
import type { Parameters } from "./parameters.ts";
import { mergeRequestOf, projectOf, type ApiBindings } from "./request.ts";
import { pipelineBasic } from "./status-entities.ts";

export function mergeRequestRoutes(): Hono<ApiBindings> {
  const api = new Hono<ApiBindings>();
  api.get("/", async (context) => {
    const project = projectOf(context, 20);
    const parameters = context.get("parameters");
    const found = selected(project.mergeRequests, parameters);
    const details = parameters.boolean("with_labels_details") ?? false;
    const page = paginate(context, found);
    return context.json(await Promise.all(page.map(async (item) => mergeRequestBasic(context.get("world"), item, details))));
  });

  api.post("/", async (context) => {
    const world = context.get("world");
    const me = context.get("me");
    const parameters = context.get("parameters");
    const source = projectOf(context, 20);
    parameters.require("title", "source_branch", "target_branch");
    const targetId = parameters.integer("target_project_id");
    const target = targetId === undefined ? source : world.project(targetId);
    if (target === undefined || world.level(target, me) < 20) throw notFound("Project");
    const description = parameters.text("description");
    const labels = parameters.list("labels");
    const removeSourceBranch = parameters.boolean("remove_source_branch");
    const mergeRequest = await openMergeRequest(world, target, me, {
      source,
      sourceBranch: parameters.text("source_branch") ?? "",
      targetBranch: parameters.text("target_branch") ?? "",
      title: parameters.text("title") ?? "",
      ...(description === undefined ? {} : { description }),
      ...(labels === undefined ? {} : { labels }),
      ...(removeSourceBranch === undefined ? {} : { removeSourceBranch }),
    });
    // The answer shows it before GitLab has read its commits, as the real one does.
    const answer = await mergeRequestEntity(world, mergeRequest, me);
    if (!world.holdPreparation) await prepare(world, mergeRequest);
    return context.json(answer, 201);
  });

  api.get("/:iid", async (context) =>
    context.json(await mergeRequestEntity(context.get("world"), mergeRequestOf(context), context.get("me"))),
  );

  api.put("/:iid", async (context) => {
    const mergeRequest = mergeRequestOf(context);
    const parameters = context.get("parameters");
    const edits = [
      "title",
      "description",
      "target_branch",
      "labels",
      "add_labels",
      "remove_labels",
      "state_event",
      "remove_source_branch",
    ];
    if (!edits.some((name) => parameters.has(name))) {
      throw badParameter(`${edits.join(", ")} are missing, at least one parameter must be provided`);
    }
    await updateMergeRequest(context.get("world"), mergeRequest, context.get("me"), editOf(parameters));
    return context.json(await mergeRequestEntity(context.get("world"), mergeRequest, context.get("me")));
  });

  api.get("/:iid/changes", async (context) => {
    const mergeRequest = mergeRequestOf(context);
    const entity = await mergeRequestEntity(context.get("world"), mergeRequest, context.get("me"));
    const files = mergeRequest.preparedAt === undefined ? [] : await mergeRequestDiffs(mergeRequest);
    return context.json({ ...entity, changes: files.map(diffEntity), overflow: false });
  });

  api.get("/:iid/diffs", async (context) => {
    const mergeRequest = mergeRequestOf(context);
    const files = mergeRequest.preparedAt === undefined ? [] : await mergeRequestDiffs(mergeRequest);
    return context.json(paginate(context, files).map(diffEntity));
  });

  api.get("/:iid/resource_label_events", (context) => {
    const mergeRequest = mergeRequestOf(context);
    const page = paginate(context, mergeRequest.labelEvents);
    return context.json(page.map((event) => labelEventEntity(context.get("world"), mergeRequest, event)));
  });

  api.get("/:iid/versions", (context) => {
    const mergeRequest = mergeRequestOf(context);
    return context.json(
      paginate(context, mergeRequest.versions.toReversed()).map((version) => versionEntity(mergeRequest, version)),
    );
  });

  api.get("/:iid/versions/:version", async (context) => {
    const mergeRequest = mergeRequestOf(context);
    const version = mergeRequest.versions.find(({ id }) => String(id) === context.req.param("version"));
    if (version === undefined) throw notFound();
    const { project } = mergeRequest;
    const commits = await project.repository.log([`${version.baseSha}..${version.headSha}`]);
    const files = await mergeRequestDiffs(mergeRequest, version);
    return context.json({
      ...versionEntity(mergeRequest, version),
      commits: commits.map((commit) => commitEntity(context.get("world"), project, commit)),
      diffs: files.map(diffEntity),
    });
  });

  api.get("/:iid/commits", async (context) => {
    const mergeRequest = mergeRequestOf(context);
    const version = currentVersion(mergeRequest);
    const { repository } = mergeRequest.project;
    const commits = version === undefined ? [] : await repository.log([`${version.baseSha}..${version.headSha}`]);
    return context.json(
      paginate(context, commits).map((commit) => commitEntity(context.get("world"), mergeRequest.source, commit)),
    );
  });

  api.get("/:iid/participants", (context) => {
    const { author, discussions } = mergeRequestOf(context);
    const people = new Set([author, ...discussions.flatMap(({ notes }) => notes.map((note) => note.author))]);
    return context.json([...people].map((user) => userBasic(context.get("world"), user)));
  });

  api.get("/:iid/reviewers", (context) => {
    mergeRequestOf(context);
    return context.json([]);
  });

  api.get("/:iid/pipelines", (context) => {
    const { source, versions } = mergeRequestOf(context);
    const heads = versions.map(({ headSha }) => headSha);
    const pipelines = source.pipelines.filter(({ sha }) => heads.includes(sha)).toReversed();
    return context.json(paginate(context, pipelines).map((pipeline) => pipelineBasic(context.get("world"), source, pipeline)));
  });

  api.put("/:iid/merge", async (context) => {
    const world = context.get("world");
    const mergeRequest = mergeRequestOf(context);
    const parameters = context.get("parameters");
    const sha = parameters.text("sha");
    const message = parameters.text("merge_commit_message");
    const removeSourceBranch = parameters.boolean("should_remove_source_branch");
    await merge(world, mergeRequest, context.get("me"), {
      ...(sha === undefined ? {} : { sha }),
      ...(message === undefined ? {} : { message }),
      ...(removeSourceBranch === undefined ? {} : { removeSourceBranch }),
    });
    return context.json(await mergeRequestEntity(world, mergeRequest, context.get("me")));
  });
  return api;
}

function editOf(parameters: Parameters): MergeRequestEdit {
  const title = parameters.text("title");
  const description = parameters.text("description");
  const targetBranch = parameters.text("target_branch");
  const labels = parameters.list("labels");
  const addLabels = parameters.list("add_labels");
  const removeLabels = parameters.list("remove_labels");
  const removeSourceBranch = parameters.boolean("remove_source_branch");
  const stateEvent = parameters.oneOf("state_event", ["close", "reopen"] as const);
  return {
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(targetBranch === undefined ? {} : { targetBranch }),
    ...(labels === undefined ? {} : { labels }),
    ...(addLabels === undefined ? {} : { addLabels }),
    ...(removeLabels === undefined ? {} : { removeLabels }),
    ...(removeSourceBranch === undefined ? {} : { removeSourceBranch }),
    ...(stateEvent === undefined ? {} : { stateEvent }),
  };
}

function selected(all: readonly MergeRequest[], parameters: Parameters): readonly MergeRequest[] {
  const state = parameters.oneOf("state", ["opened", "closed", "locked", "merged", "all"] as const) ?? "all";
  const orderBy = parameters.oneOf("order_by", ["created_at", "updated_at", "title", "merged_at"] as const) ?? "created_at";
  const sort = parameters.oneOf("sort", ["asc", "desc"] as const) ?? "desc";
  const wip = parameters.oneOf("wip", ["yes", "no"] as const);
  const iids = parameters.list("iids");
  const labels = parameters.list("labels");
  const target = parameters.text("target_branch");
  const source = parameters.text("source_branch");
  const author = parameters.integer("author_id");
  const authorName = parameters.text("author_username");
  const search = parameters.text("search");
  const updatedAfter = parameters.text("updated_after");
  const sourceProject = parameters.integer("source_project_id");
  const found = all.filter(
    (item) =>
      (state === "all" || item.state === state) &&
      (iids === undefined || iids.includes(String(item.iid))) &&
      (labels === undefined || labels.every((label) => item.labels.includes(label))) &&
      (target === undefined || item.targetBranch === target) &&
      (source === undefined || item.sourceBranch === source) &&
      (author === undefined || item.author.id === author) &&
      (authorName === undefined || item.author.username === authorName) &&
      (search === undefined || `${item.title}\n${item.description ?? ""}`.toLowerCase().includes(search.toLowerCase())) &&
      (updatedAfter === undefined || item.updatedAt.getTime() >= Date.parse(updatedAfter)) &&
      (sourceProject === undefined || item.source.id === sourceProject) &&
      (wip === undefined || isDraft(item.title) === (wip === "yes")),
  );
  const key = (item: MergeRequest): number =>
    ({ created_at: item.createdAt, updated_at: item.updatedAt, merged_at: item.merged?.at ?? new Date(0), title: new Date(0) })[
      orderBy
    ].getTime();
  const sorted = found.toSorted((a, b) =>
    orderBy === "title" ? a.title.localeCompare(b.title) || a.iid - b.iid : key(a) - key(b) || a.iid - b.iid,
  );
  return sort === "asc" ? sorted : sorted.toReversed();
}
