/** A change of prod: who wrote it does not approve it, whatever GitLab counts. */
import assert from "node:assert/strict";
import { ask, botNote, fileOf, observe, propose, record, show, type Stage } from "./stage.ts";

const PATH = "environments/prod/ledger-prod.yaml";
const BRANCH = "more-room-for-the-ledger";

export async function prodApprovals(stage: Stage): Promise<void> {
  const { gitlab, cloudflare } = stage;
  const roomier = (await fileOf(stage, PATH)).replace("max: 6", "max: 8");
  await gitlab.push({ branch: BRANCH, as: "ana", files: { [PATH]: roomier }, message: "More storage" });
  stage.say("Ana pushes a first commit; Sam adds his own and asks for the merge.");
  const iid = await propose(stage, "sam", BRANCH, "More room for the ledger", {
    [PATH]: roomier.replace("description: The ledger", "description: The ledger, with room for the exports"),
  });
  const note = botNote(stage, iid, "claimbot:plan");
  show(stage, note);
  observe(stage, "the plan says that it takes two approvals", note.includes("2 approvals, none of author, committer or pusher"));

  for (const as of ["sam", "ana"]) await gitlab.approve(iid, { as });
  await stage.settled();
  stage.say("Sam, its author, approves; so does Ana, who committed to it.");
  observe(stage, "GitLab counts two approvals", gitlab.mergeRequest(iid).approvals.length === 2);
  const { answer } = await ask(stage, iid, "sam", "/claim why");
  observe(stage, "claimbot counts none", answer.includes("0 of 2 approvals"));
  observe(stage, "Sam's does not count: he is the author", answer.includes("Sam ✗ is the author of the merge request"));
  observe(stage, "Ana's does not count: she committed", /Ana ✗ committed [0-9a-f]{7} to this branch/.test(answer));
  observe(stage, "it names who can: Mara and Jo", /Who can: .*`jo`.*/.test(answer) && /Who can: .*`mara`.*/.test(answer));

  for (const as of ["mara", "jo"]) await gitlab.approve(iid, { as });
  stage.say("Mara and Jo approve, Mara merges.");
  await gitlab.merge(iid, { as: "mara" });
  await stage.settled();
  show(stage, botNote(stage, iid, "claimbot:report:ledger-prod"));
  observe(stage, "exposed: its name is proxied", record(stage, "ledger.example.com", "example.com")?.proxied === true);
  const rules = cloudflare.ruleset("example.com", "http_request_firewall_custom")?.rules ?? [];
  observe(
    stage,
    "protected: rules bound to its host stand at Cloudflare",
    rules.some(({ expression }) => expression.includes('"ledger.example.com"')),
  );
  const written = await stage.object("claims/ledger-prod/00000001.json");
  assert.ok(written !== undefined, "the claim log has a first record");
  const { source } = JSON.parse(written) as { readonly source: { readonly approvers: readonly string[] } };
  observe(stage, "the record names Mara and Jo, and nobody else", source.approvers.toSorted().join() === "jo,mara");
}
