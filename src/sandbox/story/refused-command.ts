/** A command of somebody who may not say it. */
import { ask, fileOf, observe, propose, type Stage } from "./stage.ts";

export async function refusedCommand(stage: Stage): Promise<void> {
  const { gitlab } = stage;
  const iid = await propose(stage, "sam", "more-replicas", "More replicas for payments-stage", {
    "environments/stage/payments-stage.yaml": (await fileOf(stage, "environments/stage/payments-stage.yaml")).replace(
      "replicas: 3",
      "replicas: 5",
    ),
  });
  const before = await stage.keys("claims/payments-stage/");
  await gitlab.merge(iid, { as: "mara" });
  await stage.settled();
  stage.say("Mara merges it without an approval, so it is held. Kim, a reporter, tries to push it on.");
  const { answer, reaction } = await ask(stage, iid, "kim", "/claim apply");
  observe(
    stage,
    "the answer says that Kim may not, and by which rule",
    answer.includes("you may not do that here") && answer.includes("stage"),
  );
  observe(stage, "it was seen and refused", reaction === "x");
  observe(stage, "nothing was published", (await stage.keys("claims/payments-stage/")).length === before.length);
}
