/** Runs the quick actions of a comment with the rights of its author; those without an effect here are recorded all the same. */
import type { MergeRequest, User } from "../model.ts";
import type { QuickAction } from "../quick-actions.ts";
import { Refusal } from "../refusal.ts";
import type { World } from "../world.ts";
import { approve, unapprove } from "./approvals.ts";
import { merge } from "./merge.ts";
import { updateMergeRequest, type MergeRequestEdit } from "./merge-requests.ts";

export interface CommandsOutcome {
  readonly kind: "commands";
  readonly changes: Readonly<Record<string, unknown>>;
  readonly summary: readonly string[];
}

export async function runQuickActions(
  world: World,
  mergeRequest: MergeRequest,
  by: User,
  actions: readonly QuickAction[],
): Promise<CommandsOutcome> {
  const changes: Record<string, unknown> = {};
  const summary: string[] = [];
  for (const action of actions) {
    const effect = await attempt(world, mergeRequest, by, action);
    world.quickActionsRun.push({ username: by.username, mergeRequest: mergeRequest.iid, ...action, effect });
    if (effect === "refused") {
      summary.push(`Could not apply ${action.name} command.`);
      continue;
    }
    changes[action.name] = action.argument === "" ? true : action.argument;
    summary.push(`Applied ${action.name} command.`);
  }
  return { kind: "commands", changes, summary };
}

async function attempt(
  world: World,
  mergeRequest: MergeRequest,
  by: User,
  action: QuickAction,
): Promise<"done" | "refused" | "recorded only"> {
  const run = effectOf(world, mergeRequest, by, action);
  if (run === undefined) return "recorded only";
  try {
    await run();
    return "done";
  } catch (error) {
    if (error instanceof Refusal) return "refused";
    throw error;
  }
}

function effectOf(
  world: World,
  mergeRequest: MergeRequest,
  by: User,
  { name, argument }: QuickAction,
): (() => Promise<unknown>) | undefined {
  const edit = (input: MergeRequestEdit) => async (): Promise<void> => updateMergeRequest(world, mergeRequest, by, input);
  const labels = argument
    .split(/[\s,]+/)
    .map((label) => label.replace(/^~/, "").replaceAll('"', ""))
    .filter(Boolean);
  switch (name) {
    case "approve":
      return async () => approve(world, mergeRequest, by);
    case "unapprove":
      return async () => unapprove(world, mergeRequest, by);
    case "merge":
      return async () => merge(world, mergeRequest, by, {});
    case "close":
      return edit({ stateEvent: "close" });
    case "reopen":
      return edit({ stateEvent: "reopen" });
    case "label":
    case "labels":
      return edit({ addLabels: labels });
    case "relabel":
      return edit({ labels });
    case "unlabel":
    case "remove_label":
      return edit(labels.length === 0 ? { labels: [] } : { removeLabels: labels });
    case "title":
      return edit({ title: argument });
    case "target_branch":
      return edit({ targetBranch: argument });
    default:
      return undefined;
  }
}
