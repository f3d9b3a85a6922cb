/** claimbot hook rotate against the sandbox GitLab, with a receiver that knows secrets as the service does. */
import { Hono } from "hono";
import { expect, test } from "vitest";
import { startServer } from "../../src/sandbox/server.ts";
import { CANARY, gitlabAndClaimbot, settingIn, type GitlabAndClaimbot } from "./gitlab.ts";

const OLD = "6d1f0a9c".repeat(8);
const OLD_SIGNING = `whsec_${Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString("base64")}`;
const NEW = "0f9a41c7".repeat(8);

/** Takes what carries one of the secrets, and nothing else. */
async function service(secrets: readonly string[]): Promise<{ readonly url: string } & AsyncDisposable> {
  const app = new Hono();
  app.post("*", (context) => context.body(null, secrets.includes(context.req.header("x-gitlab-token") ?? "") ? 200 : 401));
  return startServer(app);
}

/** A project whose hook has the old secret, and enough pushes for a test event. */
async function rotating(world: GitlabAndClaimbot, url: string): Promise<void> {
  world.gitlab.addHook({ url, name: "claimbot acme", token: OLD });
  await world.gitlab.push({ branch: "main", files: { "README.md": "second\n" }, as: "mara" });
}

test("--prepare prints new before old for each kind that the service has, and touches nothing", async () => {
  await using world = await gitlabAndClaimbot();
  const result = await world.run(["hook", "rotate", "--prepare"], {
    CLAIMBOT_WEBHOOK_SECRET: OLD,
    CLAIMBOT_WEBHOOK_SIGNING_TOKEN: OLD_SIGNING,
  });
  expect(result.status).toBe(0);
  const [made, ...kept] = settingIn(result, "CLAIMBOT_WEBHOOK_SECRET")?.split(",") ?? [];
  expect(made).toMatch(/^[0-9a-f]{64}$/);
  expect(kept).toEqual([OLD]);
  expect(settingIn(result, "CLAIMBOT_WEBHOOK_SIGNING_TOKEN")).toMatch(new RegExp(`^whsec_[^,]+,${RegExp.escape(OLD_SIGNING)}$`));
  expect(result.stdout).not.toContain(CANARY);
  expect(world.gitlab.faults.requests).toEqual([]);
});

test("--prepare begins no signing: a service that demands what GitLab does not send is shut", async () => {
  await using world = await gitlabAndClaimbot();
  const result = await world.run(["hook", "rotate", "--prepare"], { CLAIMBOT_WEBHOOK_SECRET: OLD });
  expect(settingIn(result, "CLAIMBOT_WEBHOOK_SIGNING_TOKEN")).toBeUndefined();
});

test("--switch gives GitLab the first of the list, and shows no secret", async () => {
  await using world = await gitlabAndClaimbot();
  await using receiver = await service([NEW, OLD]);
  await rotating(world, receiver.url);
  const result = await world.run(["hook", "rotate", "--switch"], { CLAIMBOT_WEBHOOK_SECRET: `${NEW},${OLD}` });
  expect(result).toMatchObject({ status: 0, stderr: "" });
  expect(result.stdout).toContain("the service took its test event");
  expect(world.gitlab.project.hooks).toMatchObject([{ token: NEW, url: receiver.url }]);
  for (const secret of [NEW, OLD, CANARY]) expect(result.stdout).not.toContain(secret);
});

test("--switch puts the old one back where the service does not know the new one yet: nobody is locked out", async () => {
  await using world = await gitlabAndClaimbot();
  await using receiver = await service([OLD]);
  await rotating(world, receiver.url);
  const result = await world.run(["hook", "rotate", "--switch"], { CLAIMBOT_WEBHOOK_SECRET: `${NEW},${OLD}` });
  expect(result.status).toBe(3);
  expect(result.stderr).toContain("has the old ones again");
  expect(world.gitlab.project.hooks).toMatchObject([{ token: OLD }]);
  for (const secret of [NEW, OLD, CANARY]) expect(result.stdout + result.stderr).not.toContain(secret);
});

test("--switch says when there was nothing to try it with", async () => {
  await using world = await gitlabAndClaimbot();
  world.gitlab.addHook({ url: "http://127.0.0.1:9/x", name: "claimbot acme", token: OLD });
  const result = await world.run(["hook", "rotate", "--switch"], { CLAIMBOT_WEBHOOK_SECRET: `${NEW},${OLD}` });
  expect(result.status).toBe(0);
  expect(result.stdout).toContain("only then take the old ones out");
});

test("--switch keeps the new ones where GitLab has had enough of tests", async () => {
  await using world = await gitlabAndClaimbot();
  await rotating(world, "http://127.0.0.1:9/x");
  world.gitlab.faults.add({ method: "POST", path: /\/test\//, fault: { kind: "status", status: 429 } });
  const result = await world.run(["hook", "rotate", "--switch"], { CLAIMBOT_WEBHOOK_SECRET: `${NEW},${OLD}` });
  expect(result.status).toBe(0);
  expect(result.stdout).toContain("only then take the old ones out");
  expect(world.gitlab.project.hooks).toMatchObject([{ token: NEW }]);
});

test("--switch without a hook says who makes one", async () => {
  await using world = await gitlabAndClaimbot();
  const result = await world.run(["hook", "rotate", "--switch"], { CLAIMBOT_WEBHOOK_SECRET: `${NEW},${OLD}` });
  expect({ status: result.status, stdout: result.stdout }).toEqual({ status: 3, stdout: "" });
  expect(result.stderr).toContain("Run claimbot init");
});

test.each([
  [["hook"], {}, "claimbot hook rotate"],
  [["hook", "rotate"], { CLAIMBOT_WEBHOOK_SECRET: OLD }, "--prepare   prints new and old"],
  [["hook", "rotate", "--prepare", "--switch"], { CLAIMBOT_WEBHOOK_SECRET: OLD }, "--prepare or --switch"],
  [["hook", "rotate", "--prepare"], {}, "so that the list keeps the old ones"],
  [["hook", "rotate", "--switch"], { CLAIMBOT_WEBHOOK_SECRET: OLD }, "there is nothing to switch to"],
] as const)("%j is wrong use", async (words, more, says) => {
  await using world = await gitlabAndClaimbot();
  const result = await world.run(words, more);
  expect({ status: result.status, stdout: result.stdout }).toEqual({ status: 2, stdout: "" });
  expect(result.stderr).toContain(says);
  expect(world.gitlab.faults.requests).toEqual([]);
});
