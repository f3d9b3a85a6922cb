/** The plan in a terminal: a line per environment, then every change; colour is never the only sign. */
import type { Platform } from "../claim/platform.generated.ts";
import { shortDigest } from "../json.ts";
import { countChanges, type Plan } from "../plan.ts";
import { oneLine } from "./encode.ts";
import { missingTargets, signs } from "./plan-note.ts";
import { rowsOf, TARGET_LABELS, type Row } from "./words.ts";

const WORDS: Readonly<Record<Plan["verb"], string>> = {
  create: "+ new",
  change: "~ changed",
  remove: "− removed",
  none: "= unchanged",
};
const SIGNS = { create: "+", update: "~", delete: "−" } as const;
const COLOURS = { create: 32, update: 33, delete: 31 } as const;

export interface PlanTextOptions {
  readonly colour: boolean;
  readonly platform?: Platform;
  /** Such as `approvals, freeze (no CLAIMBOT_GITLAB_URL)`. */
  readonly unchecked?: readonly string[];
}

export function renderPlanText(plans: readonly Plan[], options: PlanTextOptions): string {
  const changed = plans.filter(({ verb }) => verb !== "none");
  const nameWidth = Math.max(0, ...changed.map(({ environment }) => environment.length));
  const lines = changed.map((plan) =>
    `${plan.environment.padEnd(nameWidth)}  ${WORDS[plan.verb].padEnd(10)}  ${shortDigest(plan.digest)}   ${steps(plan, options)}`.trimEnd(),
  );
  const details = changed.flatMap((plan) => ["", plan.environment, ...planLines(plan, options.colour)]);
  const nothing = changed.length === 0 ? ["Nothing changes."] : [];
  const absences = missingTargets(plans).map(({ reason, targets }) => `not planned: ${targets.join(", ")} (${reason})`);
  const unchecked = (options.unchecked ?? []).map((what) => `not checked here: ${what}`);
  const notes = [...absences, ...unchecked];
  return [...lines, ...details, ...nothing, ...(notes.length > 0 ? ["", ...notes] : []), ""].join("\n");
}

function steps(plan: Plan, { platform }: PlanTextOptions): string {
  const parts = plan.steps.flatMap((step) => {
    if ("missing" in step || step.changes.length === 0) return [];
    if (step.target === "claim-store" && plan.verb === "remove") return ["claim tombstone"];
    return [`${TARGET_LABELS[step.target]} ${signs(countChanges(step.changes))}`];
  });
  const ttl = plan.claim?.spec.expiry?.ttl ?? platform?.spec.types[plan.type].expiry?.ttl;
  if (plan.type === "sue" && plan.verb !== "remove" && ttl !== undefined)
    parts.push(`expires ${ttl.replace(/[hd]$/, " $&")} after release`);
  if (plan.gone === "expired") parts.push("expired");
  return parts.join("  ");
}

function planLines(plan: Plan, colour: boolean): readonly string[] {
  const rows = plan.steps.flatMap((step) => ("missing" in step ? [] : rowsOf(step.target, step.changes)));
  const width = Math.min(60, Math.max(0, ...rows.map(({ what }) => oneLine(what).length)));
  const contested = plan.steps.flatMap((step) =>
    "missing" in step ? [] : step.contested.map((text) => `  ! ${TARGET_LABELS[step.target].padEnd(6)}  ${oneLine(text)}`),
  );
  return [...rows.map((row) => rowLine(row, width, colour)), ...contested];
}

function rowLine({ verb, target, what, before, after }: Row, width: number, colour: boolean): string {
  const value = [before, after].filter((text) => text !== undefined && text !== "").map((text) => oneLine(text ?? "", 100));
  const text = verb === "delete" ? ["deleted", ...value].join("  ") : value.join(" → ");
  const line = `  ${SIGNS[verb]} ${TARGET_LABELS[target].padEnd(6)}  ${oneLine(what).padEnd(width)}  ${text}`.trimEnd();
  return colour ? `\u001B[${COLOURS[verb]}m${line}\u001B[0m` : line;
}
