/** Commands that were right when they were written: about a head that moved, and of a plan that the world has left behind. */
import assert from "node:assert/strict";
import { ask, botNote, fileOf, observe, plannedDigest, propose, record, show, type Stage } from "./stage.ts";

const ENVIRONMENT = "billing-stage";
const PATH = `environments/stage/${ENVIRONMENT}.yaml`;
const NAME = "billing.stage.example.org";
const BRANCH = "billing-stage-grows";

export async function staleApply(stage: Stage): Promise<void> {
  const claim = (await fileOf(stage, PATH)).replace("max: 4", "max: 5");
  const iid = await propose(stage, "sam", BRANCH, "One more node for billing-stage", { [PATH]: claim });
  await olderHead(stage, iid, claim);
  await olderPlan(stage, iid);
}

async function olderHead(stage: Stage, iid: number, claim: string): Promise<void> {
  const { gitlab } = stage;
  stage.say("Sam says apply; in the moment in which claimbot reads it, Ana pushes to the branch.");
  const push = async (): Promise<void> => {
    await gitlab.push({ branch: BRANCH, as: "ana", files: { [PATH]: claim.replace("replicas: 2", "replicas: 3") } });
  };
  gitlab.faults.add({
    method: "GET",
    path: new RegExp(`/merge_requests/${iid}(\\?|$)`),
    fault: { kind: "meanwhile", act: push },
  });
  const seen = gitlab.headOf(iid)?.slice(0, 12);
  const { answer, reaction } = await ask(stage, iid, "sam", "/claim apply");
  observe(
    stage,
    "refused as stale, with the head that Sam saw and the one that is",
    answer.includes(`Refused as stale: you wrote it about \`${seen}\``) &&
      answer.includes(`the head is now \`${gitlab.headOf(iid)?.slice(0, 12)}\``) &&
      reaction === "x",
  );
}

async function olderPlan(stage: Stage, iid: number): Promise<void> {
  const { gitlab, cloudflare } = stage;
  const records = async (): Promise<number> => (await stage.keys(`claims/${ENVIRONMENT}/`)).length;
  const before = await records();
  const reviewed = plannedDigest(botNote(stage, iid, "claimbot:plan"), ENVIRONMENT);
  await gitlab.approve(iid, { as: "jo" });
  const exposed = cloudflare.records("example.org").find(({ name }) => name === NAME);
  assert.ok(exposed !== undefined, `${NAME} is at Cloudflare`);
  cloudflare.removeRecord("example.org", exposed.id);
  stage.say(`\nJo approves the new plan. Then somebody deletes ${NAME} at Cloudflare by hand, and Mara merges.`);
  await gitlab.merge(iid, { as: "mara" });
  await stage.settled();
  const held = botNote(stage, iid, `claimbot:report:${ENVIRONMENT}`);
  show(stage, held);
  const current = /\/claim apply ([0-9a-f]{12})/.exec(held)?.[1];
  observe(
    stage,
    "it is held: the plan is another than the reviewed one",
    held.includes(reviewed) && current !== undefined && current !== reviewed,
  );

  const old = await ask(stage, iid, "sam", `/claim apply ${reviewed}`);
  observe(stage, "the older plan is refused as stale", old.answer.includes("Refused as stale") && old.reaction === "x");
  observe(stage, "nothing was published", (await records()) === before && record(stage, NAME) === undefined);

  const now = await ask(stage, iid, "sam", `/claim apply ${current}`);
  observe(
    stage,
    "the plan that stands goes on",
    now.answer.includes("is done") && now.reaction === "white_check_mark" && (await records()) === before + 1,
  );
  observe(stage, "and the name is back", record(stage, NAME)?.proxied === true);
}
