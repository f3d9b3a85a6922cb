/** The port ForgeSettings against the sandbox GitLab: older and newer, free and Premium, cut off anywhere. */
import { describe, expect, test } from "vitest";
import { openForgeSettings } from "../../../src/adapters/gitlab/settings.ts";
import type { ForgeSettings } from "../../../src/core/ports.ts";
import { Secret } from "../../../src/core/secret.ts";
import type { SandboxGitlab } from "../../../src/sandbox/gitlab/start-gitlab.ts";
import { gitlabForTests, webhookReceiver } from "../../sandbox/gitlab/support.ts";

const WISH = {
  name: "claimbot acme",
  url: "https://claimbot.example.org/webhooks/gitlab",
  events: { merge_requests_events: true, note_events: true, push_events: true, emoji_events: false },
  secrets: { secret: new Secret("a".repeat(32)), signingToken: new Secret(`whsec_${Buffer.alloc(32, 7).toString("base64")}`) },
};

function settingsOf(gitlab: SandboxGitlab, username = "bot"): ForgeSettings {
  const token = new Secret(gitlab.createToken(username));
  return openForgeSettings({ url: gitlab.url, token, project: gitlab.project.path });
}

describe("hooks", () => {
  test("a made one hears what was asked for, with both secrets", async () => {
    await using gitlab = await gitlabForTests();
    const made = await settingsOf(gitlab).createHook(WISH);
    expect(made).toMatchObject({ name: WISH.name, url: WISH.url, hasSecret: true, hasSigningToken: true, health: "executable" });
    expect(made.events.toSorted()).toEqual(["merge_requests_events", "note_events", "push_events"]);
    expect(gitlab.project.hooks[0]).toMatchObject({
      token: WISH.secrets.secret.reveal(),
      signingToken: WISH.secrets.signingToken.reveal(),
    });
  });

  test.each(["cut-after", "status-after"] as const)("an answer that is lost (%s) does not make a second one", async (kind) => {
    await using gitlab = await gitlabForTests();
    gitlab.faults.add({ method: "POST", path: /\/hooks$/, fault: kind === "cut-after" ? { kind } : { kind, status: 502 } });
    const made = await settingsOf(gitlab).createHook(WISH);
    expect(gitlab.project.hooks.map(({ id }) => id)).toEqual([made.id]);
  });

  test("another address drops the secret, so it is sent again; secrets alone change nothing else", async () => {
    await using gitlab = await gitlabForTests();
    const settings = settingsOf(gitlab);
    const { id } = await settings.createHook(WISH);
    const { secrets: _, ...rest } = WISH;
    const moved = await settings.editHook(id, { ...rest, url: "https://other.example.org", secrets: {} });
    expect(moved).toMatchObject({ hasSecret: false });
    const set = await settings.setHookSecrets(moved, { secret: WISH.secrets.secret });
    expect(set).toEqual({ ...moved, hasSecret: true });
  });

  test("all pages are read", async () => {
    await using gitlab = await gitlabForTests();
    for (let count = 0; count < 100; count += 1) gitlab.addHook({ url: `https://chat.example.org/${count}` });
    for (let count = 0; count < 100; count += 1) gitlab.project.hooks.push({ ...gitlab.project.hooks[0]!, id: 900 + count });
    expect(await settingsOf(gitlab).hooks()).toHaveLength(200);
  });

  test("a GitLab before 19 takes no signing token, and says nothing of it", async () => {
    await using gitlab = await gitlabForTests();
    gitlab.world.release = { version: "18.11.2-ee", premium: false };
    const settings = settingsOf(gitlab);
    expect(await settings.createHook(WISH)).toMatchObject({ hasSecret: true, hasSigningToken: undefined });
    expect(await settings.release()).toEqual({ version: "18.11.2-ee", enterprise: true });
  });

  test("a test event is answered, refused, or has nothing to be made of; each is in the log", async () => {
    await using gitlab = await gitlabForTests();
    let status = 202;
    await using receiver = await webhookReceiver(() => status);
    const settings = settingsOf(gitlab);
    const { id } = await settings.createHook({ ...WISH, url: receiver.url });
    expect(await settings.testHook(id, "push_events")).toEqual({ outcome: "no-data" });
    expect(await settings.testHook(id, "merge_requests_events")).toEqual({ outcome: "no-data" });
    await gitlab.push({ branch: "main", files: { "README.md": "second\n" }, as: "mara" });
    await gitlab.webhooksSettled();
    expect(await settings.testHook(id, "push_events")).toEqual({ outcome: "answered" });
    status = 401;
    const refused = await settings.testHook(id, "push_events");
    expect(refused).toMatchObject({ outcome: "refused", detail: expect.stringContaining("401") as string });
    const deliveries = await settings.hookDeliveries(id, 20);
    expect(deliveries?.map((delivery) => delivery.status)).toEqual([401, 202, 202]);
  });
});

