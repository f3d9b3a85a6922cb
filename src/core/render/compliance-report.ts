/** The compliance report as people file it: what was released into each environment, on whose word, and how soon. */
import type { EnvironmentReport, FourEyes, ReleaseRow } from "../compliance.ts";
import { shortDigest } from "../json.ts";
import { counted } from "./counted.ts";
import { csv } from "./csv.ts";
import { code, oneLine, plain } from "./encode.ts";
import { duration } from "./report-note.ts";

const NOTHING = "Nothing of that is in the audit log.\n";
const REFUSED_SHOWN = 20;

export interface ReportFrame {
  readonly since: string | undefined;
  readonly until: string | undefined;
  /** The newest entry that it was made of. */
  readonly head: { readonly sequence: number; readonly at: string } | undefined;
}

export function complianceMarkdown(reports: readonly EnvironmentReport[], frame: ReportFrame): string {
  if (reports.length === 0) return NOTHING;
  const parts = reports.map((report) =>
    [
      `## ${plain(report.environment)}${report.type === undefined ? "" : ` (${report.type})`}`,
      sentences(report)
        .map((sentence) => `- ${sentence}`)
        .join("\n"),
      ...(report.releases.length === 0 ? [] : [releaseTable(report.releases)]),
      ...(report.refused.length === 0 ? [] : [refusedTable(report)]),
    ].join("\n\n"),
  );
  return `${["# Releases and who answered for them", span(frame), ...parts].join("\n\n")}\n`;
}

function span({ since, until, head }: ReportFrame): string {
  const from = since === undefined ? "From the beginning" : `From ${shownAt(since)} UTC`;
  const to = until === undefined ? "" : ` to ${shownAt(until)} UTC`;
  return `${from}${to}${head === undefined ? "" : `, by the audit log as far as entry ${head.sequence} of ${shownAt(head.at)} UTC`}.`;
}

/** What somebody wants to know of an environment before they look at any row. No foreign text. */
function sentences({ releases, holds, commands, tookMs }: EnvironmentReport): readonly string[] {
  const settled = releases.filter(({ outcome }) => outcome === "settled");
  const changes = settled.reduce((sum, row) => sum + (row.changes ?? 0), 0);
  const eyes = (kind: FourEyes): number => releases.filter(({ fourEyes }) => fourEyes === kind).length;
  const glass = releases.filter(({ breakGlass }) => breakGlass !== undefined).length;
  const notSettled = releases.length - settled.length;
  const said = `Commands: ${commands.allowed} allowed, ${commands.refused} refused, ${commands.failed} failed.`;
  if (releases.length === 0) return [`No release; ${counted(holds, "decision")} to hold.`, said];
  return [
    `${counted(releases.length, "release")}, ${settled.length} settled with ${counted(changes, "change")}${notSettled === 0 ? "" : `, ${notSettled} not`}; ${counted(holds, "decision")} to hold.`,
    `Four eyes: ${FOUR_EYES.flatMap((kind) => (eyes(kind) === 0 ? [] : [`${kind} ${eyes(kind)}`])).join(", ")}.`,
    ...(glass === 0 ? [] : [`Glass was broken ${glass === 1 ? "once" : `${glass} times`}.`]),
    ...(tookMs === undefined
      ? []
      : [`From merge to end: ${duration(tookMs.median)} in the middle, ${duration(tookMs.longest)} at the most.`]),
    said,
  ];
}

const FOUR_EYES: readonly FourEyes[] = ["yes", "not asked", "unchecked", "passed over", "no"];

