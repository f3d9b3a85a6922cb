/** The plan note on a merge request: what destroys comes first and unfolded, the rest is folded per environment. */
import type { Platform } from "../claim/platform.generated.ts";
import type { Diagnostic } from "../diagnostic.ts";
import { shortDigest } from "../json.ts";
import { changesOf, countChanges, riskOf, type Plan, type Risk, type Step } from "../plan.ts";
import { code, plain } from "./encode.ts";
import { rowsOf, TARGET_LABELS, type Row } from "./words.ts";

export interface PlanNote {
  readonly plans: readonly Plan[];
  readonly diagnostics: readonly Diagnostic[];
  /** Paths that cannot be merged; then there is no plan. */
  readonly conflicts: readonly string[];
  /** The adopted rules. */
  readonly rules: Platform | undefined;
  /** Sentences about this merge request, such as that a fork gets no live reads. Ours, already encoded. */
  readonly remarks: readonly string[];
}

export const PLAN_MARKER = "<!-- claimbot:plan -->";

/** GitLab takes about 1,000,000 characters; a person takes far fewer. */
const LIMIT = 100_000;
const ROWS_PER_ENVIRONMENT = 60;
const DIAGNOSTICS_SHOWN = 100;

export function renderPlanNote(note: PlanNote, limit = LIMIT): string {
  const changed = note.plans.filter(({ verb }) => verb !== "none");
  const head = [
    PLAN_MARKER,
    headline(note, changed),
    ...note.remarks,
    ...conflictLines(note.conflicts),
    ...approvalLines(note, changed),
  ];
  const top = [...head, "", ...mistakes(note.diagnostics), ...destruction(changed)].join("\n");
  const footer = `\n${[...absences(note.plans), "`/claim help` says what you can do here."].join(" · ")}\n`;
  return `${top}\n${sections(changed, limit - top.length - footer.length)}${footer}`;
}

function headline({ diagnostics, conflicts }: PlanNote, changed: readonly Plan[]): string {
  if (conflicts.length > 0) return "### 🔴 No plan: this branch conflicts with its target";
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  if (errors > 0)
    return `### 🔴 ${counted(errors, "mistake")} in ${counted(new Set(diagnostics.map(({ path }) => path)).size, "file")}: no plan before they are mended`;
  if (changed.length === 0) return "### 🟢 Nothing changes";
  const verbs = [count(changed, "create", "new"), count(changed, "change", "changed"), count(changed, "remove", "removed")];
  const risk = highestRisk(changed);
  const sign = { low: "🟢", medium: "🟡", high: "🔴" }[risk];
  return `### ${sign} ${counted(changed.length, "environment")}: ${[verbs.filter(Boolean).join(" · "), ...totals(changed)].join(" — ")} — risk **${risk}**`;
}

function count(plans: readonly Plan[], verb: Plan["verb"], word: string): string {
  const number = plans.filter((plan) => plan.verb === verb).length;
  return number === 0 ? "" : `${number} ${word}`;
}

function counted(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}

function highestRisk(plans: readonly Plan[]): Risk {
  const risks = plans.map(riskOf);
  return risks.includes("high") ? "high" : risks.includes("medium") ? "medium" : "low";
}

/** `DNS +2 ~1 −0 · WAF ~1`: the two that face the world. */
function totals(plans: readonly Plan[]): readonly string[] {
  const parts = (["dns", "waf"] as const).flatMap((target) => {
    const changes = plans.flatMap((plan) =>
      changesOf(plan)
        .filter((entry) => entry.target === target)
        .map(({ change }) => change),
    );
    return changes.length === 0 ? [] : [`${target.toUpperCase()} ${signs(countChanges(changes))}`];
  });
  return parts.length === 0 ? [] : [parts.join(" · ")];
}

export function signs({ creates, updates, deletes }: ReturnType<typeof countChanges>): string {
  const parts = [creates > 0 && `+${creates}`, updates > 0 && `~${updates}`, deletes > 0 && `−${deletes}`].filter(
    (part) => part !== false,
  );
  return parts.length === 0 ? "0" : parts.join(" ");
}

function approvalLines({ rules, diagnostics, conflicts }: PlanNote, changed: readonly Plan[]): readonly string[] {
  if (
    rules === undefined ||
    changed.length === 0 ||
    conflicts.length > 0 ||
    diagnostics.some(({ severity }) => severity === "error")
  )
    return [];
  const needed = new Map<number, string[]>();
  for (const { type, environment } of changed) {
    const { approvals } = rules.spec.types[type];
    if (approvals > 0) needed.set(approvals, [...(needed.get(approvals) ?? []), environment]);
  }
  const lines = [...needed].map(([approvals, names]) => {
    const shown = names.slice(0, 5).map((name) => `**${name}**`);
    const more = names.length > 5 ? ` and ${names.length - 5} more` : "";
    return `${shown.join(", ")}${more} ${names.length === 1 ? "needs" : "need"} ${counted(approvals, "approval")}, none of author, committer or pusher`;
  });
  return [[...lines, "nothing happens before the merge"].join(" · ")];
}

function conflictLines(paths: readonly string[]): readonly string[] {
  if (paths.length === 0) return [];
  return [
    `Merge the target branch into this one and mend: ${paths
      .slice(0, 20)
      .map((path) => code(path))
      .join(", ")}`,
  ];
}

