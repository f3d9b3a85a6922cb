import { expect, test } from "vitest";
import type { LogRecord } from "../../../src/core/record.ts";
import { stateText } from "../../../src/flows/answers/status.ts";

type State = Parameters<typeof stateText>[1];
const OLD = "a".repeat(64);
const NEW = "b".repeat(64);
// As much of a record as is told.
const head = { sequence: 3, at: "2026-11-24T10:02:13.000Z", planDigest: OLD } as LogRecord;
const LIVE = "live: record 3 of 2026-11-24 10:02 UTC, plan `aaaaaaaaaaaa`";

test.each<[string, State["published"], State["coming"], string]>([
  ["nothing", undefined, { kind: "nothing" }, "not published yet"],
  ["nobody looked", undefined, { kind: "unseen" }, "not published yet"],
  ["its merge request is open", undefined, { kind: "unmerged" }, "not published yet: this merge request is not merged"],
  [
    "held",
    undefined,
    { kind: "held", plan: NEW, gates: ["approvals", "freeze"] },
    "held by approvals, freeze: not published yet, plan `bbbbbbbbbbbb`; `/claim why shop-prod` says more",
  ],
  ["begun", undefined, { kind: "on its way", plan: NEW }, "on its way: plan `bbbbbbbbbbbb`, nothing is recorded yet"],
  ["stopped", undefined, { kind: "stopped" }, "stopped: not published yet; `/claim why shop-prod` says why"],
  ["live, and no more", { head, words: "live" }, { kind: "nothing" }, LIVE],
  [
    "live, and a newer plan held",
    { head, words: "live" },
    { kind: "held", plan: NEW, gates: ["hold"] },
    `${LIVE}; plan \`bbbbbbbbbbbb\` is held by hold: \`/claim why shop-prod\` says more`,
  ],
  [
    "live, and a newer plan begun",
    { head, words: "live" },
    { kind: "on its way", plan: NEW },
    `${LIVE}; plan \`bbbbbbbbbbbb\` is on its way`,
  ],
  [
    "its own release on its way",
    { head, words: "on its way" },
    { kind: "on its way", plan: OLD },
    LIVE.replace("live", "on its way"),
  ],
  ["live, and stopped", { head, words: "live" }, { kind: "stopped" }, `${LIVE}; stopped: \`/claim why shop-prod\` says why`],
])("the state of one that is %s", (_, published, coming, text) => {
  expect(stateText("shop-prod", { published, coming })).toBe(text);
});
