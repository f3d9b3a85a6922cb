/** Entries of the audit log, one a line or row: for a terminal, a page or a spreadsheet. */
import type { AuditEntry, AuditEvent } from "../audit.ts";
import { environmentsOf } from "../audit-query.ts";
import { shortDigest } from "../json.ts";
import { csv } from "./csv.ts";
import { code, oneLine, plain } from "./encode.ts";

interface Told {
  /** `decision`, `rules`, … */
  readonly name: string;
  readonly who: string;
  /** `go`, `held`, `refused`, … */
  readonly outcome: string;
  readonly plan: string | undefined;
  readonly mergeRequest: number | undefined;
  /** Raw; may hold foreign text. */
  readonly detail: string;
}

const EVENT_NAMES: Readonly<Record<AuditEvent["kind"], string>> = {
  Review: "review",
  Command: "command",
  Decision: "decision",
  Effects: "effects",
  Adoption: "rules",
  Publication: "terminal",
  MonthClosed: "month",
};

function told({ sequence, event }: AuditEntry): Told {
  const base = { name: EVENT_NAMES[event.kind], plan: undefined, mergeRequest: undefined, who: "" };
  switch (event.kind) {
    case "Review":
      return {
        ...base,
        outcome: "planned",
        mergeRequest: event.mergeRequest,
        detail: `head ${event.sha.slice(0, 12)}: ${Object.entries(event.plans)
          .map(([environment, digest]) => `${environment} ${shortDigest(digest)}`)
          .join(", ")}`,
      };
    case "Command": {
      const because = event.reason === undefined ? "" : ` — ${event.reason}`;
      return {
        ...base,
        who: event.by.username,
        outcome: event.verdict,
        mergeRequest: event.mergeRequest,
        detail: `${event.line}${because}`,
      };
    }
    case "Decision":
      return {
        ...base,
        who: event.author ?? "",
        outcome: event.breakGlass === undefined ? event.outcome : "BREAK GLASS",
        plan: event.planDigest,
        mergeRequest: event.mergeRequest,
        detail: reasonsOf(event),
      };
    case "Effects":
      return {
        ...base,
        outcome: event.outcome,
        plan: event.planDigest,
        detail: [
          ...(event.record === undefined ? ["nothing recorded"] : [event.record.key]),
          ...event.targets.flatMap((target) =>
            "missing" in target || target.changes === 0 ? [] : [`${target.target} ${target.changes}`],
          ),
          ...(event.reason === undefined ? [] : [event.reason]),
        ].join("; "),
      };
    case "Adoption":
      return {
        ...base,
        outcome: event.breakGlass === undefined ? "adopted" : "BREAK GLASS",
        plan: event.planDigest,
        mergeRequest: event.mergeRequest,
        detail: [
          event.record.key,
          ...approvedBy(event.approvers),
          ...(event.breakGlass === undefined ? [] : [event.breakGlass]),
        ].join("; "),
      };
    case "Publication":
      return {
        ...base,
        who: event.by.account,
        outcome: event.breakGlass === undefined ? "begun" : "BREAK GLASS",
        detail: [
          `on ${event.by.host}`,
          ...(event.by.job === undefined ? [] : [event.by.job]),
          `gates answered for by ${event.proof}`,
          ...(event.breakGlass === undefined ? [] : [event.breakGlass]),
        ].join("; "),
      };
    case "MonthClosed":
      // Before the first there was no month to close.
      if (sequence === 1) {
        return { ...base, name: "log", outcome: "opened", detail: `the audit log begins; its first month is ${event.next}` };
      }
      return { ...base, outcome: "closed", detail: `goes on in ${event.next}` };
  }
}

function reasonsOf({ outcome, gates, approvers, breakGlass }: Extract<AuditEvent, { kind: "Decision" }>): string {
  const closed = gates.filter(({ verdict }) => verdict === "closed").map(({ gate, reason }) => `${gate}: ${reason}`);
  const unchecked = gates.filter(({ verdict }) => verdict === "unchecked").map(({ gate }) => gate);
  const passed = outcome === "resumed" ? ["goes on, its gates behind it"] : [];
  return [
    ...(breakGlass === undefined ? [] : [breakGlass]),
    ...closed,
    ...(unchecked.length === 0 ? [] : [`unchecked: ${unchecked.join(", ")}`]),
    ...approvedBy(approvers),
    ...passed,
  ].join("; ");
}

function approvedBy(approvers: readonly string[]): readonly string[] {
  return approvers.length === 0 ? [] : [`approved by ${approvers.join(", ")}`];
}

function shownAt(at: string): string {
  return at.slice(0, 19).replace("T", " ");
}

/** `00000042  2026-11-24 11:02:13 UTC  decision  held  shop-prod  …`. */
export function auditText(entries: readonly AuditEntry[]): string {
  if (entries.length === 0) return "Nothing of that is in the audit log.\n";
  const rows = entries.map((entry) => {
    const { sequence, at, event } = entry;
    const { name, who, outcome, plan, mergeRequest, detail } = told(entry);
    return [
      String(sequence).padStart(8, "0"),
      `${shownAt(at)} UTC`,
      name,
      outcome,
      oneLine(environmentsOf(event).join(" "), 60),
      mergeRequest === undefined ? "" : `!${mergeRequest}`,
      oneLine(who, 30),
      plan === undefined ? "" : shortDigest(plan),
      oneLine(detail, 400),
    ];
  });
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  // A column that nothing stands in takes no room.
  return rows
    .map(
      (row) =>
        `${row
          .flatMap((cell, column) => (widths[column] === 0 ? [] : [cell.padEnd(widths[column] ?? 0)]))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

export function auditMarkdown(entries: readonly AuditEntry[]): string {
  const rows = entries.map((entry) => {
    const { sequence, at, event } = entry;
    const { name, who, outcome, plan, mergeRequest, detail } = told(entry);
    const environments = environmentsOf(event)
      .map((name) => code(name))
      .join(" ");
    const cells = [
      String(sequence),
      `${shownAt(at)} UTC`,
      name,
      outcome === "BREAK GLASS" ? `**${outcome}**` : outcome,
      environments,
      mergeRequest === undefined ? "" : String(mergeRequest),
      who === "" ? "" : code(who),
      plan === undefined ? "" : code(shortDigest(plan)),
      plain(detail, 400),
    ];
    return `| ${cells.join(" | ")} |`;
  });
  const head = [
    "| entry | when | event | outcome | environment | merge request | who | plan | what |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
  ];
  return rows.length === 0 ? "Nothing of that is in the audit log.\n" : `${[...head, ...rows].join("\n")}\n`;
}

const COLUMNS = [
  "entry",
  "at",
  "instance",
  "event",
  "outcome",
  "environment",
  "merge request",
  "who",
  "plan",
  "what",
  "previous",
];

export function auditCsv(entries: readonly AuditEntry[]): string {
  return csv(
    COLUMNS,
    entries.map((entry) => {
      const { sequence, at, instance, previous, event } = entry;
      const { name, who, outcome, plan, mergeRequest, detail } = told(entry);
      return [sequence, at, instance, name, outcome, environmentsOf(event).join(" "), mergeRequest, who, plan, detail, previous];
    }),
  );
}
