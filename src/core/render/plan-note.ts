/** The plan note on a merge request: what destroys comes first and unfolded, the rest is folded per environment. */
import type { Platform } from "../claim/platform.generated.ts";
import { contestedText, othersIn } from "../contested.ts";
import { compareDiagnostics, type Diagnostic } from "../diagnostic.ts";
import { changesOf, countChanges, obstaclesOf, riskOf, type Plan, type Risk } from "../plan.ts";
import { protectsLess, type ChangedVerdicts } from "../verdicts/changed-verdicts.ts";
import { changedVerdictParagraphs } from "./changed-verdicts.ts";
import { counted } from "./counted.ts";
import { code, plain } from "./encode.ts";
import { fitting } from "./fitting.ts";
import { mistakeLine } from "./mistake-line.ts";
import { losing, lossCount, lossesOf, type Loss } from "./losses.ts";
import { isRules, nameOf, planLine, planSection } from "./plan-section.ts";
import { TARGET_LABELS } from "./words.ts";

export interface PlanNote {
  readonly plans: readonly Plan[];
  readonly diagnostics: readonly Diagnostic[];
  /** Paths that cannot be merged; then there is no plan. */
  readonly conflicts: readonly string[];
  /** The adopted rules. */
  readonly rules: Platform | undefined;
  /** Sentences about this merge request, such as that a fork gets no live reads. Ours, already encoded. */
  readonly remarks: readonly string[];
  /** Something would change that nothing was planned for: it comes from a fork. */
  readonly unplanned?: boolean;
  /** Where it changes the rules: what they would judge otherwise. */
  readonly verdicts?: ChangedVerdicts | undefined;
}

export const PLAN_MARKER = "<!-- claimbot:plan -->";

/** Characters. GitLab takes about 1,000,000; a person takes far fewer. */
const LIMIT = 100_000;
const HELP = "`/claim help` says what you can do here.";
const NAMES_SHOWN = 5;
const LINES_SHOWN = 20;

/** Whole lines, rows and folds only, at most about `limit` characters; what does not fit is counted. */
export function renderPlanNote(note: PlanNote, limit = LIMIT): string {
  const changed = hasErrors(note) ? [] : note.plans.filter(({ verb }) => verb !== "none");
  const top = [
    `${PLAN_MARKER}\n${headline(note, changed)}`,
    ...obstacles(changed),
    ...note.remarks,
    ...conflictLines(note.conflicts),
    ...approvalLine(note, changed),
    ...absences(note.plans),
    ...mistakes(note.diagnostics, limit / 2),
    ...destruction(changed, limit / 4),
    ...contested(hasErrors(note) ? [] : note.plans),
    ...(note.verdicts === undefined || hasErrors(note) ? [] : changedVerdictParagraphs(note.verdicts, limit / 4)),
  ].join("\n\n");
  return `${top}\n\n${sections(changed, note.rules, limit - top.length - HELP.length)}${HELP}\n`;
}

function hasErrors({ diagnostics, conflicts }: PlanNote): boolean {
  return conflicts.length > 0 || diagnostics.some(({ severity }) => severity === "error");
}

function headline({ diagnostics, conflicts, verdicts, unplanned }: PlanNote, changed: readonly Plan[]): string {
  if (conflicts.length > 0) return "### 🔴 No plan: this branch conflicts with its target";
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) {
    const files = new Set(errors.map(({ path }) => path)).size;
    return `### 🔴 ${counted(errors.length, "mistake")} in ${counted(files, "file")}: no plan before ${errors.length === 1 ? "it is" : "they are"} mended`;
  }
  if (unplanned === true) return "### 🟡 Valid, but not planned";
  if (changed.length === 0) return "### 🟢 Nothing changes";
  const environments = changed.filter((plan) => !isRules(plan));
  const verbs = [
    count(environments, "create", "new"),
    count(environments, "change", "changed"),
    count(environments, "remove", "removed"),
  ];
  const risk = highestRisk(changed);
  const inTheWay = changed.flatMap(obstaclesOf).length;
  const parts = [
    ...(environments.length === 0
      ? []
      : [`${counted(environments.length, "environment")}: ${verbs.filter(Boolean).join(" · ")}`]),
    ...(environments.length === changed.length ? [] : [environments.length === 0 ? "The rules change" : "the rules change"]),
    ...totals(environments),
    `risk **${risk}**${prodLosses(changed)}`,
    ...(inTheWay > 0 ? [`**${counted(inTheWay, "thing")} in the way**`] : []),
    ...(verdicts !== undefined && protectsLess(verdicts) ? ["⚠️ **the rules protect less**"] : []),
  ];
  const sign = inTheWay > 0 ? "⛔" : { low: "🟢", medium: "🟡", high: "🔴" }[risk];
  return `### ${sign} ${parts.join(" — ")}`;
}

