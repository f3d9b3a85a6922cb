/** The commands that ask and hold: why, who, history, hold, unhold, cancel, as people say them on one merge request. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startRehearsal, type Rehearsal } from "../../src/rehearsal.ts";

const PATH = "environments/stage/payments-stage.yaml";
let r: Rehearsal;
let iid: number;

beforeAll(async () => {
  r = await startRehearsal();
  await r.settled();
  const claim = (await r.gitlab.file(PATH)) ?? "";
  await r.gitlab.push({ branch: "bigger", as: "sam", files: { [PATH]: claim.replace("max: 6", "max: 7") } });
  iid = await r.gitlab.openMergeRequest({ as: "sam", source: "bigger", title: "Bigger" });
  await r.settled();
}, 120_000);

afterAll(async () => r[Symbol.asyncDispose]());

/** Says a command and gives the answer with the bot's last reaction. */
async function say(as: string, text: string): Promise<{ text: string; reaction: string }> {
  const noteId = await r.gitlab.comment(iid, text, { as });
  if (noteId === undefined) throw new Error("GitLab took the command for its own");
  await r.settled();
  const marker = `<!-- claimbot:answer:${noteId} -->`;
  const answers = r.gitlab.notes(iid, { by: r.bot.username }).filter(({ body }) => body.includes(marker));
  expect(answers).toHaveLength(1);
  const reaction = r.gitlab.reactions(iid, noteId).at(-1)?.split(":")[1] ?? "";
  return { text: (answers[0]?.body ?? "").replace(marker, "").trim(), reaction };
}

describe("before the merge", () => {
  test("why names the missing approval, and who could give it: not the author", async () => {
    const { text, reaction } = await say("sam", "/claim why payments-stage");
    expect(reaction).toBe("white_check_mark");
    expect(text).toContain("waits for approvals");
    expect(text).toContain("0 of 1 approval");
    expect(text).toMatch(/Who can: .*`jo`/);
    expect(text).not.toContain("`sam`,");
  });

  test("why of another environment that waits for its first release says what it waits for, and who of it is known", async () => {
    const { text, reaction } = await say("sam", "/claim why shop-prod");
    expect(reaction).toBe("white_check_mark");
    expect(text).toMatch(/^\*\*shop-prod\*\* waits for .*approvals\. This merge request plans nothing for it\./);
    expect(text).toContain("this commit came without a merge request");
    expect(text).not.toContain("Who can");
    expect((await say("sam", "/claim who shop-prod")).text).toMatch(/\*\*shop-prod\*\* \(prod, of `commerce\/shop`\)/);
    expect((await say("sam", "/claim why shop-moon")).text).toContain("there is no environment `shop-moon`");
  });

  test("why asks again whose approval was of an older head", async () => {
    await r.gitlab.approve(iid, { as: "jo" });
    await r.gitlab.push({ branch: "bigger", as: "sam", files: { "README.md": "Not a claim\n" } });
    await r.settled();
    const { text } = await say("sam", "/claim why");
    expect(text).toContain("Jo ✗ approved an older head");
    expect(text).toMatch(/Who can: .*`jo` \(again\)/);
    await r.gitlab.unapprove(iid, { as: "jo" });
    await r.settled();
  });

  test("who lists what the policies permit to each person", async () => {
    const { text } = await say("mara", "/claim who payments-stage");
    expect(text).toMatch(/\| `mara` \| .*apply.*destroy/);
    expect(text).toMatch(/\| `sam` \| .*apply/);
    expect(text).not.toMatch(/`sam` \| .*destroy/);
    expect(text).not.toContain("`kim`");
  });

  test("history of what was never published says so", async () => {
    expect((await say("ana", "/claim history payments-stage")).text).toContain("was never published");
  });

  test("hold sets a label that everybody sees", async () => {
    const { reaction } = await say("sam", "/claim hold until the bank answers");
    expect(reaction).toBe("white_check_mark");
    expect(r.gitlab.mergeRequest(iid).labels).toContain("claimbot::hold");
  });
});

describe("after the merge", () => {
  test("what is held is not released although it is approved", async () => {
    await r.gitlab.approve(iid, { as: "jo" });
    await r.gitlab.merge(iid, { as: "mara" });
    await r.settled();
    expect(await r.store.list("claims/payments-stage/")).toEqual([]);
    const { text } = await say("jo", "/claim why");
    expect(text).toContain("waits for hold");
    expect(text).toContain("1 of 1 approval");
  });

  test("a reporter may not unhold", async () => {
    const { text, reaction } = await say("kim", "/claim unhold");
    expect(reaction).toBe("x");
    expect(text).toContain("you may not do that here");
    expect(r.gitlab.mergeRequest(iid).labels).toContain("claimbot::hold");
  });

  test("unhold lets the release go on, and history shows who approved", async () => {
    await say("sam", "/claim unhold");
    await r.settled();
    expect((await r.store.list("claims/payments-stage/")).map(({ key }) => key)).toEqual(["claims/payments-stage/00000001.json"]);
    const { text } = await say("sam", "/claim history payments-stage");
    expect(text).toContain(`merge request ${iid}, approved by \`jo\``);
  });

  test("cancel holds what is not released yet, and says that there is nothing left to stop", async () => {
    const { text } = await say("sam", "/claim cancel payments-stage");
    expect(text).toContain("Held by the label");
    expect(text).not.toContain("Too late");
  });
});
