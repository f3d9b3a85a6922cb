/** A claim with six mistakes: each found at its line, one mended by a click, the rest by hand. */
import assert from "node:assert/strict";
import type { Note } from "../gitlab/model.ts";
import { botNote, observe, propose, show, type Stage } from "./stage.ts";

const BRANCH = "add-wrong-stage";
const PATH = "environments/stage/wrong-stage.yaml";

/** Six mistakes, each marked by the code that must be found at its line. */
const WRONG_CLAIM = `apiVersion: claimbot/v1
kind: Environment
metadata:
  name: wrong-stage
  owner: commerce/unknown # claim/owner-unknown
spec:
  type: stage
  cluster:
    region: mars # claim/region-unknown
    version: "1.33"
    nodePools:
      - {class: general-public, min: 3, max: 2} # claim/pool-bounds
  services:
    - name: payments-worker
      version: newest # claim/version-constraint
      dependsOn: [nowhere] # claim/dependency-missing
  dns:
    hostnames: [wrong.stage.exmaple.org] # claim/hostname-outside-zone
`;

/** What a person makes of the five that no suggestion mends. */
const MENDS = [
  ["commerce/unknown", "commerce/payments"],
  ["mars", "fra"],
  ["max: 2", "max: 4"],
  ["newest", "^2.3.0"],
  ["[nowhere]", "[{name: nowhere, optional: true}]"],
] as const;

export async function sixMistakes(stage: Stage): Promise<void> {
  const { gitlab, bot } = stage;
  const iid = await propose(stage, "sam", BRANCH, "Add wrong-stage", { [PATH]: WRONG_CLAIM });
  const note = botNote(stage, iid, "claimbot:plan");
  show(stage, note);
  const expected = WRONG_CLAIM.split("\n").flatMap((line, index) => {
    const code = / # (claim\/[a-z-]+)$/.exec(line)?.[1];
    return code === undefined ? [] : [{ code, line: index + 1 }];
  });
  assert.equal(expected.length, 6);
  const threads = gitlab.notes(iid, { by: bot.username }).filter(({ type }) => type === "DiffNote");
  for (const { code, line } of expected) {
    const isListed = note.split("\n").some((text) => text.includes(code) && text.includes(`wrong-stage.yaml:${line}:`));
    const hasThread = threads.some(({ body, position }) => body.includes(code) && position?.new_line === line);
    observe(stage, `${code} at line ${line}, in the note and in a thread there`, isListed && hasThread);
  }
  observe(stage, "the commit status is failed", statusOf(stage, iid) === "failed");
  await takeSuggestion(stage, iid, threads);
  await mendTheRest(stage, iid, threads);
}

async function takeSuggestion(stage: Stage, iid: number, threads: readonly Note[]): Promise<void> {
  const { gitlab } = stage;
  const thread = threads.find(({ body }) => body.includes("claim/hostname-outside-zone"));
  assert.ok(thread !== undefined, "the wrong host name has a thread");
  show(stage, thread.body);
  stage.say("Where the mend is known, the thread suggests the line. Sam clicks on “Apply suggestion”.");
  await gitlab.applySuggestion(iid, thread.id, { as: "sam" });
  await stage.settled();
  const applied = await gitlab.file(PATH, BRANCH);
  observe(stage, "the branch has that line, and nothing else is new", applied === WRONG_CLAIM.replace("exmaple", "example"));
  observe(
    stage,
    "it validates: five mistakes are left, and their threads",
    botNote(stage, iid, "claimbot:plan").includes("5 mistakes in 1 file") && thread.resolved !== undefined && open(threads) === 5,
  );
}

async function mendTheRest(stage: Stage, iid: number, threads: readonly Note[]): Promise<void> {
  const { gitlab, bot } = stage;
  stage.say("Sam mends the other five and pushes.");
  const right = MENDS.reduce((text, [wrong, mend]) => text.replace(wrong, mend), WRONG_CLAIM.replace("exmaple", "example"));
  await gitlab.push({ branch: BRANCH, as: "sam", files: { [PATH]: right } });
  await stage.settled();
  const byClaimbot = threads.filter(({ resolved }) => resolved?.by.username === bot.username);
  observe(stage, "claimbot resolves the other five threads", open(threads) === 0 && byClaimbot.length === 5);
  observe(stage, "the commit status is success", statusOf(stage, iid) === "success");
}

function open(threads: readonly Note[]): number {
  return threads.filter(({ resolved }) => resolved === undefined).length;
}

function statusOf({ gitlab }: Stage, iid: number): string | undefined {
  return gitlab.statuses(iid).find(({ name }) => name === "claimbot/plan")?.state;
}
