/** What differs between the plan that was reviewed and the one that would be rolled out now. */
import type { Plan } from "../plan.ts";
import { counted } from "./counted.ts";
import { code } from "./encode.ts";
import { rowsOf, TARGET_LABELS } from "./words.ts";

/** Paragraphs, with so many rows at the most. For plans that are not the same: of equal changes it says why they are others. */
export function planDifference(reviewed: Plan, now: Plan, mostRows: number): readonly string[] {
  const [was, is] = [rowTexts(reviewed), rowTexts(now)];
  const rows = [...new Set([...was.keys(), ...is.keys()])]
    .filter((key) => was.get(key)?.change !== is.get(key)?.change)
    .map((key) => {
      const [before, after] = [was.get(key), is.get(key)];
      const what = (before ?? after)?.what ?? "";
      return `| ${what} | ${before?.change ?? "nothing"} | ${after === undefined ? "nothing" : `**${after.change}**`} |`;
    });
  if (rows.length === 0) return ["The changes are the same; the inputs or rules that they stand on moved."];
  const more = rows.length - mostRows;
  return [
    "What differs:",
    ["| target | what | reviewed | now |", "| --- | --- | --- | --- |", ...rows.slice(0, mostRows)].join("\n"),
    ...(more > 0 ? [`${counted(more, "more difference")}.`] : []),
  ];
}

function rowTexts(plan: Plan): ReadonlyMap<string, { readonly what: string; readonly change: string }> {
  const rows = plan.steps.flatMap((step) => ("missing" in step ? [] : rowsOf(step.target, step.changes)));
  return new Map(
    rows.map(({ key, verb, target, what, before, after }) => {
      const values = [before, after]
        .filter((text) => text !== undefined && text !== "")
        .join(before?.startsWith("− ") ? " " : " → ");
      const verbs = { create: "new", update: "", delete: "deleted" };
      const change = [verbs[verb], ...(values === "" ? [] : [code(values, 200)])].filter(Boolean).join(" ");
      return [key, { what: `${TARGET_LABELS[target]} | ${code(what, 160)}`, change }];
    }),
  );
}
