/** What the hooks of a project hear of a merge request. */
import type { MergeRequest, User } from "../model.ts";
import type { Happening, World } from "../world.ts";
import { hookLabels, hookMergeRequest, hookProject, hookRepository, hookTime, hookUser } from "./parts.ts";

export type MergeRequestAction = "open" | "close" | "reopen" | "update" | "approved" | "unapproved" | "merge";

export interface MergeRequestChange {
  readonly previous: unknown;
  readonly current: unknown;
}

export async function mergeRequestEvent(
  world: World,
  mergeRequest: MergeRequest,
  by: User,
  event: {
    readonly action: MergeRequestAction;
    readonly changes?: Readonly<Record<string, MergeRequestChange>>;
    /** The head before a push: the only sign of one. */
    readonly oldrev?: string;
    readonly systemAction?: "approvals_reset_on_push";
  },
): Promise<Happening> {
  return {
    project: mergeRequest.project,
    event: "merge_requests_events",
    header: "Merge Request Hook",
    payload: {
      object_kind: "merge_request",
      event_type: "merge_request",
      user: hookUser(by),
      project: hookProject(world, mergeRequest.project),
      object_attributes: {
        ...(await hookMergeRequest(world, mergeRequest)),
        approval_rules: [],
        action: event.action,
        actioned_at: hookTime(world.now()),
        system: event.systemAction !== undefined,
        ...(event.systemAction === undefined ? {} : { system_action: event.systemAction }),
        ...(event.oldrev === undefined ? {} : { oldrev: event.oldrev }),
      },
      labels: hookLabels(mergeRequest),
      changes: event.changes ?? {},
      repository: hookRepository(world, mergeRequest.project),
      assignees: [],
      reviewers: [],
    },
  };
}
