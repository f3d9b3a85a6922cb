/** A test event through a hook: of a push, or where there is none yet, of a merge request. */
import type { ForgeHook, ForgeSettings } from "../../core/ports.ts";

type Tested = Awaited<ReturnType<ForgeSettings["testHook"]>>;

/** Throws Waiting where GitLab has had enough tests for now (five a minute). */
export async function sendTest(settings: ForgeSettings, { id }: ForgeHook, signal: AbortSignal): Promise<Tested> {
  const pushed = await settings.testHook(id, "push_events", signal);
  return pushed.outcome === "no-data" ? settings.testHook(id, "merge_requests_events", signal) : pushed;
}
