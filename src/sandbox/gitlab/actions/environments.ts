/** Environments and their deployments. */
import { createHash } from "node:crypto";
import type { Deployment, DeploymentState, Environment, Project, Tier, User } from "../model.ts";
import { deploymentEvent } from "../payloads/deployment-event.ts";
import { forbidden, invalid, notFound, Refusal } from "../refusal.ts";
import type { World } from "../world.ts";

const NAME_LIMIT = 255;
const SLUG_LIMIT = 24;

export interface EnvironmentEdit {
  readonly externalUrl?: string;
  readonly tier?: Tier;
  readonly description?: string;
  readonly kubernetesNamespace?: string;
  readonly fluxResourcePath?: string;
  readonly autoStopSetting?: Environment["autoStopSetting"];
}

export function createEnvironment(world: World, project: Project, by: User, name: string, edit: EnvironmentEdit): Environment {
  mustDevelop(world, project, by);
  if (!/^[a-zA-Z0-9-_/${}. ]+$/.test(name) || name.startsWith("/") || name.endsWith("/")) {
    throw invalid({
      name: [
        "can contain only letters, digits, '-', '_', '/', '$', '{', '}', '.', and spaces, but it cannot start or end with '/'",
      ],
    });
  }
  if (name.length > NAME_LIMIT) throw invalid({ name: [`is too long (maximum is ${NAME_LIMIT} characters)`] });
  if (project.environments.some((environment) => environment.name === name)) throw invalid({ name: ["has already been taken"] });
  checkUrl(edit.externalUrl);
  const now = world.now();
  const environment: Environment = {
    id: world.id("environment"),
    name,
    slug: slugOf(name),
    createdAt: now,
    updatedAt: now,
    state: "available",
    tier: guessedTier(name),
    externalUrl: null,
    description: null,
    kubernetesNamespace: null,
    fluxResourcePath: null,
    autoStopSetting: "always",
  };
  project.environments.push(environment);
  applyEdit(environment, edit);
  return environment;
}

export function editEnvironment(world: World, project: Project, by: User, environment: Environment, edit: EnvironmentEdit): void {
  mustDevelop(world, project, by);
  checkUrl(edit.externalUrl);
  applyEdit(environment, edit);
  environment.updatedAt = world.now();
}

/** Nothing is torn down: there is no stop job here, so it is stopped at once. */
export function stopEnvironment(world: World, project: Project, by: User, environment: Environment): void {
  mustDevelop(world, project, by);
  environment.state = "stopped";
  environment.updatedAt = world.now();
}

export function deleteEnvironment(world: World, project: Project, by: User, environment: Environment): void {
  mustDevelop(world, project, by);
  if (environment.state !== "stopped") throw new Refusal(403, { message: "403 Forbidden" });
  project.environments.splice(project.environments.indexOf(environment), 1);
}

export interface NewDeployment {
  readonly environment: string;
  readonly sha: string;
  readonly ref: string;
  readonly tag: boolean;
  readonly state: DeploymentState;
}

/** Makes the environment, where there is none of that name. */
export async function createDeployment(world: World, project: Project, by: User, input: NewDeployment): Promise<Deployment> {
  mustDevelop(world, project, by);
  const environment =
    project.environments.find(({ name }) => name === input.environment) ??
    createEnvironment(world, project, by, input.environment, {});
  const sha = await project.repository.resolve(input.sha);
  if (sha === undefined) throw invalid({ sha: ["The commit does not exist"] });
  const ref = `refs/${input.tag ? "tags" : "heads"}/${input.ref}`;
  if ((await project.repository.resolve(ref)) === undefined)
    throw invalid({ ref: [`The ${input.tag ? "tag" : "branch"} does not exist`] });
  const now = world.now();
  const deployment: Deployment = {
    id: world.id("deployment"),
    iid: project.deployments.length + 1,
    environment,
    sha,
    ref: input.ref,
    tag: input.tag,
    user: by,
    createdAt: now,
    updatedAt: now,
    state: input.state,
  };
  project.deployments.push(deployment);
  if (input.state === "success") environment.state = "available";
  await world.announce(project, async () => deploymentEvent(world, project, deployment));
  return deployment;
}

/** `running` can only follow `created`; a finished state may be left for another one, but not repeated. */
export async function updateDeployment(
  world: World,
  project: Project,
  by: User,
  deployment: Deployment,
  state: DeploymentState,
): Promise<void> {
  mustDevelop(world, project, by);
  if (deployment.state === state || (state === "running" && deployment.state !== "created")) {
    const event = { running: "run", success: "succeed", failed: "drop", canceled: "cancel" }[state];
    throw invalid({ status: [`cannot transition via "${event}"`] });
  }
  deployment.state = state;
  deployment.updatedAt = world.now();
  if (state === "success") deployment.environment.state = "available";
  await world.announce(project, async () => deploymentEvent(world, project, deployment));
}

export function environmentById(project: Project, id: string | undefined): Environment {
  const environment = project.environments.find((candidate) => String(candidate.id) === id);
  if (environment === undefined) throw notFound("Environment");
  return environment;
}

function applyEdit(environment: Environment, edit: EnvironmentEdit): void {
  if (edit.externalUrl !== undefined) environment.externalUrl = edit.externalUrl === "" ? null : edit.externalUrl;
  if (edit.tier !== undefined) environment.tier = edit.tier;
  if (edit.description !== undefined) environment.description = edit.description;
  if (edit.kubernetesNamespace !== undefined) environment.kubernetesNamespace = edit.kubernetesNamespace;
  if (edit.fluxResourcePath !== undefined) environment.fluxResourcePath = edit.fluxResourcePath;
  if (edit.autoStopSetting !== undefined) environment.autoStopSetting = edit.autoStopSetting;
}

function mustDevelop(world: World, project: Project, by: User): void {
  if (world.level(project, by) < 30) throw forbidden();
}

function checkUrl(url: string | undefined): void {
  if (url !== undefined && url !== "" && !/^https?:\/\/[^/\s]+/.test(url)) {
    throw invalid({ external_url: ["is blocked: Only allowed schemes are http, https"] });
  }
}

/** Lower case with dashes; changed or cut names get a suffix of their own. */
function slugOf(name: string): string {
  const slug = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "-")
    .replace(/^(?=\d)/, "env-");
  if (slug === name && slug.length <= SLUG_LIMIT) return slug;
  const suffix = createHash("sha256").update(name).digest("hex").slice(0, 6);
  return `${slug.slice(0, SLUG_LIMIT - 7).replace(/-+$/, "")}-${suffix}`;
}

function guessedTier(name: string): Tier {
  if (/(dev|review|trunk)/i.test(name)) return "development";
  if (/(test|tst|int|ac(ce|)pt|qa|qc|control|quality)/i.test(name)) return "testing";
  if (/(st(a|)g|mod(e|)l|pre|demo|non)/i.test(name)) return "staging";
  return /(pr(o|)d|live)/i.test(name) ? "production" : "other";
}
