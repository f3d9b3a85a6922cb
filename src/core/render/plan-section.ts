/** One environment's plan as a fold of the plan note: a headline, then every change in a table. */
import { PLATFORM_NAME } from "../adopted.ts";
import type { Platform } from "../claim/platform.generated.ts";
import { shortDigest } from "../json.ts";
import { countChanges, type Counts, type Plan, type Step } from "../plan.ts";
import { counted } from "./counted.ts";
import { code, html, plain } from "./encode.ts";
import { expiryText } from "./expiry-words.ts";
import type { Row } from "./row.ts";
import { rowsOf, TARGET_LABELS } from "./words.ts";

const ROWS_SHOWN = 60;
const REMARKS_SHOWN = 20;
const WORDS: Readonly<Record<Plan["verb"], string>> = { create: "new", change: "changed", remove: "removed", none: "unchanged" };
const SIGNS = { create: "+", update: "~", delete: "−" } as const;

export function planSection(plan: Plan, rules: Platform | undefined): string {
  const rows = plan.steps.flatMap((step) => ("missing" in step ? [] : rowsOf(step.target, step.changes)));
  const shown = mostImportant(rows);
  const more = rows.length - shown.length;
  const summary = `<b>${html(nameOf(plan))}</b>${isRules(plan) ? "" : ` (${plan.type})`} ${whatHappens(plan)}${gone(plan, rules)} · plan <code>${shortDigest(plan.digest)}</code>`;
  const paragraphs = [
    `<details><summary>${summary}</summary>`,
    ["| target | what | before | after |", "| --- | --- | --- | --- |", ...shown.map(tableRow)].join("\n"),
    ...(more > 0 ? [`${counted(more, "more change")}: \`claimbot plan\` prints them all.`] : []),
    ...remarks(plan),
    order(plan),
    "</details>",
  ];
  return `${paragraphs.join("\n\n")}\n\n`;
}

/** The same in one line, where there is no room for more. */
export function planLine(plan: Plan): string {
  return `- **${plain(nameOf(plan))}** ${whatHappens(plan)} · plan ${code(shortDigest(plan.digest))}\n`;
}

/** An environment's name; rules have none. */
export function nameOf({ environment }: Pick<Plan, "environment">): string {
  return environment === PLATFORM_NAME ? "the rules" : environment;
}

export function isRules({ environment }: Pick<Plan, "environment">): boolean {
  return environment === PLATFORM_NAME;
}

function whatHappens(plan: Plan): string {
  if (isRules(plan)) return "change";
  return `${plan.gone === "expired" ? "expired" : WORDS[plan.verb]}: ${stepSummary(plan.steps)}`;
}

function gone(plan: Plan, rules: Platform | undefined): string {
  const expiry = expiryText(plan, rules);
  return expiry === undefined ? "" : ` · gone ${expiry}`;
}

/** All of them in the order of a rollout, or, where they are too many, first what is deleted and changed. */
function mostImportant(rows: readonly Row[]): readonly Row[] {
  if (rows.length <= ROWS_SHOWN) return rows;
  return (["delete", "update", "create"] as const)
    .flatMap((verb) => rows.filter((row) => row.verb === verb))
    .slice(0, ROWS_SHOWN);
}

function tableRow({ verb, target, what, before, after }: Row): string {
  const now = cell(after);
  // A no-break space, so that a narrow column keeps both on one line.
  return `| ${SIGNS[verb]}\u00A0${TARGET_LABELS[target]} | ${code(what, 160)} | ${cell(before)} | ${now === "" ? "" : `**${now}**`} |`;
}

function cell(text: string | undefined): string {
  return text === undefined || text === "" ? "" : code(text, 200);
}

/** What is not there yet. What is not ours stands above all folds. */
function remarks(plan: Plan): readonly string[] {
  const lines = plan.steps.flatMap((step) => ("missing" in step ? [] : step.pending.map((text) => `- ⏳ ${plain(text)}`)));
  const more = lines.length - REMARKS_SHOWN;
  if (lines.length === 0) return [];
  return [[...lines.slice(0, REMARKS_SHOWN), ...(more > 0 ? [`- ${more} more`] : [])].join("\n")];
}

function order(plan: Plan): string {
  if (isRules(plan))
    return "They judge nothing before they are adopted: after the merge, by the approvals that the present rules ask for.";
  return plan.verb === "remove"
    ? "Order: tombstone → unexpose → unprotect → tear down → removed."
    : "Order: record → build → protect → expose → tell GitLab.";
}

/** `flux ~2 · waf ~1`. */
function stepSummary(steps: readonly Step[]): string {
  const parts = steps.flatMap((step) =>
    "missing" in step || step.changes.length === 0 ? [] : [`${TARGET_LABELS[step.target]} ${signs(countChanges(step.changes))}`],
  );
  return parts.join(" · ");
}

/** `+2 ~1 −3`, without what is none. */
export function signs({ creates, updates, deletes }: Counts): string {
  const parts = [creates > 0 && `+${creates}`, updates > 0 && `~${updates}`, deletes > 0 && `−${deletes}`];
  return parts.filter((part) => part !== false).join(" ") || "0";
}
