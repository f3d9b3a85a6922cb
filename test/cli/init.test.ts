/** claimbot init as a process against the sandbox GitLab: what it sets up, says and keeps to itself. */
import { expect, test } from "vitest";
import { readConfig } from "../../src/config.ts";
import { CANARY, gitlabAndClaimbot, settingIn, URL_OF_CLAIMBOT } from "./gitlab.ts";

const SECRET = "6d1f0a9c".repeat(8);
const SIGNING = `whsec_${Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString("base64")}`;
const INIT = ["init", "--url", URL_OF_CLAIMBOT];

test("makes one hook with both secrets, the label, and a branch that nobody pushes to; the secrets are good settings", async () => {
  await using world = await gitlabAndClaimbot();
  const { gitlab } = world;
  const result = await world.run(INIT);
  expect({ status: result.status, stderr: result.stderr }).toEqual({ status: 0, stderr: "" });
  const [hook, ...others] = gitlab.project.hooks;
  expect(others).toEqual([]);
  expect(hook).toMatchObject({ name: "claimbot acme", url: `${URL_OF_CLAIMBOT}/webhooks/gitlab` });
  expect([...(hook?.events ?? [])].toSorted()).toEqual(["merge_requests_events", "note_events", "push_events"]);
  expect(hook?.token).toBe(settingIn(result, "CLAIMBOT_WEBHOOK_SECRET"));
  expect(hook?.signingToken).toBe(settingIn(result, "CLAIMBOT_WEBHOOK_SIGNING_TOKEN"));
  expect(gitlab.project.labels.map(({ name }) => name)).toEqual(["claimbot::hold"]);
  expect(gitlab.project.protectedBranches).toMatchObject([{ name: "main", pushLevel: 0, mergeLevel: 40 }]);
  expect(gitlab.unexpected).toEqual([]);
  const made = Object.fromEntries(
    ["CLAIMBOT_WEBHOOK_SECRET", "CLAIMBOT_WEBHOOK_SIGNING_TOKEN", "CLAIMBOT_URL"].map((name) => [name, settingIn(result, name)]),
  );
  expect(readConfig("serve", { ...world.env, ...made })).toMatchObject({ ok: true });
});

test("run again it changes nothing, and shows no secret", async () => {
  await using world = await gitlabAndClaimbot();
  await world.run(INIT);
  const before = structuredClone({ ...world.gitlab.project.hooks[0], createdAt: undefined });
  const again = await world.run(INIT);
  expect(again.status).toBe(0);
  expect(again.stdout.split("\n").filter((line) => /^[+~]/.test(line))).toEqual([]);
  expect(again.stdout.match(/^= .*/gm)).toHaveLength(3);
  expect(again.stdout).not.toContain("CLAIMBOT_WEBHOOK_SECRET=");
  expect(world.gitlab.project.hooks).toHaveLength(1);
  expect({ ...world.gitlab.project.hooks[0], createdAt: undefined }).toEqual(before);
});

test("--dry-run says the same, and does nothing", async () => {
  await using world = await gitlabAndClaimbot();
  const dry = await world.run([...INIT, "--dry-run"]);
  expect(dry.stdout).toMatch(/^Nothing is changed/);
  expect(world.gitlab.faults.requests.filter(({ method }) => method !== "GET")).toEqual([]);
  const wet = await world.run(INIT);
  expect(wet.stdout.match(/^[+~] .*/gm)).toEqual(dry.stdout.match(/^[+~] .*/gm));
});

test("secrets of the settings are used, and neither they nor the token are printed", async () => {
  await using world = await gitlabAndClaimbot();
  // The newest stands first while they are rotated.
  const settings = { CLAIMBOT_WEBHOOK_SECRET: `${SECRET} ${SECRET.toUpperCase()}`, CLAIMBOT_WEBHOOK_SIGNING_TOKEN: SIGNING };
  const result = await world.run(INIT, settings);
  expect(world.gitlab.project.hooks).toMatchObject([{ token: SECRET, signingToken: SIGNING }]);
  for (const secret of [CANARY, SECRET, SECRET.toUpperCase(), SIGNING, SIGNING.slice(6)])
    expect(result.stdout + result.stderr).not.toContain(secret);
});

