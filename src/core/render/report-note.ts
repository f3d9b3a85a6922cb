/** The note after the merge: one per environment and merge request, edited as the release goes on. */
import { closedGates, type Gate } from "../gates.ts";
import { shortDigest } from "../json.ts";
import type { Plan, TargetName } from "../plan.ts";
import { code, plain } from "./encode.ts";
import { rowsOf, TARGET_LABELS } from "./words.ts";

export type ReleaseOutcome =
  | {
      readonly kind: "settled";
      readonly record: string | undefined;
      readonly done: readonly { readonly target: TargetName; readonly changes: number }[];
      readonly tookMs: number | undefined;
      readonly approvers: readonly string[];
    }
  | { readonly kind: "waiting"; readonly reason: string }
  | { readonly kind: "held"; readonly gates: readonly Gate[]; readonly reviewed: Plan | undefined }
  | { readonly kind: "stalled"; readonly reason: string; readonly wayOut: string };

export function reportMarker(environment: string): string {
  return `<!-- claimbot:report:${environment} -->`;
}

export function renderReportNote(environment: string, plan: Plan | undefined, outcome: ReleaseOutcome): string {
  const quoted = plan === undefined ? [] : [`Plan ${code(shortDigest(plan.digest))}`];
  return [reportMarker(environment), ...lines(environment, plan, outcome, quoted), ""].join("\n");
}

function lines(
  environment: string,
  plan: Plan | undefined,
  outcome: ReleaseOutcome,
  quoted: readonly string[],
): readonly string[] {
  switch (outcome.kind) {
    case "settled": {
      const state = plan?.verb === "remove" ? "is gone" : "is live";
      const took = outcome.tookMs === undefined ? "" : ` — ${duration(outcome.tookMs)} after the merge`;
      const approved =
        outcome.approvers.length === 0 ? [] : [`approved by ${outcome.approvers.map((name) => code(name)).join(", ")}`];
      return [
        `### 🟢 ${environment} ${state}${took}`,
        chain(plan, outcome),
        [...quoted, ...approved, `${code(`/claim status ${environment}`)}`].join(" · "),
      ];
    }
    case "waiting":
      return [
        `### 🔵 ${environment} is on its way`,
        `Waiting: ${plain(outcome.reason)}. claimbot looks again by itself.`,
        ...quoted,
      ];
    case "held":
      return [
        `### 🟠 ${environment} is held`,
        "Nothing was done.",
        ...closedGates(outcome.gates).map(({ gate, reason }) => `- **${gate}**: ${plain(reason, 600)}`),
        "",
        ...difference(plan, outcome.reviewed),
        ...quoted,
      ];
    case "stalled":
      return [`### 🔴 ${environment} stopped`, plain(outcome.reason, 600), `Next: ${plain(outcome.wayOut, 600)}`, ...quoted];
  }
}

const PAST: Readonly<Record<TargetName, readonly [up: string, down: string]>> = {
  "claim-store": ["recorded", "recorded"],
  flux: ["built", "torn down"],
  waf: ["protected", "unprotected"],
  dns: ["exposed", "unexposed"],
  deployment: ["told GitLab", "told GitLab"],
};

function chain(plan: Plan | undefined, { record, done }: Extract<ReleaseOutcome, { kind: "settled" }>): string {
  const down = plan?.verb === "remove" ? 1 : 0;
  const steps = done.map(({ target, changes }) => {
    const detail =
      target === "claim-store" && record !== undefined ? ` ${code(record)}` : changes === 0 ? " (nothing to do)" : ` ${changes}`;
    return `${PAST[target][down]} ✓${detail}`;
  });
  return steps.join(" → ");
}

/** What differs between the reviewed plan and the one that would be rolled out now. */
function difference(now: Plan | undefined, reviewed: Plan | undefined): readonly string[] {
  if (now === undefined || reviewed === undefined) return [];
  const texts = (plan: Plan): Map<string, string> =>
    new Map(
      plan.steps
        .flatMap((step) => ("missing" in step ? [] : rowsOf(step.target, step.changes)))
        .map((row) => [
          `${row.target} ${row.what}`,
          `${TARGET_LABELS[row.target]} | ${code(row.what)} | ${code([row.before, row.after].filter(Boolean).join(" → ") || row.verb)}`,
        ]),
    );
  const [was, is] = [texts(reviewed), texts(now)];
  const rows = [
    ...[...was].filter(([key, text]) => is.get(key) !== text).map(([, text]) => `| reviewed | ${text} |`),
    ...[...is].filter(([key, text]) => was.get(key) !== text).map(([, text]) => `| now | ${text} |`),
  ];
  if (rows.length === 0) return ["The changes are the same; the inputs or rules that they stand on moved.", ""];
  return ["What differs:", "", "| | target | what | change |", "| --- | --- | --- | --- |", ...rows.slice(0, 40), ""];
}

export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  return seconds < 3600
    ? `${Math.floor(seconds / 60)} min ${seconds % 60} s`
    : `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
