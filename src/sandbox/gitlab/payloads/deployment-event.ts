/** What the hooks of a project hear of a deployment. */
import type { Deployment, Project } from "../model.ts";
import type { Happening, World } from "../world.ts";
import { hookProject, hookUser } from "./parts.ts";

export async function deploymentEvent(world: World, project: Project, deployment: Deployment): Promise<Happening> {
  const [commit] = await project.repository.log([deployment.sha], ["-1"]);
  const { environment } = deployment;
  return {
    project,
    event: "deployment_events",
    header: "Deployment Hook",
    payload: {
      object_kind: "deployment",
      status: deployment.state,
      status_changed_at: deployment.updatedAt
        .toISOString()
        .replace("T", " ")
        .replace(/\.\d+Z$/, " +0000"),
      deployment_id: deployment.id,
      deployable_id: null,
      // Null for deployments made by the API.
      deployable_url: null,
      environment: environment.name,
      environment_tier: environment.tier,
      environment_slug: environment.slug,
      environment_external_url: environment.externalUrl,
      project: hookProject(world, project),
      short_sha: deployment.sha.slice(0, 8),
      user: hookUser(deployment.user),
      user_url: `${world.url}/${deployment.user.username}`,
      commit_url: `${world.webUrl(project)}/-/commit/${deployment.sha}`,
      commit_title: commit?.message.split("\n")[0] ?? "",
      ref: deployment.ref,
    },
  };
}