test("takes over a hook that was made by hand for the address, and mends one that moved", async () => {
  await using world = await gitlabAndClaimbot();
  const { gitlab } = world;
  gitlab.addHook({ url: `${URL_OF_CLAIMBOT}/webhooks/gitlab`, events: ["emoji_events", "push_events"] });
  const first = await world.run(INIT);
  expect(first.stdout).toContain("(before: it does not hear merge requests, comments, also hears emoji)");
  const moved = await world.run(["init", "--url", "https://moved.example.org"]);
  expect(moved.status).toBe(0);
  expect(gitlab.project.hooks).toMatchObject([{ name: "claimbot acme", url: "https://moved.example.org/webhooks/gitlab" }]);
  // GitLab dropped the old secret with the old address.
  expect(gitlab.project.hooks[0]?.token).toMatch(/^[0-9a-f]{64}$/);
  expect(gitlab.project.hooks[0]?.token).toBe(settingIn(moved, "CLAIMBOT_WEBHOOK_SECRET"));
  expect(settingIn(moved, "CLAIMBOT_WEBHOOK_SECRET")).not.toBe(settingIn(first, "CLAIMBOT_WEBHOOK_SECRET"));
});

test("foreign text cannot break a line, nor reach the terminal", async () => {
  await using world = await gitlabAndClaimbot();
  world.gitlab.addHook({ url: `${URL_OF_CLAIMBOT}/webhooks/gitlab`, name: "\u001B[2J\nCLAIMBOT_URL=https://evil.example.org" });
  const result = await world.run([...INIT, "--dry-run"]);
  expect(result.stdout).not.toContain("\u001B");
  expect(settingIn(result, "CLAIMBOT_URL")).toBeUndefined();
});

test("leaves other hooks alone, and names one that would deliver twice", async () => {
  await using world = await gitlabAndClaimbot();
  const chat = world.gitlab.addHook({ url: "https://chat.example.org/x", name: "chat" });
  const twin = world.gitlab.addHook({ url: `${URL_OF_CLAIMBOT}/webhooks/gitlab`, name: "second" });
  world.gitlab.addHook({ url: `${URL_OF_CLAIMBOT}/webhooks/gitlab`, name: "claimbot acme" });
  const before = structuredClone([chat, twin].map(({ url, name, events, token }) => ({ url, name, events, token })));
  const result = await world.run(INIT);
  expect(result.stdout).toContain(`hook ${twin.id} (second) also calls ${URL_OF_CLAIMBOT}`);
  expect([chat, twin].map(({ url, name, events, token }) => ({ url, name, events, token }))).toEqual(before);
});

test("a GitLab before 19 gets the secret alone; a signing token in the settings would shut the door, and that is said", async () => {
  await using world = await gitlabAndClaimbot();
  world.gitlab.world.release = { version: "18.11.2-ee", premium: false };
  const result = await world.run(INIT);
  expect(result.status).toBe(0);
  expect(settingIn(result, "CLAIMBOT_WEBHOOK_SECRET")).toMatch(/^[0-9a-f]{64}$/);
  expect(settingIn(result, "CLAIMBOT_WEBHOOK_SIGNING_TOKEN")).toBeUndefined();
  const given = await world.run(INIT, { CLAIMBOT_WEBHOOK_SIGNING_TOKEN: SIGNING });
  expect(given.status).toBe(3);
  expect(given.stdout).toContain("the service would refuse every event");
});

test("without the right to do it, it does nothing and says which role is needed", async () => {
  await using world = await gitlabAndClaimbot();
  const token = world.gitlab.createBot({ level: 30 }).token;
  const result = await world.run(INIT, { CLAIMBOT_GITLAB_TOKEN: token });
  expect(result.status).toBe(3);
  expect(result.stderr).toContain("the role Maintainer");
  expect(world.gitlab.project.hooks).toEqual([]);
});

test.each([
  [["init"], {}, "init needs --url"],
  [["init", "--url", "http://claimbot.example.org"], {}, "--url is neither https"],
  [["init", "--url", "https://claimbot.example.org/webhooks/gitlab"], {}, "--url ends in /webhooks/gitlab"],
  [INIT, { CLAIMBOT_GITLAB_URL: "", CLAIMBOT_GITLAB_TOKEN: "", CLAIMBOT_GITLAB_PROJECT: "" }, "the settings have mistakes"],
  [INIT, { CLAIMBOT_WEBHOOK_SECRET: "short" }, "CLAIMBOT_WEBHOOK_SECRET is shorter than 32 bytes"],
] as const)("%j with %j is wrong use", async (words, more, says) => {
  await using world = await gitlabAndClaimbot();
  const result = await world.run(words, more);
  expect({ status: result.status, stdout: result.stdout }).toEqual({ status: 2, stdout: "" });
  expect(result.stderr).toContain(says);
});
