/** A new stage environment, from the merge request to the world. */
import { botNote, observe, propose, record, show, type Stage } from "./stage.ts";

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

export async function newEnvironment(stage: Stage): Promise<void> {
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
