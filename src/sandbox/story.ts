/**
 * The story: five merge requests played through on the sandbox without a person. Each step ends in what was observed in the simulated
 * systems, never in what claimbot says of itself; the first that is not as it should be ends the story.
 */
import assert from "node:assert/strict";
import type { SandboxCloudflare } from "./cloudflare.ts";
import type { SandboxFlux } from "./flux.ts";
import type { SandboxGitlab } from "./gitlab/start-gitlab.ts";

/** What the story is played on. */
export interface Stage {
  readonly gitlab: SandboxGitlab;
  readonly cloudflare: SandboxCloudflare;
  readonly flux: SandboxFlux;
  /** The name of the bot's user. */
  readonly bot: { readonly username: string };
  /** Keys of the claim store below a prefix. */
  keys(prefix: string): Promise<readonly string[]>;
  /** Resolves when nothing waits to be done. */
  settled(): Promise<void>;
  /** What the timer does: looks for what nobody told. */
  sweep(): Promise<void>;
  say(text: string): void;
}

const STAGE_CLAIM = `apiVersion: claimbot/v1
kind: Environment
metadata:
  name: billing-stage
  owner: commerce/payments
  description: Pre-production of billing
spec:
  type: stage
  cluster:
    region: fra
    version: "1.33"
    nodePools:
      - {class: general-public, min: 2, max: 4}
  services:
    - name: payments-worker
      version: ^2.3.0
      values: {replicas: 2}
  dns:
    hostnames: [billing.stage.example.org]
  waf:
    mode: block
    allowCountries: [DE, FR]
`;

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

