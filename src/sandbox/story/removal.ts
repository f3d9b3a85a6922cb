/** An environment whose file is deleted. */
import { botNote, observe, propose, record, show, type Stage } from "./stage.ts";

export async function removal(stage: Stage): Promise<void> {
  const { gitlab, flux } = stage;
  observe(stage, "ledger-old is reachable before", record(stage, "ledger-old.dev.example.org") !== undefined);
  const iid = await propose(stage, "sam", "remove-ledger-old", "Remove ledger-old", { "environments/dev/ledger-old.yaml": null });
  const note = botNote(stage, iid, "claimbot:plan");
  show(stage, note);
  observe(
    stage,
    "what will be deleted stands unfolded, before everything that folds",
    note.indexOf("Will be deleted") > 0 && note.indexOf("Will be deleted") < note.indexOf("<details>"),
  );
  await gitlab.merge(iid, { as: "mara" });
  stage.say("Mara merges.");
  await stage.settled();
  show(stage, botNote(stage, iid, "claimbot:report:ledger-old"));
  observe(stage, "its name is gone", record(stage, "ledger-old.dev.example.org") === undefined);
  observe(
    stage,
    "nothing of it is left in Kubernetes",
    flux.objects().every(({ metadata }) => metadata.namespace !== "env-ledger-old" && metadata.name !== "env-ledger-old"),
  );
  observe(stage, "GitLab shows it as stopped", gitlab.environment("ledger-old")?.state === "stopped");
  observe(stage, "the log ends in Tombstone and Removed", (await stage.keys("claims/ledger-old/")).length === 3);
  observe(stage, "a neighbour is untouched", record(stage, "ledger.dev.example.org") !== undefined);
}
