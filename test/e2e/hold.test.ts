/** A hold stays until somebody takes its label off who may, whoever takes it off by hand, and whatever claimbot heard of it. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { HOLD_LABEL } from "../../src/core/gates.ts";
import { startRehearsal, type Rehearsal } from "../../src/rehearsal.ts";
import { botNotes, edited, expectClean, idle, logOf, merge, noteOf, propose, report, say } from "./actions.ts";
import { seedOf, type Seed } from "./seed.ts";

const STAGE = "environments/stage/ledger-stage.yaml";
const HOLD = "claimbot:hold";
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

let seed: Seed;
let r: Rehearsal;
let max = 4;

beforeAll(async () => {
  seed = await seedOf(["ledger-stage"]);
  r = await startRehearsal({ seed: seed.directory });
  await idle(r);
});
afterEach(() => expectClean(r));
afterAll(async () => {
  await r[Symbol.asyncDispose]();
  await seed[Symbol.asyncDispose]();
});

/** Sam's, of ledger, whose developers may unhold; Ana is of another team. Approved by Mara. */
async function proposeOne(branch: string): Promise<number> {
  const files = await edited(r, STAGE, `max: ${max}`, `max: ${max + 1}`);
  const iid = await propose(r, { as: "sam", branch, files });
  await r.gitlab.approve(iid, { as: "mara" });
  await idle(r);
  return iid;
}

const labels = (iid: number): readonly string[] => r.gitlab.mergeRequest(iid).labels;
const edit = async (iid: number, as: string, change: "addLabels" | "removeLabels"): Promise<void> =>
  r.gitlab.edit(iid, { [change]: [HOLD_LABEL] }, { as });
const takeOff = async (iid: number, as: string): Promise<void> => {
  await edit(iid, as, "removeLabels");
  await idle(r);
};
const published = async (): Promise<number> => (await logOf(r, "ledger-stage")).length;
const aboutHold = ({ payload }: { readonly payload: Readonly<Record<string, unknown>> }): boolean =>
  (payload["changes"] as { readonly labels?: unknown } | undefined)?.labels !== undefined;

test("before the merge: taken off by somebody who may not it is put back, and said once who and why", async () => {
  const iid = await proposeOne("open");
  await say(r, iid, "ana", "/claim hold until the books are closed");
  await takeOff(iid, "ana");
  expect(labels(iid)).toContain(HOLD_LABEL);
  const note = noteOf(r, iid, HOLD);
  expect(note).toMatch(
    /`ana` took the label `claimbot::hold` off, and may not: Unhold on stage is for developers of finance\/ledger \(policy stage, policies\/stage.cedar line \d+\)\.\n/,
  );

  await takeOff(iid, "ana");
  expect(labels(iid)).toContain(HOLD_LABEL);
  expect(noteOf(r, iid, HOLD)).toBe(note);

  await takeOff(iid, "sam");
  expect(labels(iid)).not.toContain(HOLD_LABEL);
  await r.service.queue.enqueue({ kind: "sweep" });
  await idle(r);
  expect(labels(iid)).not.toContain(HOLD_LABEL);
  await r.gitlab.close(iid, { as: "sam" });
});

test("a hold that nobody told claimbot of, taken off by somebody who may not: nothing is released", async () => {
  const iid = await proposeOne("unheard");
  for (const [as, change] of [
    ["mara", "addLabels"],
    ["ana", "removeLabels"],
  ] as const) {
    r.gitlab.dropNextWebhook(aboutHold);
    await edit(iid, as, change);
  }
  await idle(r);
  expect(labels(iid)).not.toContain(HOLD_LABEL);
  const before = await published();
  await merge(r, iid, "jo");
  await idle(r);
  expect(await published()).toBe(before);
  expect(noteOf(r, iid, report("ledger-stage"))).toContain("🟠 ledger-stage is held: somebody asked to wait");
  expect(noteOf(r, iid, HOLD)).toContain("`ana` took the label");
  expect(labels(iid)).toContain(HOLD_LABEL);
  expect((await say(r, iid, "ana", "/claim unhold")).reaction).toBe("x");
  expect((await say(r, iid, "kim", "/claim why ledger-stage")).answer).toContain("waits for hold");

  expect((await say(r, iid, "sam", "/claim unhold")).reaction).toBe("white_check_mark");
  expect(await published()).toBe(before + 1);
  expect(noteOf(r, iid, report("ledger-stage"))).toContain("🟢 ledger-stage is live");
  max += 1;
});

test("while it is being released: a label that is taken off again and again holds as before, and is put back only so often", async () => {
  const iid = await proposeOne("stubborn");
  const before = await published();
  await say(r, iid, "mara", "/claim hold");
  await merge(r, iid, "jo");
  for (let round = 0; round < 6; round += 1) await takeOff(iid, "ana");
  expect(labels(iid)).not.toContain(HOLD_LABEL);
  expect(await published()).toBe(before);
  expect(botNotes(r, iid, HOLD)).toHaveLength(1);
  expect((await say(r, iid, "kim", "/claim why ledger-stage")).answer).toContain("Ana took the label");

  await say(r, iid, "sam", "/claim unhold");
  expect(await published()).toBe(before + 1);
  max += 1;
});

test("the label itself deleted: nobody is known to have taken it off, so it holds; and it is made again", async () => {
  const iid = await proposeOne("deleted");
  const before = await published();
  await edit(iid, "mara", "addLabels");
  await idle(r);
  r.gitlab.deleteLabel(HOLD_LABEL);
  await merge(r, iid, "jo");
  await idle(r);
  expect(await published()).toBe(before);
  expect(noteOf(r, iid, HOLD)).toContain("GitLab does not say who took it off");
  expect(labels(iid)).toContain(HOLD_LABEL);

  await takeOff(iid, "jo");
  expect(await published()).toBe(before + 1);
  max += 1;
});