function mistakes(diagnostics: readonly Diagnostic[]): readonly string[] {
  if (diagnostics.length === 0) return [];
  const lines = diagnostics.slice(0, DIAGNOSTICS_SHOWN).map(({ path, line, column, severity, message, hint, code: rule }) => {
    const sign = severity === "error" ? "❌" : "⚠️";
    return `- ${sign} ${code(`${path}:${line}:${column}`)} ${plain(message)} ${plain(hint)} ${code(rule)}`;
  });
  const more = diagnostics.length - lines.length;
  return [...lines, ...(more > 0 ? [`- ${more} more: \`claimbot validate\` lists them all`] : []), ""];
}

/** What goes for good, unfolded: whole environments, then things of the others. */
function destruction(plans: readonly Plan[]): readonly string[] {
  const rows = plans.flatMap((plan) => {
    const deletes = plan.steps
      .flatMap((step) => ("missing" in step ? [] : rowsOf(step.target, step.changes)))
      .filter(({ verb }) => verb === "delete");
    if (deletes.length === 0) return [];
    const what = plan.verb === "remove" ? ["**the whole environment**"] : [];
    const seen = deletes
      .slice(0, 12)
      .map((row) => `${TARGET_LABELS[row.target]} ${code(row.what)}${row.before ? ` ${plain(row.before)}` : ""}`);
    const more = deletes.length > 12 ? [`${deletes.length - 12} more`] : [];
    return [`| **${plan.environment}** (${plan.type}) | ${[...what, ...seen, ...more].join(", ")} |`];
  });
  if (rows.length === 0) return [];
  const shown = rows.slice(0, 100);
  const more = rows.length > 100 ? [`| | ${rows.length - 100} more environments |`] : [];
  return ["**Will be deleted**", "", "| environment | what |", "| --- | --- |", ...shown, ...more, ""];
}

function sections(plans: readonly Plan[], limit: number): string {
  let left = limit;
  let folded = 0;
  let text = "";
  for (const plan of plans) {
    const whole = section(plan);
    const line = `**${plan.environment}** ${WORDS[plan.verb]}: ${stepSummary(plan.steps)} · plan ${code(shortDigest(plan.digest))}\n\n`;
    if (whole.length <= left - 200) text += whole;
    else if (line.length <= left - 200) text += line;
    else folded += 1;
    left = limit - text.length;
  }
  return folded === 0 ? text : `${text}${folded} more in the whole plan: \`claimbot plan\` prints it.\n`;
}

const WORDS: Readonly<Record<Plan["verb"], string>> = { create: "new", change: "changed", remove: "removed", none: "unchanged" };

function section(plan: Plan): string {
  const rows = plan.steps.flatMap((step) => ("missing" in step ? [] : rowsOf(step.target, step.changes)));
  const shown = rows.slice(0, ROWS_PER_ENVIRONMENT).map(tableRow);
  const more =
    rows.length > shown.length ? ["", `${rows.length - shown.length} more changes; \`claimbot plan\` prints them all.`] : [];
  const contested = plan.steps.flatMap((step) =>
    "missing" in step ? [] : step.contested.map((text) => `- ⚠️ not ours, not touched: ${plain(text)}`),
  );
  const summary = `<b>${plan.environment}</b> (${plan.type}) ${WORDS[plan.verb]}: ${stepSummary(plan.steps)} · plan <code>${shortDigest(plan.digest)}</code>`;
  return [
    `<details><summary>${summary}</summary>`,
    "",
    "| target | what | before | after |",
    "| --- | --- | --- | --- |",
    ...shown,
    ...more,
    "",
    ...contested,
    ...versionLines(plan),
    plan.verb === "remove"
      ? "Order: tombstone → unexpose → unprotect → tear down → removed."
      : "Order: record → build → protect → expose → tell GitLab.",
    "</details>",
    "",
    "",
  ].join("\n");
}

function tableRow({ verb, target, what, before, after }: Row): string {
  const sign = { create: "+", update: "~", delete: "−" }[verb];
  const now = cell(after);
  return `| ${sign} ${TARGET_LABELS[target]} | ${code(what, 160)} | ${cell(before)} | ${now === "" ? "" : `**${now}**`} |`;
}

function cell(text: string | undefined): string {
  return text === undefined || text === "" ? "" : code(text, 120);
}

function versionLines({ versions }: Plan): readonly string[] {
  const lines = Object.entries(versions).map(([service, { constraint, tag, digest }]) => {
    if (tag === undefined) return `- ${code(service)} stays ${code(constraint)}: no registry is configured to resolve it`;
    return `- ${code(service)} ${code(tag)}${digest === undefined ? "" : ` ${code(`${digest.slice(0, 19)}…`)}`}, newest that ${code(constraint)} allows`;
  });
  return lines.length === 0 ? [] : ["Versions", "", ...lines, ""];
}

export function stepSummary(steps: readonly Step[]): string {
  return steps
    .flatMap((step) =>
      "missing" in step || step.changes.length === 0
        ? []
        : [`${TARGET_LABELS[step.target]} ${signs(countChanges(step.changes))}`],
    )
    .join(" · ");
}

/** `Not planned: waf, dns (no CLAIMBOT_CLOUDFLARE_TOKEN)`: what is not configured is never silence. */
function absences(plans: readonly Plan[]): readonly string[] {
  return missingTargets(plans).map(({ reason, targets }) => `Not planned: ${targets.join(", ")} (${reason})`);
}

export function missingTargets(
  plans: readonly Plan[],
): readonly { readonly reason: string; readonly targets: readonly string[] }[] {
  const missing = (plans[0]?.steps ?? []).flatMap((step) => ("missing" in step ? [step] : []));
  return [...Map.groupBy(missing, (step) => step.missing)].map(([reason, steps]) => ({
    reason,
    targets: steps.map(({ target }) => TARGET_LABELS[target]),
  }));
}
