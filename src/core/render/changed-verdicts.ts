/** The table of changed verdicts in the plan note: what prod loses in protection stands unfolded, the rest is folded. */
import type { ChangedClaim } from "../verdicts/changed-claims.ts";
import type { ChangedDemand } from "../verdicts/changed-demands.ts";
import type { ChangedPermission } from "../verdicts/changed-permissions.ts";
import { isAlarming, type ChangedVerdicts } from "../verdicts/changed-verdicts.ts";
import type { Concern } from "../verdicts/subject.ts";
import { counted } from "./counted.ts";
import { code, plain } from "./encode.ts";
import { fitting } from "./fitting.ts";

const NAMES_SHOWN = 5;
const MISTAKES_SHOWN = 3;

type Verdict = ChangedDemand | ChangedPermission;

/** Paragraphs with whole rows only, of about `budget` characters in all. */
export function changedVerdictParagraphs(verdicts: ChangedVerdicts, budget: number): readonly string[] {
  const { demands, permissions, claims } = verdicts;
  const all: readonly Verdict[] = [...demands, ...permissions];
  const remarks = remarksOn(verdicts);
  if (all.length + claims.length === 0) {
    return ["By these rules no verdict changes: neither of an open merge request nor of a live environment.", ...remarks];
  }
  const [alarming, others] = [all.filter(isAlarming), all.filter((one) => !isAlarming(one))];
  return [
    ...(alarming.length === 0 ? [] : ["⚠️ **These rules protect less**", table(alarming.toSorted(removalFirst), budget / 2)]),
    ...folded(others, claims, budget / 2),
    ...remarks,
  ];
}

function folded(others: readonly Verdict[], claims: readonly ChangedClaim[], budget: number): readonly string[] {
  if (others.length + claims.length === 0) return [];
  const looser = others.filter(isLooser).length;
  const refused = claims.filter(({ verdict }) => verdict === "refused").length;
  const counts = [
    ...(refused > 0 ? [`${counted(refused, "claim")} refused`] : []),
    ...(claims.length > refused ? [`${counted(claims.length - refused, "claim")} accepted`] : []),
    ...(looser > 0 ? [`${looser} looser`] : []),
    ...(others.length > looser ? [`${others.length - looser} stricter`] : []),
  ];
  const ordered = others.toSorted((a, b) => Number(isLooser(b)) - Number(isLooser(a)));
  return [
    `<details><summary><b>Other verdicts by these rules</b>: ${counts.join(" · ")}</summary>`,
    ...(claims.length === 0 ? [] : [claimLines(claims, budget / 2)]),
    ...(ordered.length === 0 ? [] : [table(ordered, budget / 2)]),
    "</details>",
  ];
}

function removalFirst(a: Verdict, b: Verdict): number {
  const removes = (one: Verdict): number => Number("turn" in one && one.turn === "removes");
  return removes(b) - removes(a);
}

function isLooser(verdict: Verdict): boolean {
  return "allowed" in verdict ? verdict.allowed : verdict.turn !== "stricter";
}

function table(verdicts: readonly Verdict[], budget: number): string {
  const rows = verdicts.map((one) => ("allowed" in one ? permissionRow(one) : demandRow(one)));
  const shown = fitting(rows, budget, (left) => `| ${left} more | | | |`);
  return ["| what | now | then | for |", "| --- | --- | --- | --- |", ...shown].join("\n");
}

const RULE_WORDS: Readonly<Record<ChangedDemand["rule"], string>> = {
  approvals: "approvals",
  freeze: "freeze",
  "blast-radius": "many changes at once",
  deletion: "deletions",
  retention: "lock",
  expiry: "life time",
};

function demandRow(demand: ChangedDemand): string {
  const { rule, type, before, after } = demand;
  return `| ${RULE_WORDS[rule]}, ${type} | ${plain(before, 160)} | **${plain(after, 160)}** | ${concern(demand)} |`;
}

function permissionRow(permission: ChangedPermission): string {
  const { commands, on, who, allowed } = permission;
  const said = commands.map((command) => code(command)).join(", ");
  const places = names(on, (name) => plain(name));
  const [before, after] = allowed ? ["no", "yes"] : ["yes", "no"];
  return `| ${plain(who)}: ${said} on ${places} | ${before} | **${after}** | ${concern(permission)} |`;
}

/** Code spans: a reference would leave a trace on each of those merge requests. */
function concern({ environments, mergeRequests }: Concern): string {
  const own = environments.filter((name) => name !== "platform");
  return [
    ...(own.length === 0 ? [] : [names(own, (name) => code(name))]),
    ...(own.length === environments.length ? [] : ["the rules themselves"]),
    ...(mergeRequests.length === 0 ? [] : [names(mergeRequests, (iid) => code(`!${iid}`))]),
  ].join(", ");
}

function names<T>(items: readonly T[], word: (item: T) => string): string {
  const more = items.length - NAMES_SHOWN;
  return `${items.slice(0, NAMES_SHOWN).map(word).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** Refused ones first; of those the ones of the tree itself. */
function rank({ verdict, mergeRequest }: ChangedClaim): number {
  return (verdict === "refused" ? 0 : 2) + (mergeRequest === undefined ? 0 : 1);
}

function claimLines(claims: readonly ChangedClaim[], budget: number): string {
  const ordered = claims.toSorted((a, b) => rank(a) - rank(b));
  const lines = ordered.map(({ path, mergeRequest, verdict, mistakes }) => {
    const where = mergeRequest === undefined ? code(path) : `${code(path)} in ${code(`!${mergeRequest}`)}`;
    if (verdict === "accepted") return `- ✓ ${where} is accepted, which it is not now`;
    const why = mistakes.slice(0, MISTAKES_SHOWN).map((one) => `line ${one.line}: ${plain(one.message, 200)} ${code(one.code)}`);
    const more = mistakes.length - why.length;
    return `- ✗ ${where} is refused: ${why.join("; ")}${more > 0 ? ` and ${more} more` : ""}`;
  });
  const refused = claims.some(({ verdict }) => verdict === "refused");
  return [
    ...fitting(lines, budget, (left) => `- ${left} more`),
    ...(refused ? ["", "What lives stays as it is; nothing more is released for a refused claim before it is mended."] : []),
  ].join("\n");
}

function remarksOn({ named, unseen }: ChangedVerdicts): readonly string[] {
  const left = [
    ...(unseen.environments > 0 ? [counted(unseen.environments, "environment")] : []),
    ...(unseen.mergeRequests > 0 ? [counted(unseen.mergeRequests, "open merge request")] : []),
  ];
  return [
    ...(named.length === 0
      ? []
      : [`The policies name people, and what they alone may is not shown here: ${names(named, (name) => code(name))}.`]),
    ...(left.length === 0 ? [] : [`Not looked at: ${left.join(" and ")}.`]),
  ];
}
