/** An environment at a moment, and what differs between two, for a terminal. Foreign text is one line without control characters. */
import { stringify } from "yaml";
import { shortDigest } from "../json.ts";
import type { Moment, MomentDifference } from "../moment.ts";
import { recordKey, type LogRecord } from "../record.ts";
import { leafTexts, type Leaf } from "./changed-leaves.ts";
import { oneLine } from "./encode.ts";

/** Ends with a line end. `newest`: the number of the newest record of the log. */
export function renderMoment(moment: Moment, newest: number): string {
  const { record, publication, rules } = moment;
  const lines = [headline(record, newest), ...sourceLines(record)];
  if (publication !== undefined) {
    const { claim, versions, source, releaseDigest } = publication;
    lines.push(`release ${shortDigest(releaseDigest)}, ${moment.objects.length} objects`);
    lines.push("", `claim  ${oneLine(source.path)}  blob ${source.blob.slice(0, 12)}`, ...indented(stringify(claim)));
    lines.push("", "versions");
    for (const [service, { constraint, tag, digest }] of Object.entries(versions)) {
      const locked = tag === undefined ? "not resolved" : [tag, digest?.slice(0, 19)].join("  ").trimEnd();
      lines.push(`  ${oneLine(service)}  ${oneLine(constraint)} → ${oneLine(locked)}`);
    }
  }
  const since = rules?.adoptedAt === undefined ? "" : `, adopted ${time(rules.adoptedAt)}`;
  lines.push("", rules === undefined ? "rules  of that plan are not in the log" : `rules  ${shortDigest(rules.digest)}${since}`);
  if (rules !== undefined) lines.push(...indented(stringify(rules.of)));
  return `${lines.join("\n")}\n`;
}

function headline({ environment, sequence, at, kind }: LogRecord, newest: number): string {
  const what = { Publication: "published", Tombstone: "is to go, said", Removed: "gone, said" }[kind];
  const now = sequence === newest ? "the newest" : `the newest is ${newest}`;
  return `${oneLine(environment)}  record ${sequence} (${now})  ${what} ${time(at)}`;
}

function sourceLines({ source, planDigest, breakGlass, environment, sequence }: LogRecord): readonly string[] {
  const merge = source.mergeRequest === undefined ? "" : `  !${source.mergeRequest} by ${oneLine(source.author ?? "", 60)}`;
  const approved =
    source.approvers.length === 0 ? "" : `, approved by ${source.approvers.map((name) => oneLine(name, 60)).join(", ")}`;
  return [
    `${recordKey(environment, sequence)}  plan ${shortDigest(planDigest)}`,
    `commit ${source.commit.slice(0, 12)} of ${oneLine(source.project)}${merge}${approved}`,
    ...(breakGlass === undefined ? [] : [`BREAK GLASS: ${oneLine(breakGlass)}`]),
  ];
}

function time(at: string): string {
  return `${at.slice(0, 19).replace("T", " ")} UTC`;
}

/** YAML's own writer quotes what could speak to a terminal; line ends within a text stay within it. */
function indented(yaml: string): readonly string[] {
  return yaml
    .trimEnd()
    .split("\n")
    .map((line) => `  ${oneLine(line, 2_000) === line.trim() ? line : oneLine(line, 2_000)}`);
}

const SIGNS = { come: "+", gone: "−", other: "~" } as const;
const COLOURS = { come: 32, gone: 31, other: 33 } as const;

/** Ends with a line end. */
export function renderMomentDifferences(a: Moment, b: Moment, differences: readonly MomentDifference[], colour: boolean): string {
  const lines = [`${oneLine(a.record.environment)}  ${label(a)} → ${label(b)}`];
  if (differences.length === 0) lines.push("Nothing differs.");
  for (const { part, leaves } of differences) lines.push("", part, ...leaves.map((leaf) => leafLine(leaf, colour)));
  return `${lines.join("\n")}\n`;
}

function label({ record, publication }: Moment): string {
  const what = publication === undefined ? (record.kind === "Removed" ? ", gone" : ", is to go") : "";
  return `record ${record.sequence} (${time(record.at)}${what})`;
}

function leafLine(leaf: Leaf, colour: boolean): string {
  const kind = leaf.is === undefined ? "come" : leaf.becomes === undefined ? "gone" : "other";
  const { before, after } = leafTexts(leaf);
  const values = [before, after].flatMap((text) => (text === undefined ? [] : [oneLine(text, 400)]));
  const line = `  ${SIGNS[kind]} ${oneLine(leaf.path === "" ? "all of it" : leaf.path, 200)}  ${values.join(" → ")}`;
  return colour ? `\u001B[${COLOURS[kind]}m${line}\u001B[0m` : line;
}
