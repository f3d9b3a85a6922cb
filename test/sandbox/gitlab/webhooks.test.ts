import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { webhookSignature } from "../../../src/sandbox/gitlab/webhook-signature.ts";
import { api, gitlabForTests, openChange, webhookReceiver, type Received } from "./support.ts";

const SIGNING_TOKEN = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/** `merge_request open`, `note create`, `push`. */
function eventNames(received: readonly Received[]): readonly string[] {
  return received.map(({ json }) => [json.object_kind, json.object_attributes?.["action"]].filter(Boolean).join(" "));
}

test("signs as Standard Webhooks say", () => {
  const body = '{"object_kind":"note","event_type":"note"}';
  expect(webhookSignature(SIGNING_TOKEN, "f5e5f430-f57b-4e6e-9fac-d9128cd7232f", 1750000000, body)).toBe(
    "v1,/o2uzvCE5Ha/PbYEsTqmTYjbV/Xsih6xXE2dOhUMn3s=",
  );
});

describe("webhooks", () => {
  test("carry GitLab's headers, the secret and a signature over the raw body", async () => {
    await using receiver = await webhookReceiver();
    await using gitlab = await gitlabForTests({ now: () => new Date("2026-11-24T10:00:00Z") });
    gitlab.addHook({ url: receiver.url, token: "a-secret", signingToken: SIGNING_TOKEN });
    const iid = await openChange(gitlab);
    await gitlab.comment(iid, "/claim plan", { as: "dev" });
    await gitlab.webhooksSettled();
    const note = receiver.received.find(({ json }) => json.object_kind === "note");
    const header = (name: string): string => note?.headers.get(name) ?? "";
    expect(header("user-agent")).toMatch(/^GitLab\//);
    expect(header("x-gitlab-event")).toBe("Note Hook");
    expect(header("x-gitlab-token")).toBe("a-secret");
    expect(header("x-gitlab-instance")).toBe(gitlab.url);
    expect(header("webhook-id")).toBe(header("idempotency-key"));
    expect(header("webhook-timestamp")).toBe(String(Date.parse("2026-11-24T10:00:00Z") / 1000));
    const key = Buffer.from(SIGNING_TOKEN.slice(6), "base64");
    const signed = `${header("webhook-id")}.${header("webhook-timestamp")}.${note?.body}`;
    expect(header("webhook-signature")).toBe(`v1,${createHmac("sha256", key).update(signed).digest("base64")}`);
    expect(note?.json).toMatchObject({
      user: { username: "dev", email: "[REDACTED]" },
      object_attributes: { action: "create", note: "/claim plan", noteable_type: "MergeRequest", system: false },
      merge_request: { iid, last_commit: { id: gitlab.headOf(iid) } },
    });
  });

  test("tell each step in the life of a merge request once", async () => {
    await using receiver = await webhookReceiver();
    await using gitlab = await gitlabForTests();
    gitlab.addHook({ url: receiver.url });
    const iid = await openChange(gitlab);
    const as = { as: "mara" };
    const steps: readonly (() => Promise<unknown>)[] = [
      () => gitlab.edit(iid, { addLabels: ["hold"] }, as),
      () => gitlab.edit(iid, { title: "Draft: later" }, as),
      () => gitlab.edit(iid, { title: "Now" }, as),
      () => gitlab.approve(iid, as),
      () => gitlab.unapprove(iid, as),
      () => gitlab.close(iid, as),
      () => gitlab.reopen(iid, as),
      () => gitlab.merge(iid, as),
    ];
    await gitlab.webhooksSettled();
    expect(eventNames(receiver.received).toSorted()).toEqual(["merge_request open", "push"]);
    receiver.received.length = 0;
    for (const step of steps) {
      await step();
      await gitlab.webhooksSettled();
    }
    expect(eventNames(receiver.received).slice(0, 7)).toEqual([
      "merge_request update",
      "merge_request update",
      "merge_request update",
      "merge_request approved",
      "merge_request unapproved",
      "merge_request close",
      "merge_request reopen",
    ]);
    expect(eventNames(receiver.received.slice(7)).toSorted()).toEqual(["merge_request merge", "push"]);
    expect(receiver.received[1]?.json["changes"]).toMatchObject({ draft: { previous: false, current: true } });
    const merged = receiver.received.find(({ json }) => json.object_attributes?.["action"] === "merge");
    expect(merged?.json.object_attributes).toMatchObject({ state: "merged", merge_commit_sha: await gitlab.head() });
  });

  test("a push to more than three branches tells no push hook", async () => {
    await using gitlab = await gitlabForTests();
    await using receiver = await webhookReceiver();
    gitlab.addHook({ url: receiver.url });
    const { branchesMoved } = await import("../../../src/sandbox/gitlab/actions/push.ts");
    const after = await gitlab.head();
    const moves = ["a", "b", "c", "d"].map((branch) => ({ branch, before: "0".repeat(40), after }));
    await branchesMoved(gitlab.world, gitlab.project, gitlab.user("mara"), moves.slice(1));
    await branchesMoved(gitlab.world, gitlab.project, gitlab.user("mara"), moves);
    await gitlab.webhooksSettled();
    expect(receiver.received).toHaveLength(3);
  });

  test("can be lost and doubled on demand, a double with the same Idempotency-Key", async () => {
    await using receiver = await webhookReceiver();
    await using gitlab = await gitlabForTests();
    const iid = await openChange(gitlab);
    gitlab.addHook({ url: receiver.url });
    gitlab.dropNextWebhook(({ event }) => event === "Note Hook");
    await gitlab.comment(iid, "lost", { as: "dev" });
    await gitlab.webhooksSettled();
    expect(receiver.received).toEqual([]);
    expect(gitlab.deliveries.map(({ outcome }) => outcome)).toEqual(["lost"]);
    gitlab.doubleNextWebhook();
    await gitlab.comment(iid, "twice", { as: "dev" });
    await gitlab.webhooksSettled();
    const keys = receiver.received.map(({ headers }) => headers.get("idempotency-key"));
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
  });

  test("are not sent again, and four failures in a row disable the hook for a minute", async () => {
    let status = 500;
    let now = new Date("2026-11-24T10:00:00Z");
    await using receiver = await webhookReceiver(() => status);
    await using gitlab = await gitlabForTests({ now: () => now });
    const iid = await openChange(gitlab);
    const { id } = gitlab.addHook({ url: receiver.url });
    const bot = api(gitlab, "bot");
    const alert = async (): Promise<unknown> =>
      ((await bot("GET", `/projects/:id/hooks/${id}`)).json as { alert_status: string }).alert_status;
    for (const body of ["1", "2", "3", "4", "5"]) {
      await gitlab.comment(iid, body, { as: "dev" });
      await gitlab.webhooksSettled();
    }
    expect(receiver.received).toHaveLength(4);
    expect(await alert()).toBe("temporarily_disabled");
    now = new Date("2026-11-24T10:01:01Z");
    expect(await alert()).toBe("executable");
    status = 200;
    await gitlab.comment(iid, "6", { as: "dev" });
    await gitlab.webhooksSettled();
    expect(receiver.received).toHaveLength(5);
  });

  test("a good test request revives a disabled hook, and a resend keeps its key", async () => {
    let status = 500;
    await using receiver = await webhookReceiver(() => status);
    await using gitlab = await gitlabForTests();
    const iid = await openChange(gitlab);
    const { id } = gitlab.addHook({ url: receiver.url });
    for (const body of ["1", "2", "3", "4"]) {
      await gitlab.comment(iid, body, { as: "dev" });
      await gitlab.webhooksSettled();
    }
    const bot = api(gitlab, "bot");
    expect((await bot("POST", `/projects/:id/hooks/${id}/test/note_events`)).status).toBe(422);
    status = 200;
    expect((await bot("POST", `/projects/:id/hooks/${id}/test/note_events`)).json).toEqual({ message: "201 Created" });
    expect((await bot("GET", `/projects/:id/hooks/${id}`)).json).toMatchObject({
      alert_status: "executable",
      disabled_until: null,
    });
    const [newest] = (await bot("GET", `/projects/:id/hooks/${id}/events`)).json as readonly { id: number }[];
    expect((await bot("POST", `/projects/:id/hooks/${id}/events/${newest?.id}/resend`)).json).toEqual({ response_status: 200 });
    const [last, before] = receiver.received.toReversed();
    expect(last?.headers.get("idempotency-key")).toBe(before?.headers.get("idempotency-key"));
  });

  test("an edited note tells `update`, GitLab's own notes tell nothing, an internal note tells only who asked for those", async () => {
    await using receiver = await webhookReceiver();
    await using gitlab = await gitlabForTests();
    const iid = await openChange(gitlab);
    gitlab.addHook({ url: receiver.url, events: ["note_events"] });
    const note = await gitlab.comment(iid, "first", { as: "dev" });
    await gitlab.webhooksSettled();
    await gitlab.editNote(iid, note ?? 0, "/claim apply", { as: "dev" });
    await gitlab.comment(iid, "between us", { as: "dev", internal: true });
    await gitlab.approve(iid, { as: "mara" });
    await gitlab.webhooksSettled();
    expect(eventNames(receiver.received)).toEqual(["note create", "note update"]);
  });

  test("a push can take approvals back, with a system event", async () => {
    await using receiver = await webhookReceiver();
    await using gitlab = await gitlabForTests({ settings: { resetApprovalsOnPush: true } });
    const iid = await openChange(gitlab);
    await gitlab.approve(iid, { as: "mara" });
    gitlab.addHook({ url: receiver.url, events: ["merge_requests_events"] });
    await gitlab.push({ branch: "feature", as: "dev", files: { "README.md": "# x\n" } });
    await gitlab.webhooksSettled();
    expect(gitlab.mergeRequest(iid).approvals).toEqual([]);
    expect(
      receiver.received.find(({ json }) => json.object_attributes["action"] === "unapproved")?.json.object_attributes,
    ).toMatchObject({
      system: true,
      system_action: "approvals_reset_on_push",
    });
  });
});
