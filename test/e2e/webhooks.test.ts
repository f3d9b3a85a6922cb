/** The webhook service as GitLab meets it: what it answers to recorded deliveries, to strangers, and while it goes down. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { startRehearsal, type Rehearsal } from "../../src/rehearsal.ts";
import { idle, post } from "./actions.ts";
import { seedOf, type Seed } from "./seed.ts";

const FIXTURES = "../shared/fixtures/gitlab-webhooks";
const HOOKS: Readonly<Record<string, string>> = {
  merge_request: "Merge Request Hook",
  note: "Note Hook",
  push: "Push Hook",
  tag_push: "Tag Push Hook",
  pipeline: "Pipeline Hook",
  build: "Job Hook",
  deployment: "Deployment Hook",
  emoji: "Emoji Hook",
  access_token: "Resource Access Token Hook",
};
vi.setConfig({ testTimeout: 60_000 });

let seed: Seed;
let r: Rehearsal;

beforeAll(async () => {
  seed = await seedOf(["ledger-dev"]);
  r = await startRehearsal({ seed: seed.directory });
  await idle(r);
});
afterAll(async () => {
  await r[Symbol.asyncDispose]();
  await seed[Symbol.asyncDispose]();
});

describe.skipIf(!existsSync(FIXTURES))("recorded deliveries of GitLab 8 to 19", () => {
  test("each is answered 200 or 202, whatever its header says, and the service lives on", async () => {
    const answers: string[] = [];
    for (const file of readdirSync(FIXTURES).filter((name) => name.endsWith(".json"))) {
      const body = readFileSync(`${FIXTURES}/${file}`, "utf8");
      const kind = String((JSON.parse(body) as { object_kind?: unknown }).object_kind);
      for (const event of new Set([HOOKS[kind] ?? "System Hook", "Merge Request Hook", "Note Hook", "Push Hook"])) {
        const { status } = await post(r, event, body);
        if (status !== 200 && status !== 202) answers.push(`${file} as ${event}: ${status}`);
      }
    }
    await idle(r);
    expect(answers).toEqual([]);
    expect((await fetch(`${r.service.url}/readyz`)).status).toBe(200);
    expect(
      (await r.service.queue.reports({ limit: 1000 })).filter(({ outcome }) => outcome === "failed" || outcome === "retried"),
    ).toEqual([]);
  });

  test("of the project that is served, with its number put in, none makes a job fail", async () => {
    const { id } = r.gitlab.project;
    for (const file of readdirSync(FIXTURES).filter((name) => /^(mr|note|push).*\.json$/.test(name))) {
      const value = JSON.parse(readFileSync(`${FIXTURES}/${file}`, "utf8")) as Record<
        string,
        Record<string, unknown> | undefined
      >;
      if (value["project"]) value["project"]["id"] = id;
      for (const member of ["object_attributes", "merge_request"])
        if (value[member] && "target_project_id" in value[member]) value[member]["target_project_id"] = id;
      const { status } = await post(
        r,
        HOOKS[value["object_kind"] as unknown as string] ?? "Push Hook",
        JSON.stringify({ ...value, ...("project_id" in value && { project_id: id }) }),
      );
      expect([200, 202]).toContain(status);
    }
    await r.settled();
    // They name merge requests that this project does not have open: nothing is to be reviewed.
    const reports = await r.service.queue.reports({ limit: 1000 });
    expect(reports.filter(({ key, outcome }) => key.startsWith("mr:") && outcome === "done").length).toBeGreaterThan(3);
    const bad = reports.filter(({ outcome }) => outcome === "failed" || outcome === "retried");
    expect(bad.map(({ key, message }) => `${key}: ${message}`)).toEqual([]);
    expect(await r.service.queue.pending()).toEqual([]);
  });
});

describe("strangers", () => {
  test("a wrong signature is 401, and stores nothing", async () => {
    const before = (await r.service.queue.deliveries(1000)).length;
    const stranger = { ...r, env: { ...r.env, CLAIMBOT_WEBHOOK_SIGNING_TOKEN: `whsec_${"A".repeat(43)}=` } };
    const { status } = await post(stranger, "Push Hook", "{}");
    expect(status).toBe(401);
    expect(await r.service.queue.deliveries(1000)).toHaveLength(before);
  });

  test("the secret alone opens nothing where a signing token is set", async () => {
    const { status } = await fetch(`${r.service.url}/webhooks/gitlab`, {
      method: "POST",
      body: "{}",
      headers: { "x-gitlab-event": "Push Hook", "x-gitlab-token": r.env["CLAIMBOT_WEBHOOK_SECRET"] ?? "" },
    });
    expect(status).toBe(401);
  });
});
