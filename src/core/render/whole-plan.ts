/** A plan with every field of every change, folded by target: for whoever wants to see all of it. */
import { contestedText } from "../contested.ts";
import { countChanges, type Plan, type Step, type TargetName } from "../plan.ts";
import type { Change, Resource } from "../resource.ts";
import { changedLeaves, fieldsOf, leafTexts, type Leaf } from "./changed-leaves.ts";
import { counted } from "./counted.ts";
import { code, plain } from "./encode.ts";
import { fitting } from "./fitting.ts";
import { signs } from "./plan-section.ts";
import { TARGET_LABELS } from "./words.ts";

const SIGNS = { create: "+", update: "~", delete: "−" } as const;
const REMARKS_SHOWN = 20;
/** Of its own lines beside the rows. */
const FRAME = 400;

/**
 * Whole rows only, at most about `limit` characters; what does not fit is counted. A target's part is as large as it needs, so that few
 * records are not cut because there are many objects beside them.
 */
export function wholePlan(plan: Plan, limit: number): string {
  const steps = plan.steps.map((step) => ({ step, rows: "missing" in step ? [] : rowsOf(step.changes) }));
  const sizes = new Map(steps.map(({ step, rows }) => [step.target, rows.join("\n").length + 1]));
  const budgets = shares(sizes, limit - FRAME * steps.length);
  const parts = steps.map(({ step, rows }) => part(step, rows, budgets.get(step.target) ?? 0)).filter(Boolean);
  return parts.length === 0 ? "Nothing changes." : parts.join("\n\n");
}

/** Who needs less than an equal share leaves the rest to the others. */
function shares(sizes: ReadonlyMap<TargetName, number>, budget: number): ReadonlyMap<TargetName, number> {
  const given = new Map<TargetName, number>();
  let left = budget;
  for (const [target, size] of [...sizes].toSorted(([, a], [, b]) => a - b)) {
    const share = Math.min(size, Math.floor(left / (sizes.size - given.size)));
    given.set(target, share);
    left -= share;
  }
  return given;
}

function part(step: Step, rows: readonly string[], budget: number): string {
  const label = TARGET_LABELS[step.target];
  if ("missing" in step) return `${label}: not planned (${plain(step.missing)})`;
  const remarks = remarksOf(step);
  if (rows.length === 0 && remarks.length === 0) return "";
  const table = [
    "| | what | field | before | after |",
    "| --- | --- | --- | --- | --- |",
    ...fitting(rows, budget, (left) => `| | ${counted(left, "more field")}: \`claimbot plan\` prints more | | | |`),
  ];
  return [
    `<details><summary><b>${label}</b> ${signs(countChanges(step.changes))}</summary>`,
    ...(rows.length > 0 ? [table.join("\n")] : []),
    ...(remarks.length > 0 ? [remarks.join("\n")] : []),
    "</details>",
  ].join("\n\n");
}

function remarksOf({ pending, contested }: Extract<Step, { changes: unknown }>): readonly string[] {
  const lines = [
    ...contested.map((one) => `- ⚠️ not ours, not touched: ${plain(contestedText(one))}`),
    ...pending.map((text) => `- ⏳ ${plain(text)}`),
  ];
  const more = lines.length - REMARKS_SHOWN;
  return more > 0 ? [...lines.slice(0, REMARKS_SHOWN), `- ${more} more`] : lines;
}

/** What goes is told in one row: nobody compares its fields with anything. */
function rowsOf(changes: readonly Change[]): readonly string[] {
  return changes.flatMap((change) => {
    switch (change.verb) {
      case "delete":
        return [row(change, { path: "", is: contentOf(change.before), becomes: undefined })];
      case "update":
        return changedLeaves(ownFields(change.before), ownFields(change.after)).map((leaf) => row(change, leaf));
      case "create":
        return changedLeaves(hollow(contentOf(change.after)), contentOf(change.after)).map((leaf) => row(change, leaf));
    }
  });
}

/** The same objects without anything in them: beside it every field is told by itself. */
function hollow(value: unknown): unknown {
  const objects = Object.entries(fieldsOf(value)).filter(([, field]) => Object.keys(fieldsOf(field)).length > 0);
  return Object.fromEntries(objects.map(([name, field]) => [name, hollow(field)]));
}

/** A Kubernetes object's kind and name are in its key, and its labels are on every one of ours. */
function contentOf(resource: Resource): unknown {
  const own = ownFields(resource);
  if (fieldsOf(resource)["object"] !== own) return own;
  const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, ...content } = fieldsOf(own);
  return content;
}

/** Without what the key says already. A Kubernetes object's fields are its own. */
function ownFields(resource: Resource): unknown {
  const { key: _key, kind: _kind, ...fields } = fieldsOf(resource);
  const { object, ...others } = fields;
  return object === undefined || Object.keys(others).length > 0 ? fields : object;
}

function row({ verb, key }: Change, leaf: Leaf): string {
  const texts = leafTexts(leaf);
  const field = leaf.path === "" ? "" : code(leaf.path, 160);
  return `| ${SIGNS[verb]} | ${code(key, 160)} | ${field} | ${cell(texts.before)} | ${cell(texts.after)} |`;
}

function cell(text: string | undefined): string {
  return text === undefined || text === "" ? "" : code(text, 400);
}
