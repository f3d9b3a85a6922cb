/** A merge of which claimbot is not told. */
import { botNote, fileOf, observe, propose, show, type Stage } from "./stage.ts";

export async function lostWebhook(stage: Stage): Promise<void> {
  const { gitlab } = stage;
  const path = "environments/dev/shop-dev.yaml";
  const iid = await propose(stage, "ana", "rename-shop-dev", "Say what shop-dev is for", {
    [path]: (await fileOf(stage, path)).replace(/description: .*/, "description: Where the shop is built and broken"),
  });
  const before = await stage.keys("claims/shop-dev/");
  gitlab.dropNextWebhook();
  gitlab.dropNextWebhook();
  await gitlab.merge(iid, { as: "mara" });
  await stage.settled();
  stage.say("Mara merges, and GitLab's webhooks about it are lost.");
  observe(stage, "claimbot does not know", (await stage.keys("claims/shop-dev/")).length === before.length);
  await stage.sweep();
  await stage.settled();
  show(stage, botNote(stage, iid, "claimbot:report:shop-dev"));
  observe(stage, "after the sweep it is published", (await stage.keys("claims/shop-dev/")).length === before.length + 1);
}
