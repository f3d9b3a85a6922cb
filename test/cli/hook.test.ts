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

/** `result` is of a switch after which GitLab has the new ones, and nobody knows whether the service takes them. */
function expectUnproven(
  world: GitlabAndClaimbot,
  result: Awaited<ReturnType<GitlabAndClaimbot["run"]>>,
  ...says: string[]
): void {
  expect({ status: result.status, stdout: result.stdout }).toEqual({ status: 3, stdout: "" });
  for (const words of ["has the new secrets", "no test event proved", "Leave the old ones", "To take it back", ...says]) {
    expect(result.stderr).toContain(words);
  }
  for (const secret of [NEW, OLD, CANARY]) expect(result.stderr).not.toContain(secret);
  expect(world.gitlab.project.hooks).toMatchObject([{ token: NEW }]);
}

test("--switch is not done where there was nothing to try it with; after a push, run again, it is", async () => {
  await using world = await gitlabAndClaimbot();
  await using receiver = await service([NEW, OLD]);
  world.gitlab.addHook({ url: receiver.url, name: "claimbot acme", token: OLD });
  const switched = async (): ReturnType<typeof world.run> =>
    world.run(["hook", "rotate", "--switch"], { CLAIMBOT_WEBHOOK_SECRET: `${NEW},${OLD}` });
  expectUnproven(world, await switched(), "nothing yet to make one of", "Push something");
  await world.gitlab.push({ branch: "main", files: { "README.md": "second\n" }, as: "mara" });
  expect(await switched()).toMatchObject({ status: 0, stderr: "" });
});

test("--switch is not done where GitLab has had enough of tests: run again, it is proven, or the old ones are back", async () => {
  await using world = await gitlabAndClaimbot();
  await using receiver = await service([OLD]);
  await rotating(world, receiver.url);
  const switched = async (list: string): ReturnType<typeof world.run> =>
    world.run(["hook", "rotate", "--switch"], { CLAIMBOT_WEBHOOK_SECRET: list });
  world.gitlab.faults.add({ method: "POST", path: /\/test\//, fault: { kind: "status", status: 429 } });
  expectUnproven(world, await switched(`${NEW},${OLD}`), "Run it again in ");
  expect(await switched(`${NEW},${OLD}`)).toMatchObject({ status: 3, stderr: expect.stringContaining("has the old ones again") });
  expect(world.gitlab.project.hooks).toMatchObject([{ token: OLD }]);
});

test("--switch takes itself back with the old ones first in the list", async () => {
  await using world = await gitlabAndClaimbot();
  await using receiver = await service([OLD]);
  await rotating(world, receiver.url);
  world.gitlab.faults.add({ method: "POST", path: /\/test\//, fault: { kind: "status", status: 403 } });
  const unproven = await world.run(["hook", "rotate", "--switch"], { CLAIMBOT_WEBHOOK_SECRET: `${NEW},${OLD}` });
  expectUnproven(world, unproven);
  const back = await world.run(["hook", "rotate", "--switch"], { CLAIMBOT_WEBHOOK_SECRET: `${OLD},${NEW}` });
  expect(back).toMatchObject({ status: 0, stderr: "" });
  expect(world.gitlab.project.hooks).toMatchObject([{ token: OLD }]);
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
