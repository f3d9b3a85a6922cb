/** What differs between the plan that was reviewed and the one that would be rolled out now. */
import { canonicalJson } from "../json.ts";
import { contestedText, factOf } from "../contested.ts";
import { obstaclesOf, type Plan } from "../plan.ts";
import { counted } from "./counted.ts";
import { code, plain } from "./encode.ts";
import { rowsOf, TARGET_LABELS } from "./words.ts";

/** Paragraphs, with so many rows at the most. For plans that are not the same: of equal changes it says why they are others. */
export function planDifference(reviewed: Plan, now: Plan, mostRows: number): readonly string[] {
  // What stands in the way first: it is what somebody has to do something about.
  const rows = [
    ...differing(obstacleTexts(reviewed), obstacleTexts(now), "free"),
    ...differing(rowTexts(reviewed), rowTexts(now), "nothing"),
  ];
  if (rows.length === 0) return ["The changes are the same; the inputs or rules that they stand on moved."];
  const more = rows.length - mostRows;
  return [
    "What differs:",
    ["| target | what | reviewed | now |", "| --- | --- | --- | --- |", ...rows.slice(0, mostRows)].join("\n"),
    ...(more > 0 ? [`${counted(more, "more difference")}.`] : []),
  ];
}

interface RowText {
  readonly what: string;
  readonly change: string;
  /** By this it is compared with the other plan's. */
  readonly fact: string;
}
type RowTexts = ReadonlyMap<string, RowText>;

function differing(was: RowTexts, is: RowTexts, none: string): readonly string[] {
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((key) => was.get(key)?.fact !== is.get(key)?.fact)
    .map((key) => {
      const [before, after] = [was.get(key), is.get(key)];
      const what = (before ?? after)?.what ?? "";
      return `| ${what} | ${before?.change ?? none} | ${after === undefined ? none : `**${after.change}**`} |`;
    });
}

/** A row for each thing of ours that something stands in the way of. */
function obstacleTexts(plan: Plan): RowTexts {
  const byPlace = Map.groupBy(
    obstaclesOf(plan),
    ({ target, obstacle }) => `${TARGET_LABELS[target]} | ${code(obstacle.blocks.key, 160)}`,
  );
  return new Map(
    [...byPlace].map(([what, found]) => {
      const change = found.map(({ obstacle }) => plain(contestedText(obstacle))).join("; ");
      return [what, { what, change, fact: canonicalJson(found.map(({ obstacle }) => factOf(obstacle))) }];
    }),
  );
}

function rowTexts(plan: Plan): RowTexts {
  const rows = plan.steps.flatMap((step) => ("missing" in step ? [] : rowsOf(step.target, step.changes)));
  return new Map(
    rows.map(({ key, verb, target, what, before, after }) => {
      const values = [before, after]
        .filter((text) => text !== undefined && text !== "")
        .join(before?.startsWith("− ") ? " " : " → ");
      const verbs = { create: "new", update: "", delete: "deleted" };
      const change = [verbs[verb], ...(values === "" ? [] : [code(values, 200)])].filter(Boolean).join(" ");
      return [key, { what: `${TARGET_LABELS[target]} | ${code(what, 160)}`, change, fact: change }];
    }),
  );
}
