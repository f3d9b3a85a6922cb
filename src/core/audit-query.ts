/** Which entries of the audit log somebody asked for. Pure. */
import { PLATFORM_NAME } from "./adopted.ts";
import type { AuditEntry, AuditEvent } from "./audit.ts";

export interface AuditQuery {
  readonly environment?: string | undefined;
  /** A GitLab user name, or the account of a terminal. */
  readonly user?: string | undefined;
  /** ISO 8601, UTC; both ends count. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

export function matching(entries: readonly AuditEntry[], query: AuditQuery): readonly AuditEntry[] {
  const { environment, user, since = "", until = "~" } = query;
  return entries.filter(
    ({ at, event }) =>
      at >= since &&
      at <= until &&
      (environment === undefined || environmentsOf(event).includes(environment)) &&
      (user === undefined || peopleOf(event).includes(user)),
  );
}

/** Environments that an event is about; `platform` stands for the rules. */
export function environmentsOf(event: AuditEvent): readonly string[] {
  switch (event.kind) {
    case "Review":
      return Object.keys(event.plans);
    case "Command":
      return event.environments;
    case "Decision":
    case "Effects":
      return [event.environment];
    case "Adoption":
      return [PLATFORM_NAME];
    case "Publication":
      return event.plans.map(({ environment }) => environment);
    case "MonthClosed":
      return [];
  }
}

/** Who had a hand in it, first whoever did it. */
function peopleOf(event: AuditEvent): readonly string[] {
  switch (event.kind) {
    case "Command":
      return [event.by.username];
    case "Decision":
      return [...(event.author === undefined ? [] : [event.author]), ...event.approvers];
    case "Adoption":
      return event.approvers;
    case "Publication":
      return [event.by.account];
    case "Review":
    case "Effects":
    case "MonthClosed":
      return [];
  }
}
