/** Pipelines, commit statuses, environments and deployments as the API shows them. */
import { pipelineState } from "../merge-request-state.ts";
import type { CommitStatus, Deployment, Environment, Pipeline, Project } from "../model.ts";
import type { World } from "../world.ts";
import { userBasic, type Entity } from "./entities.ts";

export function pipelineBasic(world: World, project: Project, pipeline: Pipeline): Entity {
  return {
    id: pipeline.id,
    iid: pipeline.iid,
    project_id: project.id,
    sha: pipeline.sha,
    ref: pipeline.ref,
    status: pipelineState(project, pipeline),
    source: "external",
    created_at: pipeline.createdAt.toISOString(),
    updated_at: pipeline.updatedAt.toISOString(),
    web_url: `${world.webUrl(project)}/-/pipelines/${pipeline.id}`,
  };
}

export function pipelineEntity(world: World, project: Project, pipeline: Pipeline): Entity {
  const state = pipelineState(project, pipeline);
  return {
    ...pipelineBasic(world, project, pipeline),
    before_sha: "0".repeat(40),
    tag: false,
    yaml_errors: null,
    user: null,
    started_at: null,
    finished_at: null,
    committed_at: null,
    duration: null,
    queued_duration: null,
    coverage: null,
    detailed_status: {
      icon: `status_${state}`,
      text: state,
      label: state,
      group: state,
      tooltip: state,
      has_details: false,
      details_path: null,
      illustration: null,
      favicon: "",
    },
  };
}

export function statusEntity(world: World, status: CommitStatus): Entity {
  return {
    id: status.id,
    sha: status.sha,
    ref: status.ref,
    status: status.state,
    name: status.name,
    target_url: status.targetUrl,
    description: status.description,
    created_at: status.createdAt.toISOString(),
    started_at: status.startedAt?.toISOString() ?? null,
    finished_at: status.finishedAt?.toISOString() ?? null,
    allow_failure: false,
    coverage: null,
    pipeline_id: status.pipeline.id,
    author: userBasic(world, status.author),
  };
}

function environmentBasic(environment: Environment): Entity {
  return {
    id: environment.id,
    name: environment.name,
    slug: environment.slug,
    external_url: environment.externalUrl,
    created_at: environment.createdAt.toISOString(),
    updated_at: environment.updatedAt.toISOString(),
  };
}

/** Lists leave the last deployment out. */
export function environmentEntity(world: World, project: Project, environment: Environment, withDeployment: boolean): Entity {
  const last = project.deployments.findLast(
    (deployment) => deployment.environment === environment && deployment.state === "success",
  );
  return {
    ...environmentBasic(environment),
    tier: environment.tier,
    state: environment.state,
    auto_stop_at: null,
    cluster_agent: null,
    kubernetes_namespace: environment.kubernetesNamespace,
    flux_resource_path: environment.fluxResourcePath,
    description: environment.description,
    auto_stop_setting: environment.autoStopSetting,
    ...(withDeployment ? { last_deployment: last === undefined ? null : lastDeployment(world, last) } : {}),
  };
}

export function deploymentEntity(world: World, deployment: Deployment): Entity {
  return { ...lastDeployment(world, deployment), environment: environmentBasic(deployment.environment) };
}

export function deploymentExtended(world: World, deployment: Deployment): Entity {
  return { ...deploymentEntity(world, deployment), pending_approval_count: 0, approvals: [] };
}

function lastDeployment(world: World, deployment: Deployment): Entity {
  return {
    id: deployment.id,
    iid: deployment.iid,
    ref: deployment.ref,
    sha: deployment.sha,
    created_at: deployment.createdAt.toISOString(),
    updated_at: deployment.updatedAt.toISOString(),
    user: userBasic(world, deployment.user),
    deployable: null,
    status: deployment.state,
  };
}
