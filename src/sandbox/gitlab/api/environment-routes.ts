/** Environments and deployments. */
import { Hono } from "hono";
import {
  createDeployment,
  createEnvironment,
  deleteEnvironment,
  editEnvironment,
  environmentById,
  stopEnvironment,
  updateDeployment,
  type EnvironmentEdit,
} from "../actions/environments.ts";
import { DEPLOYMENT_STATES, TIERS, type Deployment, type Project } from "../model.ts";
import { badRequest, notFound } from "../refusal.ts";
import { paginate } from "./pagination.ts";
import type { Parameters } from "./parameters.ts";
import { projectOf, type ApiBindings, type ApiContext } from "./request.ts";
import { deploymentEntity, deploymentExtended, environmentEntity } from "./status-entities.ts";

export function environmentRoutes(): Hono<ApiBindings> {
  const api = new Hono<ApiBindings>();
  api.get("/environments", (context) => {
    const project = projectOf(context, 20);
    const parameters = context.get("parameters");
    const name = parameters.text("name");
    const search = parameters.text("search");
    const states = parameters.oneOf("states", ["available", "stopping", "stopped"] as const);
    if (name !== undefined && search !== undefined) throw badRequest("name, search are mutually exclusive");
    if (search !== undefined && search.length < 3) throw badRequest("Search query is less than 3 characters");
    const found = project.environments.filter(
      (environment) =>
        (name === undefined || environment.name === name) &&
        (search === undefined || environment.name.includes(search)) &&
        (states === undefined || environment.state === states),
    );
    return context.json(paginate(context, found).map((item) => environmentEntity(context.get("world"), project, item, false)));
  });
  api.post("/environments", (context) => {
    const project = projectOf(context, 20);
    const parameters = context.get("parameters");
    parameters.require("name");
    const environment = createEnvironment(
      context.get("world"),
      project,
      context.get("me"),
      parameters.text("name") ?? "",
      editOf(parameters),
    );
    return context.json(environmentEntity(context.get("world"), project, environment, true), 201);
  });
  api.get("/environments/:environment", (context) => {
    const project = projectOf(context, 20);
    const environment = environmentById(project, context.req.param("environment"));
    return context.json(environmentEntity(context.get("world"), project, environment, true));
  });
  api.put("/environments/:environment", (context) => {
    const project = projectOf(context, 20);
    const environment = environmentById(project, context.req.param("environment"));
    editEnvironment(context.get("world"), project, context.get("me"), environment, editOf(context.get("parameters")));
    return context.json(environmentEntity(context.get("world"), project, environment, true));
  });
  api.post("/environments/:environment/stop", (context) => {
    const project = projectOf(context, 20);
    const environment = environmentById(project, context.req.param("environment"));
    stopEnvironment(context.get("world"), project, context.get("me"), environment);
    return context.json(environmentEntity(context.get("world"), project, environment, true));
  });
  api.delete("/environments/:environment", (context) => {
    const project = projectOf(context, 20);
    deleteEnvironment(
      context.get("world"),
      project,
      context.get("me"),
      environmentById(project, context.req.param("environment")),
    );
    return context.body(null, 204);
  });

  api.get("/deployments", (context) => {
    const project = projectOf(context, 20);
    const parameters = context.get("parameters");
    const environment = parameters.text("environment");
    const status = parameters.text("status");
    const orderBy =
      parameters.oneOf("order_by", ["id", "iid", "created_at", "updated_at", "finished_at", "ref"] as const) ?? "id";
    const sort = parameters.oneOf("sort", ["asc", "desc"] as const) ?? "asc";
    const found = project.deployments
      .filter(
        (deployment) =>
          (environment === undefined || deployment.environment.name === environment) &&
          (status === undefined || deployment.state === status),
      )
      .toSorted((a, b) =>
        orderBy === "updated_at" ? a.updatedAt.getTime() - b.updatedAt.getTime() || a.id - b.id : a.id - b.id,
      );
    const page = paginate(context, sort === "asc" ? found : found.toReversed());
    return context.json(page.map((deployment) => deploymentEntity(context.get("world"), deployment)));
  });
  api.post("/deployments", async (context) => {
    const project = projectOf(context, 20);
    const parameters = context.get("parameters");
    parameters.require("environment", "sha", "ref", "tag", "status");
    const deployment = await createDeployment(context.get("world"), project, context.get("me"), {
      environment: parameters.text("environment") ?? "",
      sha: parameters.text("sha") ?? "",
      ref: parameters.text("ref") ?? "",
      tag: parameters.boolean("tag") ?? false,
      state: parameters.oneOf("status", DEPLOYMENT_STATES) ?? "running",
    });
    return context.json(deploymentExtended(context.get("world"), deployment), 201);
  });
  api.get("/deployments/:deployment", (context) =>
    context.json(deploymentExtended(context.get("world"), deploymentOf(context, projectOf(context, 20)))),
  );
  api.put("/deployments/:deployment", async (context) => {
    const project = projectOf(context, 20);
    const deployment = deploymentOf(context, project);
    const parameters = context.get("parameters");
    parameters.require("status");
    const status = parameters.oneOf("status", DEPLOYMENT_STATES) ?? "running";
    await updateDeployment(context.get("world"), project, context.get("me"), deployment, status);
    return context.json(deploymentExtended(context.get("world"), deployment));
  });
  return api;
}

function deploymentOf(context: ApiContext, project: Project): Deployment {
  const deployment = project.deployments.find(({ id }) => String(id) === context.req.param("deployment"));
  if (deployment === undefined) throw notFound("Deployment");
  return deployment;
}

function editOf(parameters: Parameters): EnvironmentEdit {
  const externalUrl = parameters.text("external_url");
  const tier = parameters.oneOf("tier", TIERS);
  const description = parameters.text("description");
  const kubernetesNamespace = parameters.text("kubernetes_namespace");
  const fluxResourcePath = parameters.text("flux_resource_path");
  const autoStopSetting = parameters.oneOf("auto_stop_setting", ["always", "with_action"] as const);
  return {
    ...(externalUrl === undefined ? {} : { externalUrl }),
    ...(tier === undefined ? {} : { tier }),
    ...(description === undefined ? {} : { description }),
    ...(kubernetesNamespace === undefined ? {} : { kubernetesNamespace }),
    ...(fluxResourcePath === undefined ? {} : { fluxResourcePath }),
    ...(autoStopSetting === undefined ? {} : { autoStopSetting }),
  };
}