function count(plans: readonly Plan[], verb: Plan["verb"], word: string): string {
  const number = plans.filter((plan) => plan.verb === verb).length;
  return number === 0 ? "" : `${number} ${word}`;
}

function highestRisk(plans: readonly Plan[]): Risk {
  const risks = plans.map(riskOf);
  return risks.includes("high") ? "high" : risks.includes("medium") ? "medium" : "low";
}

/** One lost thing of prod among two hundred plans stands on the first line (threat S26). */
function prodLosses(plans: readonly Plan[]): string {
  const prod = losing(plans.filter(({ type }) => type === "prod"));
  const whole = prod.filter(({ verb }) => verb === "remove").length;
  const parts = prod.filter(({ verb }) => verb !== "remove").reduce((sum, plan) => sum + lossCount(plan), 0);
  const lost = [...(whole > 0 ? [counted(whole, "environment")] : []), ...(parts > 0 ? [counted(parts, "thing")] : [])];
  return lost.length === 0 ? "" : `, prod loses ${lost.join(" and ")}`;
}

/** `DNS +2 ~1 −0 · WAF ~1`: the two that face the world. Whether a name goes is always said. */
function totals(plans: readonly Plan[]): readonly string[] {
  const parts = (["dns", "waf"] as const).flatMap((target) => {
    const changes = plans.flatMap((plan) => changesOf(plan).filter((entry) => entry.target === target));
    const { creates, updates, deletes } = countChanges(changes.map(({ change }) => change));
    const numbers = [
      ...(creates > 0 ? [`+${creates}`] : []),
      ...(updates > 0 ? [`~${updates}`] : []),
      ...(deletes > 0 || target === "dns" ? [`−${deletes}`] : []),
    ];
    return changes.length === 0 ? [] : [`${target.toUpperCase()} ${numbers.join(" ")}`];
  });
  return parts.length === 0 ? [] : [parts.join(" · ")];
}

function approvalLine({ rules }: PlanNote, changed: readonly Plan[]): readonly string[] {
  if (rules === undefined || changed.length === 0) return [];
  const needy = changed.filter(({ type }) => rules.spec.types[type].approvals > 0);
  const lines = [...Map.groupBy(needy, ({ type }) => rules.spec.types[type].approvals)].map(([approvals, plans]) => {
    const names = plans.slice(0, NAMES_SHOWN).map((plan) => `**${plain(nameOf(plan))}**`);
    const more = plans.length > NAMES_SHOWN ? ` and ${plans.length - NAMES_SHOWN} more` : "";
    const need = plans.length === 1 && !plans.some(isRules) ? "needs" : "need";
    return `${names.join(", ")}${more} ${need} ${counted(approvals, "approval")}, none of author, committer or pusher`;
  });
  if (lines.length === 0) return ["Nothing happens before the merge."];
  return [[...lines, "nothing happens before the merge"].join(" · ")];
}

function conflictLines(paths: readonly string[]): readonly string[] {
  if (paths.length === 0) return [];
  const shown = paths.slice(0, LINES_SHOWN).map((path) => code(path));
  const more = paths.length > LINES_SHOWN ? ` and ${paths.length - LINES_SHOWN} more` : "";
  return [`Merge the target branch into this one and mend: ${shown.join(", ")}${more}`];
}

function mistakes(diagnostics: readonly Diagnostic[], budget: number): readonly string[] {
  if (diagnostics.length === 0) return [];
  const ordered = diagnostics.toSorted(
    (a, b) => Number(b.severity === "error") - Number(a.severity === "error") || compareDiagnostics(a, b),
  );
  return [fitting(ordered.map(mistakeLine), budget, (left) => `- ${left} more: \`claimbot validate\` lists them all`).join("\n")];
}

