/** Commit statuses: jobs of stage "external" in a pipeline, with the transitions that GitLab allows. */
import type { CommitStatus, Pipeline, Project, StatusState, User } from "../model.ts";
import { conflict, forbidden, invalid, notFound, Refusal } from "../refusal.ts";
import type { World } from "../world.ts";

const TEXT_LIMIT = 255;

export interface NewStatus {
  readonly sha: string;
  readonly state: StatusState;
  readonly name?: string;
  readonly ref?: string;
  readonly description?: string;
  readonly targetUrl?: string;
  readonly pipelineId?: number;
}

/**
 * Moves the running or pending status of this name, ref and user; where all of them are finished, makes a new one.
 * Repeating `pending` or `running`, or going back from running to pending, is refused.
 */
export async function setStatus(world: World, project: Project, by: User, input: NewStatus): Promise<CommitStatus> {
  if (world.level(project, by) < 30) throw forbidden();
  if (world.busyStatusUpdates > 0) {
    world.busyStatusUpdates -= 1;
    throw conflict("409 Conflict");
  }
  const sha = await project.repository.resolve(input.sha);
  if (sha === undefined || !/^[0-9a-f]{7,40}$/.test(input.sha)) throw notFound("Commit");
  const ref = await refOf(project, sha, input.ref);
  checkTexts(input);
  const pipeline = pipelineFor(world, project, sha, ref, input.pipelineId);
  const name = input.name ?? "default";
  const unfinished = project.statuses.findLast(
    (status) =>
      status.pipeline === pipeline &&
      status.name === name &&
      status.ref === ref &&
      status.author === by &&
      (status.state === "pending" || status.state === "running"),
  );
  if (unfinished !== undefined) mustMove(unfinished.state, input.state);
  const jobs = project.statuses.filter((status) => status.pipeline === pipeline).length;
  // Only a pipeline that was asked for by its id can be full: else a new one is made (gitlab.md 3.2).
  if (unfinished === undefined && input.pipelineId !== undefined && jobs >= world.jobsPerPipeline) {
    throw new Refusal(422, { message: "The number of jobs has exceeded the limit" });
  }
  const now = world.now();
  const status: CommitStatus = unfinished ?? {
    id: world.id("status"),
    sha,
    ref,
    name,
    pipeline,
    author: by,
    createdAt: now,
    state: input.state,
    description: null,
    targetUrl: null,
    startedAt: undefined,
    finishedAt: undefined,
  };
  if (unfinished === undefined) project.statuses.push(status);
  status.state = input.state;
  if (input.description !== undefined) status.description = input.description;
  if (input.targetUrl !== undefined) status.targetUrl = input.targetUrl;
  if (input.state === "running") status.startedAt = now;
  if (input.state !== "running" && input.state !== "pending") status.finishedAt = now;
  pipeline.updatedAt = now;
  return status;
}

/** Of all commits and pipelines, the newest of each name. */
export function allStatuses(project: Project): readonly CommitStatus[] {
  return [...new Set(project.statuses.map(({ sha }) => sha))].flatMap((sha) => statusesOf(project, sha, false));
}

/** The newest of each name and ref, unless all are asked for. */
export function statusesOf(project: Project, sha: string, all: boolean): readonly CommitStatus[] {
  const statuses = project.statuses.filter((status) => status.sha === sha);
  if (all) return statuses;
  const newest = new Map(statuses.map((status): [string, CommitStatus] => [`${status.pipeline.id} ${status.name}`, status]));
  return statuses.filter((status) => newest.get(`${status.pipeline.id} ${status.name}`) === status);
}

/** Without a ref: a branch that holds the commit. */
async function refOf(project: Project, sha: string, ref: string | undefined): Promise<string> {
  if (ref !== undefined && ref !== "") {
    // GitLab cuts the long form of a branch; what is asked for may also be a merge request's ref.
    return ref.replace(/^refs\/heads\//, "");
  }
  for (const [branch, head] of await project.repository.branches()) {
    if (head === sha || (await project.repository.isAncestor(sha, head))) return branch;
  }
  throw notFound("References for commit");
}

function pipelineFor(world: World, project: Project, sha: string, ref: string, id: number | undefined): Pipeline {
  const fitting = project.pipelines.filter(
    (pipeline) => pipeline.sha === sha && (id === undefined ? pipeline.ref === ref : pipeline.id === id),
  );
  const known = fitting.at(-1);
  if (known !== undefined) return known;
  if (id !== undefined) throw notFound("Pipeline");
  return startPipeline(world, project, sha, ref);
}

export function startPipeline(world: World, project: Project, sha: string, ref: string): Pipeline {
  const now = world.now();
  const pipeline: Pipeline = {
    id: world.id("pipeline"),
    iid: project.pipelines.length + 1,
    sha,
    ref,
    createdAt: now,
    updatedAt: now,
  };
  project.pipelines.push(pipeline);
  return pipeline;
}

function mustMove(from: StatusState, to: StatusState): void {
  const event = to === "pending" ? "enqueue" : to === "running" ? "run" : undefined;
  if (event === undefined || (from === "pending" && to === "running")) return;
  throw new Refusal(400, {
    message: `Cannot transition status via :${event} from :${from} (Reason(s): Status cannot transition via "${event}")`,
  });
}

function checkTexts(input: NewStatus): void {
  const errors: Record<string, readonly string[]> = {};
  const fields = { name: input.name, description: input.description, target_url: input.targetUrl, ref: input.ref };
  for (const [field, text] of Object.entries(fields)) {
    if ((text?.length ?? 0) > TEXT_LIMIT) errors[field] = [`is too long (maximum is ${TEXT_LIMIT} characters)`];
  }
  if (input.targetUrl !== undefined && !/^https?:\/\//.test(input.targetUrl)) {
    errors["target_url"] = ["is blocked: Only allowed schemes are http, https"];
  }
  if (Object.keys(errors).length > 0) throw invalid(errors);
}