function releaseTable(releases: readonly ReleaseRow[]): string {
  const rows = releases.map((row) => {
    const ended =
      row.outcome === "settled"
        ? `${counted(row.changes ?? 0, "change")}${row.tookMs === undefined ? "" : ` after ${duration(row.tookMs)}`}`
        : `${row.outcome}${row.reason === undefined ? "" : `: ${plain(row.reason, 160)}`}`;
    const glass = row.breakGlass === undefined ? "" : `; **break glass**: ${plain(row.breakGlass, 200)}`;
    const cells = [
      `${shownAt(row.at)} UTC`,
      row.mergeRequest === undefined ? code(row.commit.slice(0, 12)) : String(row.mergeRequest),
      code(shortDigest(row.planDigest)),
      row.author === undefined ? "" : code(row.author),
      names(row.committers),
      names(row.approvers),
      row.fourEyes,
      `${ended}${glass}`,
    ];
    return `| ${cells.join(" | ")} |`;
  });
  return [
    "| decided | merge request | plan | author | committers | approved by | four eyes | end |",
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
}

function names(list: readonly string[]): string {
  return list.map((name) => code(name, 60)).join(", ");
}

function refusedTable({ refused }: EnvironmentReport): string {
  const shown = refused.slice(-REFUSED_SHOWN);
  const older = refused.length - shown.length;
  return [
    `Refused commands${older === 0 ? "" : ` (the newest ${shown.length} of ${refused.length})`}:`,
    "",
    "| when | who | merge request | command | why |",
    "| --- | --- | --- | --- | --- |",
    ...shown.map(
      ({ at, by, mergeRequest, line, reason }) =>
        `| ${shownAt(at)} UTC | ${code(by)} | ${mergeRequest} | ${code(line, 120)} | ${plain(reason, 200)} |`,
    ),
  ].join("\n");
}

export function complianceText(reports: readonly EnvironmentReport[], frame: ReportFrame): string {
  if (reports.length === 0) return NOTHING;
  const parts = reports.map((report) => {
    const rows = report.releases.map((row) => {
      const from = row.mergeRequest === undefined ? row.commit.slice(0, 12) : `!${row.mergeRequest}`;
      const by = [
        ...(row.author === undefined ? [] : [`by ${row.author}`]),
        ...(row.approvers.length === 0 ? [] : [`approved by ${row.approvers.join(", ")}`]),
        `four eyes: ${row.fourEyes}`,
        ...(row.breakGlass === undefined ? [] : [`BREAK GLASS: ${row.breakGlass}`]),
      ].join("; ");
      const took = row.tookMs === undefined ? "" : `  ${duration(row.tookMs)}`;
      return `  ${shownAt(row.at)} UTC  ${shortDigest(row.planDigest)}  ${from.padEnd(12)}  ${row.outcome.padEnd(7)}${took}  ${oneLine(by, 300)}`;
    });
    return [
      `${oneLine(report.environment)}${report.type === undefined ? "" : ` (${report.type})`}`,
      ...sentences(report).map((sentence) => `  ${sentence}`),
      ...(rows.length === 0 ? [] : ["", ...rows]),
    ].join("\n");
  });
  return `${[span(frame), ...parts].join("\n\n")}\n`;
}

const COLUMNS = [
  "environment",
  "type",
  "decided",
  "merge request",
  "commit",
  "plan",
  "author",
  "committers",
  "approvers",
  "four eyes",
  "break glass",
  "outcome",
  "reason",
  "changes",
  "record",
  "seconds from merge to end",
];

/** One row a release. */
export function complianceCsv(reports: readonly EnvironmentReport[]): string {
  return csv(
    COLUMNS,
    reports.flatMap(({ environment, type, releases }) =>
      releases.map((row) => [
        environment,
        type,
        row.at,
        row.mergeRequest,
        row.commit,
        row.planDigest,
        row.author,
        row.committers.join(", "),
        row.approvers.join(", "),
        row.fourEyes,
        row.breakGlass,
        row.outcome,
        row.reason,
        row.changes,
        row.recordKey,
        row.tookMs === undefined ? undefined : Math.round(row.tookMs / 1000),
      ]),
    ),
  );
}

function shownAt(at: string): string {
  return at.slice(0, 16).replace("T", " ");
}
