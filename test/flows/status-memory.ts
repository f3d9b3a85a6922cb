/** What the database remembers of commit statuses, without a database. */
import type { Memory, RememberedStatus } from "../../src/core/ports.ts";

export function statusMemory(): Pick<Memory, "status" | "rememberStatus" | "openStatuses"> {
  const statuses = new Map<string, RememberedStatus>();
  return {
    status: async (sha, name) => statuses.get(`${sha} ${name}`),
    rememberStatus: async (status) => {
      const key = `${status.sha} ${status.name}`;
      const known = statuses.get(key);
      statuses.delete(key);
      const parts = { ...known?.parts, ...status.parts };
      statuses.set(key, { ...status, parts, pipelineId: status.pipelineId ?? known?.pipelineId });
    },
    openStatuses: async () =>
      [...statuses.values()].filter(
        ({ said, parts }) =>
          said === undefined || Object.values(parts).some(({ state }) => state !== "settled" && state !== "overtaken"),
      ),
  };
}
