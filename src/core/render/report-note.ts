/** The note after the merge: one per environment and merge request, edited as the release goes on. */
import type { AuditHead, StoredReference } from "../audit.ts";
import { closedGates, type Gate, type GateName } from "../gates.ts";
import { shortDigest } from "../json.ts";
import type { Plan, TargetName } from "../plan.ts";
import { counted } from "./counted.ts";
import { code, html, plain } from "./encode.ts";
import { planDifference } from "./plan-difference.ts";
import { isRules } from "./plan-section.ts";

export type ReleaseOutcome =
  | {
      readonly kind: "settled";
      readonly record: string | undefined;
      readonly done: readonly { readonly target: TargetName; readonly changes: number }[];
      readonly tookMs: number | undefined;
      readonly approvers: readonly string[];
      /** Rules have no receipt. */
      readonly proof: { readonly receipt: StoredReference | undefined; readonly audit: AuditHead };
    }
  | { readonly kind: "waiting"; readonly reason: string }
  | {
      readonly kind: "held";
      readonly gates: readonly Gate[];
      readonly reviewed: Plan | undefined;
      /** The record of an earlier release that is not at its end. */
      readonly begun: string | undefined;
    }
  | { readonly kind: "stalled"; readonly reason: string; readonly wayOut: string }
  /** A newer change of the same environment came before its end: by that merge request, or by none. */
  | { readonly kind: "overtaken"; readonly by: number | undefined };

export function reportMarker(environment: string): string {
  return `<!-- claimbot:report:${html(environment)} -->`;
}

export function renderReportNote(environment: string, plan: Plan | undefined, outcome: ReleaseOutcome): string {
  const quoted = plan === undefined ? [] : [`Plan ${code(shortDigest(plan.digest))}`];
  const [title, ...paragraphs] = lines(environment, plan, outcome, quoted);
  return `${[`${reportMarker(environment)}\n### ${title}`, ...paragraphs].join("\n\n")}\n`;
}

function lines(
  environment: string,
  plan: Plan | undefined,
  outcome: ReleaseOutcome,
  quoted: readonly string[],
): readonly string[] {
  const rules = isRules({ environment });
  const [who, is, its] = rules ? ["The rules", "are", "their"] : [plain(environment), "is", "its"];
  switch (outcome.kind) {
    case "settled": {
      const state = rules ? "adopted" : plan?.verb === "remove" ? "gone" : "live";
      const took = outcome.tookMs === undefined ? "" : ` — ${duration(outcome.tookMs)} after the merge`;
      const approved =
        outcome.approvers.length === 0 ? [] : [`approved by ${outcome.approvers.map((name) => code(name)).join(", ")}`];
      return [
        `🟢 ${who} ${is} ${state}${took}`,
        chain(plan, outcome),
        [...quoted, ...approved, ...receiptOf(outcome.proof), code(`/claim status ${environment}`)].join(" · "),
        proofOf(outcome.proof),
      ];
    }
    case "waiting":
      return [
        `🔵 ${who} ${is} on ${its} way`,
        `Waiting: ${plain(outcome.reason, 600)}. claimbot looks again by itself.`,
        ...quoted,
      ];
    case "held": {
      const closed = closedGates(outcome.gates);
      const [first] = closed;
      return [
        `🟠 ${who} ${is} held${first === undefined ? "" : `: ${causeOf(first.gate, outcome.reviewed)}`}`,
        outcome.begun === undefined
          ? "Nothing was done."
          : `${code(outcome.begun)} is not at its end, and nothing more was done: the plan is another one by now.`,
        closed.map(({ gate, reason }) => `- **${gate}**: ${plain(reason, 600)}`).join("\n"),
        ...differenceLines(plan, outcome.reviewed),
        [...quoted, `${code(rules ? "/claim why" : `/claim why ${environment}`)} says who can help`].join(" · "),
      ];
    }
    case "overtaken":
      return [
        `⚪ ${who} ${rules ? "were" : "was"} changed again`,
        outcome.by === undefined
          ? "A newer change came to the default branch without a merge request before this one was at its end."
          : `Merge request ${outcome.by} changed it before this one was at its end; its report is there.`,
      ];
    case "stalled":
      return [`🔴 ${who} stopped`, plain(outcome.reason, 600), `Next: ${plain(outcome.wayOut, 600)}`, ...quoted];
  }
}

type Proof = Extract<ReleaseOutcome, { kind: "settled" }>["proof"];

function receiptOf({ receipt }: Proof): readonly string[] {
  return receipt === undefined ? [] : [`receipt ${code(shortDigest(receipt.digest))}`];
}

/** All digits: who rewrote the audit log would have to rewrite every note too. */
function proofOf({ receipt, audit }: Proof): string {
  const rows = [...(receipt === undefined ? [] : [["receipt", receipt] as const]), ["audit", audit] as const];
  return [
    "<details><summary>Proof</summary>",
    [
      "| | object | SHA-256 |",
      "| --- | --- | --- |",
      ...rows.map(([what, { key, digest }]) => `| ${what} | ${code(key)} | ${code(digest)} |`),
    ].join("\n"),
    "</details>",
  ].join("\n\n");
}

function causeOf(gate: GateName, reviewed: Plan | undefined): string {
  switch (gate) {
    case "reviewed-plan":
      return reviewed === undefined ? "nobody reviewed this plan" : "the world moved since the review";
    case "contested":
      return "something that is not ours stands in its way";
    case "approvals":
      return "approvals are missing";
    case "hold":
      return "somebody asked to wait";
    case "freeze":
      return "there is a freeze";
    case "blast-radius":
      return "it is very much at once";
    case "deletion":
      return "prod would lose something";
  }
}

interface Phase {
  readonly up: string;
  readonly down: string;
  /** What its changes are. */
  readonly thing?: string;
}

const PHASES: Readonly<Record<TargetName, Phase>> = {
  "claim-store": { up: "recorded", down: "recorded" },
  flux: { up: "built", down: "torn down", thing: "object" },
  waf: { up: "protected", down: "unprotected", thing: "rule" },
  dns: { up: "exposed", down: "unexposed", thing: "name" },
  deployment: { up: "told GitLab", down: "told GitLab" },
};

/** `recorded ✓ … → built ✓ 21 objects → protected ✓ as before → exposed ✓ 1 name`. */
function chain(plan: Plan | undefined, { record, done }: Extract<ReleaseOutcome, { kind: "settled" }>): string {
  const isDown = plan?.verb === "remove";
  const recorded = done.filter(({ target }) => target === "claim-store");
  const others = done.filter(({ target }) => target !== "claim-store");
  // Down, Removed is the last thing that is written, and what there was nothing of is not worth a word.
  const ordered = isDown ? [...others.filter(({ changes }) => changes > 0), ...recorded] : [...recorded, ...others];
  return ordered
    .map(({ target, changes }) => {
      const { up, down, thing } = PHASES[target];
      const name = `${isDown ? down : up} ✓`;
      if (target === "claim-store") return record === undefined ? name : `${name} ${code(record)}`;
      if (changes === 0) return `${name} as before`;
      return thing === undefined ? name : `${name} ${counted(changes, thing)}`;
    })
    .join(" → ");
}

const DIFFERENCES_SHOWN = 40;

function differenceLines(now: Plan | undefined, reviewed: Plan | undefined): readonly string[] {
  if (now === undefined || reviewed === undefined || now.digest === reviewed.digest) return [];
  return planDifference(reviewed, now, DIFFERENCES_SHOWN);
}

export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  return seconds < 3600
    ? `${Math.floor(seconds / 60)} min ${seconds % 60} s`
    : `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
