/** The plan in a terminal: a line per environment, then every change; colour is never the only sign. */
import type { Platform } from "../claim/platform.generated.ts";
import { contestedText, obstaclesIn, othersIn } from "../contested.ts";
import { shortDigest } from "../json.ts";
import { countChanges, type Plan } from "../plan.ts";
import { oneLine } from "./encode.ts";
import { expiryText } from "./expiry-words.ts";
import { missingTargets } from "./plan-note.ts";
import { signs } from "./plan-section.ts";
import type { Row } from "./row.ts";
import { rowsOf, TARGET_LABELS } from "./words.ts";

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

/** Foreign text is one line without control characters: it cannot speak to the terminal. Ends with a line end. */
export function renderPlanText(plans: readonly Plan[], options: PlanTextOptions): string {
  const changed = plans.filter(({ verb }) => verb !== "none");
  const nameWidth = Math.max(0, ...changed.map(({ environment }) => oneLine(environment).length));
  const lines = changed.map((plan) =>
    `${oneLine(plan.environment).padEnd(nameWidth)}  ${WORDS[plan.verb].padEnd(10)}  ${shortDigest(plan.digest)}   ${steps(plan, options)}`.trimEnd(),
  );
  const details = changed.flatMap((plan) => ["", oneLine(plan.environment), ...planLines(plan, options.colour)]);
  const others = plans
    .filter(({ verb }) => verb === "none")
    .flatMap((plan) => {
      const contested = contestedLines(plan);
      return contested.length === 0 ? [] : ["", oneLine(plan.environment), ...contested];
    });
  const nothing = changed.length === 0 ? ["Nothing changes."] : [];
  const absences = missingTargets(plans).map(({ reason, targets }) => `not planned: ${targets.join(", ")} (${oneLine(reason)})`);
  const unchecked = (options.unchecked ?? []).map((what) => `not checked here: ${what}`);
  const notes = [...absences, ...unchecked];
  return [...lines, ...nothing, ...details, ...others, ...(notes.length > 0 ? ["", ...notes] : []), ""].join("\n");
}

function steps(plan: Plan, { platform }: PlanTextOptions): string {
  const parts = plan.steps.flatMap((step) => {
    if ("missing" in step || step.changes.length === 0) return [];
    if (step.target === "claim-store" && plan.verb === "remove") return ["claim tombstone"];
    return [`${TARGET_LABELS[step.target]} ${signs(countChanges(step.changes))}`];
  });
  const expiry = expiryText(plan, platform);
  return [...parts, ...(expiry === undefined ? [] : [`expires ${expiry}`]), ...(plan.gone === "expired" ? ["expired"] : [])].join(
    "  ",
  );
}

function planLines(plan: Plan, colour: boolean): readonly string[] {
  const rows = plan.steps.flatMap((step) => ("missing" in step ? [] : rowsOf(step.target, step.changes)));
  const width = Math.min(60, Math.max(0, ...rows.map(({ what }) => oneLine(what, WHAT_LENGTH).length)));
  const pending = plan.steps.flatMap((step) =>
    "missing" in step ? [] : step.pending.map((text) => `  … ${TARGET_LABELS[step.target].padEnd(6)}  ${oneLine(text)}`),
  );
  return [...rows.map((row) => rowLine(row, width, colour)), ...pending, ...contestedLines(plan)];
}

function contestedLines(plan: Plan): readonly string[] {
  return plan.steps.flatMap((step) => {
    if ("missing" in step) return [];
    const label = TARGET_LABELS[step.target].padEnd(6);
    const obstacles = obstaclesIn(step.changes, step.contested).map((one) => {
      const { key, wayOut } = one.blocks;
      return `  ! ${label}  in the way of ${oneLine(key)}: ${oneLine(contestedText(one))}. ${oneLine(wayOut)}`;
    });
    const others = othersIn(step.changes, step.contested).map(
      (one) => `  ! ${label}  not ours, not touched: ${oneLine(contestedText(one))}`,
    );
    return [...obstacles, ...others];
  });
}

const WHAT_LENGTH = 120;
const VALUE_LENGTH = 400;

function rowLine({ verb, target, what, before, after }: Row, width: number, colour: boolean): string {
  const values = [before, after].flatMap((text) => (text === undefined || text === "" ? [] : [oneLine(text, VALUE_LENGTH)]));
  const text =
    verb === "delete" ? [...values, "deleted"].join("  ") : verb === "update" ? changeText(before, values) : values.join("");
  const line =
    `  ${SIGNS[verb]} ${TARGET_LABELS[target].padEnd(6)}  ${oneLine(what, WHAT_LENGTH).padEnd(width)}  ${text}`.trimEnd();
  return colour ? `\u001B[${COLOURS[verb]}m${line}\u001B[0m` : line;
}

/** `20 → 5`; what comes is not taken for what goes. */
function changeText(before: string | undefined, values: readonly string[]): string {
  // Of two lists only what goes and what comes.
  if (values.length === 2) return values.join(before?.startsWith("− ") ? "  " : " → ");
  return before === undefined ? `→ ${values.join("")}` : `${values.join("")} → nothing`;
}