export async function playStory(stage: Stage): Promise<void> {
  const chapters: readonly (readonly [string, (stage: Stage) => Promise<void>])[] = [
    ["A new stage environment is reviewed, approved, merged and released", newEnvironment],
    ["Six mistakes are found, each at its line", sixMistakes],
    ["An environment is removed: unexposed first, torn down last", removal],
    ["A command by somebody who may not is refused, with the reason", refusedCommand],
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

async function newEnvironment(stage: Stage): Promise<void> {
  const { gitlab, cloudflare, flux } = stage;
  const iid = await propose(stage, "sam", "add-billing-stage", "Add billing-stage", {
    "environments/stage/billing-stage.yaml": STAGE_CLAIM,
  });
  const note = botNote(stage, iid, "claimbot:plan");
  show(stage, note);
  observe(stage, "the plan names the new environment", note.includes("1 new") && note.includes("billing-stage"));
  observe(
    stage,
    "the commit status is success",
    gitlab.statuses(iid).some(({ name, state }) => name === "claimbot/plan" && state === "success"),
  );
  observe(stage, "nothing happened before the merge", record(stage, "billing.stage.example.org") === undefined);
  await gitlab.approve(iid, { as: "jo" });
  stage.say("Jo approves, Mara merges.");
  await gitlab.merge(iid, { as: "mara" });
  await stage.settled();
  show(stage, botNote(stage, iid, "claimbot:report:billing-stage"));
  observe(
    stage,
    "recorded: the claim log has its first record",
    (await stage.keys("claims/billing-stage/")).includes("claims/billing-stage/00000001.json"),
  );
  observe(
    stage,
    "built: the cluster is in Kubernetes",
    flux.objects().some(({ kind, metadata }) => kind === "KubernetesCluster" && metadata.name === "billing-stage"),
  );
  const rules = cloudflare.ruleset("example.org", "http_request_firewall_custom")?.rules ?? [];
  observe(
    stage,
    "protected: rules bound to its host stand at Cloudflare",
    rules.some(({ expression }) => expression.includes('"billing.stage.example.org"')),
  );
  observe(stage, "exposed: its name is proxied to its own gateway", record(stage, "billing.stage.example.org")?.proxied === true);
  observe(stage, "told: GitLab shows the environment", gitlab.environment("billing-stage")?.state === "available");
}

async function sixMistakes(stage: Stage): Promise<void> {
  const iid = await propose(stage, "sam", "add-wrong-stage", "Add wrong-stage", {
    "environments/stage/wrong-stage.yaml": WRONG_CLAIM,
  });
  const note = botNote(stage, iid, "claimbot:plan");
  show(stage, note);
  const expected = WRONG_CLAIM.split("\n").flatMap((line, index) => {
    const code = / # (claim\/[a-z-]+)$/.exec(line)?.[1];
    return code === undefined ? [] : [{ code, place: `wrong-stage.yaml:${index + 1}:` }];
  });
  assert.equal(expected.length, 6);
  for (const { code, place } of expected) {
    observe(
      stage,
      `${code} at line ${place.split(":")[1]}`,
      note.split("\n").some((line) => line.includes(code) && line.includes(place)),
    );
  }
  observe(
    stage,
    "the commit status is failed",
    stage.gitlab.statuses(iid).some(({ name, state }) => name === "claimbot/plan" && state === "failed"),
  );
  await suggestedLine(stage, iid);
}

/** The thread at the wrong host name, before and after somebody takes the line that it suggests. */
async function suggestedLine(stage: Stage, iid: number): Promise<void> {
  const { gitlab, bot } = stage;
  const [branch, path] = ["add-wrong-stage", "environments/stage/wrong-stage.yaml"];
  const wrong = "    hostnames: [wrong.stage.exmaple.org] # claim/hostname-outside-zone";
  const thread = gitlab
    .notes(iid, { by: bot.username })
    .find(({ type, body }) => type === "DiffNote" && body.includes("claim/hostname-outside-zone"));
  const suggested = /^```suggestion:-0\+0\n(.*)\n```$/m.exec(thread?.body ?? "")?.[1];
  show(stage, thread?.body ?? "");
  observe(
    stage,
    "a thread with a suggestion stands at the wrong host name's line",
    thread?.position?.new_line === WRONG_CLAIM.split("\n").indexOf(wrong) + 1 &&
      suggested === wrong.replace("exmaple", "example"),
  );
  stage.say("Sam pushes the suggested line.");
  await gitlab.push({ branch, as: "sam", files: { [path]: WRONG_CLAIM.replace(wrong, suggested ?? "") } });
  await stage.settled();
  const open = gitlab
    .notes(iid, { by: bot.username })
    .filter(({ type, resolved }) => type === "DiffNote" && resolved === undefined);
  observe(
    stage,
    "claimbot resolves that thread, and no other",
    thread?.resolved?.by.username === bot.username && open.length === 5,
  );
}

async function removal(stage: Stage): Promise<void> {
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

async function refusedCommand(stage: Stage): Promise<void> {
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
  stage.say("Merged without an approval, so it is held. Kim, a reporter, tries to push it on:\n\n    /claim apply\n");
  const noteId = await gitlab.comment(iid, "/claim apply", { as: "kim" });
  assert.ok(noteId !== undefined);
  await stage.settled();
  const answer = botNote(stage, iid, `claimbot:answer:${noteId}`);
  show(stage, answer);
  observe(
    stage,
    "the answer says that Kim may not, and by which rule",
    answer.includes("you may not do that here") && answer.includes("stage"),
  );
  observe(
    stage,
    "it was seen and refused",
    gitlab.reactions(iid, noteId).some((reaction) => reaction.endsWith(":x")),
  );
  observe(stage, "nothing was published", (await stage.keys("claims/payments-stage/")).length === before.length);
}

async function lostWebhook(stage: Stage): Promise<void> {
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

/** Pushes a branch, opens a merge request, and waits until claimbot has answered. */
async function propose(
  stage: Stage,
  as: string,
  branch: string,
  title: string,
  files: Readonly<Record<string, string | null>>,
): Promise<number> {
  const { gitlab } = stage;
  await gitlab.push({ branch, files, as, message: title });
  const iid = await gitlab.openMergeRequest({ as, source: branch, title });
  stage.say(`${gitlab.user(as).name} opens !${iid}: ${title}\n`);
  await stage.settled();
  return iid;
}

async function fileOf({ gitlab }: Stage, path: string): Promise<string> {
  const text = await gitlab.file(path);
  assert.ok(text !== undefined, `${path} is in the sandbox`);
  return text;
}

function record({ cloudflare }: Stage, name: string): { readonly proxied?: boolean | undefined } | undefined {
  return cloudflare.records("example.org").find((candidate) => candidate.name === name);
}

function botNote({ gitlab, bot }: Stage, iid: number, marker: string): string {
  const notes = gitlab.notes(iid, { by: bot.username }).filter(({ body }) => body.includes(`<!-- ${marker} -->`));
  assert.equal(notes.length, 1, `exactly one note ${marker} on !${iid}`);
  return notes[0]?.body ?? "";
}

function show(stage: Stage, note: string): void {
  const lines = note.split("\n").filter((line) => !line.startsWith("<!--"));
  stage.say(`${lines.map((line) => `  │ ${line}`.trimEnd()).join("\n")}\n`);
}

function observe(stage: Stage, what: string, isSo: boolean): void {
  stage.say(`  ${isSo ? "✓" : "✗"} ${what}`);
  assert.ok(isSo, `the story stops: not observed that ${what}`);
}