/** What goes for good, unfolded. */
function destruction(plans: readonly Plan[], budget: number): readonly string[] {
  const rows = losing(plans).map((plan) => {
    const losses = lossesOf(plan).map(lossText);
    const all = plan.verb === "remove" ? `**all of it**${losses.length > 0 ? ": " : ""}` : "";
    return `| **${plain(nameOf(plan))}** (${plan.type}${plan.gone === "expired" ? ", expired" : ""}) | ${all}${losses.join(", ")} |`;
  });
  if (rows.length === 0) return [];
  const shown = fitting(rows, budget, (left) => `| ${counted(left, "more environment")} | of lower risk: see below |`);
  return ["**Will be deleted**", ["| environment | what |", "| --- | --- |", ...shown].join("\n")];
}

function lossText({ what, names }: Loss): string {
  if (names.length === 0) return what;
  const shown = names.slice(0, NAMES_SHOWN).map((name) => code(name, 120));
  const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : "";
  return `${what} ${shown.join(", ")}${more}`;
}

/** What keeps a plan from being released, with what somebody can do: before all else, since nothing else matters until then. */
function obstacles(plans: readonly Plan[]): readonly string[] {
  const lines = plans.flatMap((plan) =>
    obstaclesOf(plan).map(({ target, obstacle }) => {
      const where = `**${plain(nameOf(plan))}** ${TARGET_LABELS[target]}`;
      const { key, wayOut } = obstacle.blocks;
      return `- ⛔ ${where}: ${plain(contestedText(obstacle))}, and stands where ${code(key, 160)} should be. ${plain(wayOut)}`;
    }),
  );
  return listed(
    "**In the way.** It is not ours, so claimbot never touches it, and releases nothing of these while it stands:",
    lines,
  );
}

/** The rest of what is not ours, also where nothing else changes. */
function contested(plans: readonly Plan[]): readonly string[] {
  const lines = plans.flatMap((plan) =>
    plan.steps.flatMap((step) => {
      if ("missing" in step) return [];
      const where = `**${plain(nameOf(plan))}** ${TARGET_LABELS[step.target]}`;
      return othersIn(step.changes, step.contested).map((one) => `- ⚠️ ${where}: ${plain(contestedText(one))}`);
    }),
  );
  return listed("**Not ours, not touched**", lines);
}

function listed(title: string, lines: readonly string[]): readonly string[] {
  if (lines.length === 0) return [];
  const more = lines.length - LINES_SHOWN;
  return [title, [...lines.slice(0, LINES_SHOWN), ...(more > 0 ? [`- ${more} more`] : [])].join("\n")];
}

/** Whole folds as long as they fit, the riskiest first, then a line each, then how many are left. Never a cut table. */
function sections(plans: readonly Plan[], rules: Platform | undefined, budget: number): string {
  const ranks = { high: 0, medium: 1, low: 2 } as const;
  const folds: string[] = [];
  const lines: string[] = [];
  let left = budget - 200;
  let dropped = 0;
  for (const plan of plans.toSorted((a, b) => ranks[riskOf(a)] - ranks[riskOf(b)])) {
    const [fold, line] = [planSection(plan, rules), planLine(plan)];
    // Every line that is left must still fit, so that one long plan does not push the others out.
    if (fold.length + (plans.length - folds.length - lines.length) * line.length <= left) folds.push(fold);
    else if (line.length <= left) lines.push(line);
    else dropped += 1;
    left = budget - 200 - folds.concat(lines).reduce((sum, text) => sum + text.length, 0);
  }
  const rest = dropped > 0 ? [`${dropped} more in the whole plan: \`claimbot plan\` prints it.`] : [];
  return [...folds, ...(lines.length > 0 ? [lines.join(""), "\n"] : []), ...(rest.length > 0 ? [...rest, "\n\n"] : [])].join("");
}

function absences(plans: readonly Plan[]): readonly string[] {
  const missing = missingTargets(plans).map(({ reason, targets }) => `${targets.join(", ")} (${plain(reason)})`);
  return missing.length === 0 ? [] : [`Not planned: ${missing.join(" · ")}`];
}

/** What is not configured is never silence: each reason with the targets that it keeps from being planned. */
export function missingTargets(
  plans: readonly Plan[],
): readonly { readonly reason: string; readonly targets: readonly string[] }[] {
  const missing = plans.flatMap((plan) => plan.steps.flatMap((step) => ("missing" in step ? [step] : [])));
  return [...Map.groupBy(missing, (step) => step.missing)].map(([reason, steps]) => ({
    reason,
    targets: [...new Set(steps.map(({ target }) => TARGET_LABELS[target]))],
  }));
}