describe("protected branches", () => {
  const WISHED = { name: "main", push: 0, merge: undefined };

  test.each([true, false])("nobody pushes, and who merges stays (Premium: %s)", async (premium) => {
    await using gitlab = await gitlabForTests();
    gitlab.world.release = { version: "19.1.0", premium };
    const settings = settingsOf(gitlab);
    const rule = await settings.protectBranch(WISHED);
    expect(rule).toMatchObject({ name: "main", forcePush: false });
    expect([rule.push, rule.merge].map((accesses) => accesses.map(({ level }) => level))).toEqual([[0], [40]]);
    expect(await settings.branchRules()).toEqual([rule]);
    // Only Premium can do it without a moment in which the branch is bare.
    expect(gitlab.faults.requests.some(({ method }) => method === "DELETE")).toBe(!premium);
  });

  test("a branch without a rule gets one", async () => {
    await using gitlab = await gitlabForTests();
    gitlab.project.protectedBranches.splice(0);
    await settingsOf(gitlab).protectBranch({ ...WISHED, merge: 30 });
    expect(gitlab.project.protectedBranches).toMatchObject([{ name: "main", pushLevel: 0, mergeLevel: 30 }]);
  });

  test("what is so already is not written", async () => {
    await using gitlab = await gitlabForTests();
    const settings = settingsOf(gitlab);
    await settings.protectBranch(WISHED);
    const before = [...gitlab.project.protectedBranches];
    await settings.protectBranch(WISHED);
    expect(gitlab.project.protectedBranches).toEqual(before);
  });

  test("cut off between taking away and making anew, the next run protects it", async () => {
    await using gitlab = await gitlabForTests();
    const settings = settingsOf(gitlab);
    gitlab.faults.add({ method: "POST", path: /\/protected_branches$/, fault: { kind: "status", status: 403 } });
    await expect(settings.protectBranch(WISHED)).rejects.toThrow("the branch main is not protected now");
    await settings.protectBranch({ ...WISHED, merge: 30 });
    expect(gitlab.project.protectedBranches).toMatchObject([{ name: "main", pushLevel: 0 }]);
  });
});

test("a label that is there already is success, and is told", async () => {
  await using gitlab = await gitlabForTests();
  const settings = settingsOf(gitlab);
  const label = { name: "claimbot::hold", color: "#cc3311", description: "holds" };
  await settings.createLabel(label);
  await settings.createLabel(label);
  expect(await settings.labels()).toEqual(["claimbot::hold"]);
});

test("the token tells what it is, and never itself", async () => {
  await using gitlab = await gitlabForTests();
  const value = gitlab.createToken("bot", { name: "acme", scopes: ["api", "sudo"], expiresOn: "2099-01-31" });
  const settings = openForgeSettings({ url: gitlab.url, token: new Secret(value), project: gitlab.project.path });
  expect(await settings.token()).toEqual({ name: "acme", scopes: ["api", "sudo"], expiresOn: "2099-01-31" });
});

test("approvals are Premium's: elsewhere they are not told", async () => {
  await using gitlab = await gitlabForTests();
  const settings = settingsOf(gitlab);
  expect(await settings.mergeSettings()).toEqual({ pipelineMustSucceed: false, approvals: undefined });
  gitlab.world.release = { version: "19.1.0", premium: true };
  expect((await settings.mergeSettings()).approvals).toEqual({ byAuthor: true, byCommitters: true, resetOnPush: false });
});

test("reads a file at a branch, byte for byte", async () => {
  await using gitlab = await gitlabForTests();
  const settings = settingsOf(gitlab);
  expect(Buffer.from((await settings.file("README.md", "main")) ?? []).toString()).toBe("# Environments\n");
  expect(await settings.file("environments/none.yaml", "main")).toBeUndefined();
});

test("a token of little right is refused in words, without the token in them", async () => {
  await using gitlab = await gitlabForTests();
  const token = gitlab.createToken("dev");
  const settings = openForgeSettings({ url: gitlab.url, token: new Secret(token), project: gitlab.project.path });
  const error: unknown = await settings.hooks().catch((reason: unknown) => reason);
  expect(error).toMatchObject({ name: "Stalled", wayOut: expect.stringContaining("CLAIMBOT_GITLAB_TOKEN") as string });
  expect(JSON.stringify(error) + String(error)).not.toContain(token);
});
