/**
 * The story: seven merge requests played through on the sandbox without a person. Each step ends in what was observed in the simulated
 * systems, never in what claimbot says of itself; the first that is not as it should be ends the story.
 */
import { lostWebhook } from "./story/lost-webhook.ts";
import { newEnvironment } from "./story/new-environment.ts";
import { prodApprovals } from "./story/prod-approvals.ts";
import { refusedCommand } from "./story/refused-command.ts";
import { removal } from "./story/removal.ts";
import { sixMistakes } from "./story/six-mistakes.ts";
import { observe, record, type Stage } from "./story/stage.ts";
import { staleApply } from "./story/stale-apply.ts";

export async function playStory(stage: Stage): Promise<void> {
  const chapters: readonly (readonly [string, (stage: Stage) => Promise<void>])[] = [
    ["A new stage environment is reviewed, approved, merged and released", newEnvironment],
    ["Six mistakes are found, each at its line; a suggestion mends one by a click", sixMistakes],
    ["Prod takes two approvals, and neither the author's nor a committer's counts", prodApprovals],
    ["An environment is removed: unexposed first, torn down last", removal],
    ["A command by somebody who may not is refused, with the reason", refusedCommand],
    ["A stale apply is refused: about an older head, and of an older plan", staleApply],
    ["A lost merge webhook is repaired by the sweep", lostWebhook],
  ];
  stage.say(
    "The sandbox is up; claimbot publishes the dev and sue environments that it finds. Nobody reviewed stage and prod, so it leaves them alone.\n",
  );
  await stage.settled();
  observe(stage, "dev is reachable", record(stage, "shop.dev.example.org") !== undefined);
  observe(stage, "stage and prod are not touched", record(stage, "pay.stage.example.org") === undefined);
  for (const [index, [title, play]] of chapters.entries()) {
    stage.say(`\n━━ ${index + 1}. ${title} ━━\n`);
    await play(stage);
  }
  stage.say("\n━━ At the end ━━\n");
  observe(stage, "no note of the bot's ran a quick action", stage.gitlab.quickActionsRun.length === 0);
  observe(
    stage,
    "every call that claimbot made exists in the real APIs",
    stage.gitlab.unexpected.length + stage.cloudflare.unexpected.length === 0,
  );
}
