/** The webhook that "Test" sends: of the newest thing of its kind, or of nothing where there is none. */
import type { Project, User } from "../model.ts";
import type { Happening, World } from "../world.ts";
import { deploymentEvent } from "./deployment-event.ts";
import { mergeRequestEvent } from "./merge-request-event.ts";
import { noteEvent } from "./note-event.ts";
import { pushEvent } from "./push-event.ts";

/** Undefined when the project has nothing to show for this trigger. */
export async function testEvent(world: World, project: Project, by: User, trigger: string): Promise<Happening | undefined> {
  const mergeRequest = project.mergeRequests.at(-1);
  switch (trigger) {
    case "push_events": {
      const [head, parent] = await project.repository.log([project.defaultBranch], ["-2", "--first-parent"]);
      if (head === undefined || parent === undefined) return undefined;
      return pushEvent(world, project, by, { branch: project.defaultBranch, before: parent.sha, after: head.sha });
    }
    case "merge_requests_events":
      return mergeRequest && mergeRequestEvent(world, mergeRequest, by, { action: "open" });
    case "note_events": {
      const discussion = mergeRequest?.discussions.findLast(({ notes }) => notes.some(({ system }) => !system));
      const note = discussion?.notes.find(({ system }) => !system);
      if (mergeRequest === undefined || discussion === undefined || note === undefined) return undefined;
      return noteEvent(world, mergeRequest, discussion, note, { action: "create", by });
    }
    case "deployment_events": {
      const deployment = project.deployments.at(-1);
      return deployment && deploymentEvent(world, project, deployment);
    }
    default:
      return undefined;
  }
}
