/** What every Forge keeps, held against the sandbox's GitLab with the faults of real networks. */
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { openMirror } from "../../src/adapters/git/mirror.ts";
import { openForge } from "../../src/adapters/gitlab/forge.ts";
import { Stalled, Waiting } from "../../src/core/errors.ts";
import type { Forge } from "../../src/core/ports.ts";
import { Secret } from "../../src/core/secret.ts";
import { startGitlab, type SandboxGitlab } from "../../src/sandbox/gitlab/start-gitlab.ts";
import type { FaultKind } from "../../src/sandbox/faults.ts";
import { temporaryFolder } from "../adapters/git/remote.ts";

const PROJECT = "platform/static-environments";
const MARKER = "<!-- claimbot:plan -->";

interface Scene extends AsyncDisposable {
  readonly gitlab: SandboxGitlab;
  readonly forge: Forge;
  readonly token: string;
  readonly bot: string;
  /** Of a merge request by mara. */
  readonly iid: number;
}

async function scene(options: { readonly deadlineMs?: number } = {}): Promise<Scene> {
  const gitlab = await startGitlab({
    seed: { "platform.yaml": "kind: Platform\n", "environments/dev/shop.yaml": "name: shop\n" },
    users: [{ username: "mara", level: 40 }, { username: "jo", level: 30, groups: { "commerce/shop": 50 } }, { username: "eve" }],
  });
  const { token, user } = gitlab.createBot();
  await gitlab.push({ branch: "add", files: { "environments/dev/new.yaml": "name: new\n" }, as: "mara" });
  const iid = await gitlab.openMergeRequest({ as: "mara", source: "add", labels: ["hold"] });
  const forge = openForge({ url: gitlab.url, token: new Secret(token), project: PROJECT, ...options });
  gitlab.faults.requests.length = 0;
  return { gitlab, forge, token, bot: user.username, iid, [Symbol.asyncDispose]: async () => gitlab[Symbol.asyncDispose]() };
}

const calls = ({ gitlab }: Scene): readonly string[] =>
  gitlab.faults.requests.map(({ method, path }) => `${method} ${path.replace(/\?.*/, "")}`);
const writes = (s: Scene): readonly string[] => calls(s).filter((call) => !call.startsWith("GET"));

async function failureOf(run: Promise<unknown>, token = "no token"): Promise<Error> {
  const error = await run.then(
    () => new Error("did not fail"),
    (error: unknown) => error,
  );
  expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain(token);
  return error as Error;
}

/** What may happen to a write after it was carried out. */
const LOST_ANSWERS: readonly (readonly [string, FaultKind])[] = [
  ["a proxy gives up (502)", { kind: "status-after", status: 502 }],
  ["a proxy gives up (504)", { kind: "status-after", status: 504 }],
  ["the connection is cut", { kind: "cut-after" }],
  ["a page of HTML comes with 200", { kind: "status-after", status: 200 }],
];

describe("reading", () => {
  test("me and the project are asked for once", async () => {
    await using s = await scene();
    for (let round = 0; round < 3; round += 1) {
      expect(await s.forge.me()).toMatchObject({ username: s.bot, bot: true });
      expect(await s.forge.project()).toMatchObject({ path: PROJECT, defaultBranch: "main", id: s.gitlab.project.id });
    }
    expect(calls(s)).toHaveLength(2);
  });

  test("a merge request is what GitLab says of it, and has its merged commit only when it is merged", async () => {
    await using s = await scene();
    const before = await s.forge.mergeRequest(s.iid);
    expect(before).toMatchObject({
      iid: s.iid,
      state: "opened",
      draft: false,
      author: { username: "mara", bot: false },
      sha: await s.gitlab.head("add"),
      sourceBranch: "add",
      targetBranch: "main",
      labels: ["hold"],
      mergedCommit: undefined,
    });
    expect(before.sourceProjectId).toBe(before.targetProjectId);
    await s.gitlab.merge(s.iid, { as: "mara" });
    const after = await s.forge.mergeRequest(s.iid);
    expect(after).toMatchObject({ state: "merged", mergedCommit: await s.gitlab.head() });
    expect(await s.forge.mergeRequestsOf(after.mergedCommit!)).toMatchObject([{ iid: s.iid, state: "merged" }]);
    expect(await s.forge.openMergeRequests()).toEqual([]);
  });

  test("a merge request from a fork has another source project", async () => {
    await using s = await scene();
    const fork = await s.gitlab.fork("eve");
    await s.gitlab.push({ branch: "evil", files: { "platform.yaml": "mine\n" }, as: "eve", project: fork });
    const iid = await s.gitlab.openMergeRequest({ as: "eve", source: "evil", fork });
    const mr = await s.forge.mergeRequest(iid);
    expect(mr.sourceProjectId).toBe(fork.id);
    expect(mr.targetProjectId).toBe(s.gitlab.project.id);
  });

  test("a merge request that is not there stalls", async () => {
    await using s = await scene();
    await expect(s.forge.mergeRequest(999)).rejects.toThrow(Stalled);
  });

  test("open merge requests are read to the last page", async () => {
    await using s = await scene();
    const fork = await s.gitlab.fork("mara");
    await s.gitlab.push({ branch: "b", files: { x: "x" }, as: "mara", project: fork });
    for (let index = 0; index < 100; index += 1) {
      await s.gitlab.project.repository.updateRef(`refs/heads/b${index}`, await s.gitlab.head("add"));
      await s.gitlab.openMergeRequest({ as: "mara", source: `b${index}` });
    }
    s.gitlab.faults.requests.length = 0;
    const open = await s.forge.openMergeRequests();
    expect(new Set(open.map(({ iid }) => iid)).size).toBe(101);
    expect(calls(s)).toHaveLength(2);
  });

  test("versions tell when each head was pushed, newest first", async () => {
    await using s = await scene();
    const first = s.gitlab.headOf(s.iid);
    const second = await s.gitlab.push({ branch: "add", files: { "environments/dev/new.yaml": "2\n" }, as: "jo" });
    const versions = await s.forge.versions(s.iid);
    expect(versions.map(({ headSha }) => headSha)).toEqual([second, first]);
    for (const { createdAt } of versions) expect(createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  test("approvals tell who and when", async () => {
    await using s = await scene();
    expect(await s.forge.approvals(s.iid)).toEqual([]);
    await s.gitlab.approve(s.iid, { as: "jo" });
    expect(await s.forge.approvals(s.iid)).toMatchObject([{ user: { username: "jo" }, at: expect.stringMatching(/Z$/) }]);
    await s.gitlab.unapprove(s.iid, { as: "jo" });
    expect(await s.forge.approvals(s.iid)).toEqual([]);
  });

  test("approvals and label events tell bots from people, whatever a service account is called; a person's page is read once", async () => {
    await using s = await scene();
    s.gitlab.createUser("release-approver", { bot: true, level: 40 });
    for (const as of ["release-approver", "jo"]) await s.gitlab.approve(s.iid, { as });
    await s.gitlab.edit(s.iid, { addLabels: ["claimbot::hold"] }, { as: "release-approver" });
    const told = async (): Promise<unknown> =>
      [...(await s.forge.approvals(s.iid)), ...(await s.forge.labelEvents(s.iid))].map(({ user }) => [user.username, user.bot]);
    expect(await told()).toEqual(
      expect.arrayContaining([
        ["release-approver", true],
        ["jo", false],
      ]),
    );
    const pages = (): number => s.gitlab.faults.requests.filter(({ path }) => /\/users\/\d+$/.test(path)).length;
    const read = pages();
    await told();
    expect([read > 0, pages()]).toEqual([true, read]);
  });

  test("label events tell who put which label on and took which off, oldest first, to the last page", async () => {
    await using s = await scene();
    await s.gitlab.edit(s.iid, { addLabels: ["claimbot::hold"] }, { as: "jo" });
    await s.gitlab.comment(s.iid, "fine\n/unlabel ~hold", { as: "mara" });
    await s.forge.editLabels(s.iid, { remove: ["claimbot::hold", "never there"] });
    const told = async (): Promise<readonly string[]> =>
      (await s.forge.labelEvents(s.iid)).map(({ user, label, action }) => `${user.username} ${action} ${label}`);
    expect(await told()).toEqual([
      "mara add hold",
      "jo add claimbot::hold",
      "mara remove hold",
      `${s.bot} remove claimbot::hold`,
    ]);
    for (let round = 0; round < 60; round += 1) {
      await s.gitlab.edit(s.iid, { addLabels: ["busy"] }, { as: "jo" });
      await s.gitlab.edit(s.iid, { removeLabels: ["busy"] }, { as: "jo" });
    }
    expect(await told()).toHaveLength(124);
  });

  test("a label that was deleted has no name in its events, and that it went is no event", async () => {
    await using s = await scene();
    s.gitlab.deleteLabel("hold");
    expect((await s.forge.mergeRequest(s.iid)).labels).toEqual([]);
    expect(await s.forge.labelEvents(s.iid)).toMatchObject([{ user: { username: "mara" }, label: undefined, action: "add" }]);
  });

  test("levels are those of the project and its groups; a stranger has none", async () => {
    await using s = await scene();
    const id = (name: string): number => s.gitlab.user(name).id;
    expect(await s.forge.accessLevel(id("mara"))).toBe(40);
    expect(await s.forge.accessLevel(id("root"))).toBe(50);
    expect(await s.forge.accessLevel(id("eve"))).toBe(0);
    expect(await s.forge.accessLevel(99_999)).toBe(0);
    s.gitlab.addGroupMember("commerce/shop", s.bot, 20);
    expect(await s.forge.groupAccessLevel("commerce/shop", id("jo"))).toBe(50);
    expect(await s.forge.groupAccessLevel("commerce/shop", id("mara"))).toBe(0);
    expect(await s.forge.groupAccessLevel("no/such", id("mara"))).toBe(0);
  });

  test("a level that cannot be read is not 'none'", async () => {
    await using s = await scene();
    const forge = openForge({ url: s.gitlab.url, token: new Secret(s.token), project: "platform/other" });
    await expect(forge.accessLevel(1)).rejects.toThrow(Stalled);
  });

  test.each([502, 503])("is tried again after %i", async (status) => {
    await using s = await scene();
    s.gitlab.faults.add({ path: /merge_requests/, fault: { kind: "status", status, html: true } });
    expect((await s.forge.mergeRequest(s.iid)).iid).toBe(s.iid);
  });

  test("is tried again after a cut connection", async () => {
    await using s = await scene();
    s.gitlab.faults.add({ path: /merge_requests/, fault: { kind: "cut-before" } });
    expect((await s.forge.mergeRequest(s.iid)).iid).toBe(s.iid);
  });

  test("waits as long as GitLab asks for, and calls once", async () => {
    await using s = await scene();
    s.gitlab.faults.add({ path: /./, fault: { kind: "status", status: 429, retryAfterSeconds: 42 }, times: 9 });
    const error = await failureOf(s.forge.mergeRequest(s.iid), s.token);
    expect(error).toBeInstanceOf(Waiting);
    expect(error).toMatchObject({ retryAfterMs: 42_000 });
    expect(calls(s)).toHaveLength(1);
  });

  test("gives up after its deadline", async () => {
    await using s = await scene({ deadlineMs: 40 });
    s.gitlab.faults.add({ path: /./, fault: { kind: "slow", ms: 2_000 }, times: 9 });
    expect(await failureOf(s.forge.me(), s.token)).toBeInstanceOf(Waiting);
  });

  test("a page of HTML in its place stalls", async () => {
    await using s = await scene();
    s.gitlab.faults.add({ path: /./, fault: { kind: "status", status: 200, html: true } });
    const error = await failureOf(s.forge.mergeRequest(s.iid), s.token);
    expect(error).toBeInstanceOf(Stalled);
    expect(error.message).toContain("not JSON");
  });

  test("a token that was revoked stalls with a way out", async () => {
    await using s = await scene();
    s.gitlab.revokeToken(s.token);
    const error = await failureOf(s.forge.project(), s.token);
    expect(error).toBeInstanceOf(Stalled);
    expect((error as Stalled).wayOut).toContain("CLAIMBOT_GITLAB_TOKEN");
  });
});

describe("notes", () => {
  test("of others come with what is known of their author; one that is not there is undefined", async () => {
    await using s = await scene();
    const id = await s.gitlab.comment(s.iid, "/claim plan", { as: "mara" });
    expect(await s.forge.note(s.iid, id!)).toMatchObject({
      id,
      body: "/claim plan",
      system: false,
      author: { username: "mara", bot: false },
    });
    expect(await s.forge.note(s.iid, 99_999)).toBeUndefined();
  });

  test("are counted and read to the last page with their threads: ours too, but neither GitLab's own nor confidential ones", async () => {
    await using s = await scene();
    const early = await s.gitlab.comment(s.iid, "early", { as: "jo" });
    for (let index = 0; index < 220; index += 1) await s.gitlab.comment(s.iid, `${index}`, { as: "mara" });
    const [first, ...later] = s.gitlab.discussions(s.iid).filter(({ notes }) => notes[0]?.system === false);
    await s.gitlab.edit(s.iid, { addLabels: ["busy"] }, { as: "jo" });
    const path = `/api/v4/projects/${s.gitlab.project.id}/merge_requests/${s.iid}/notes`;
    const form = new URLSearchParams({ body: "/claim hold", internal: "true" });
    await fetch(s.gitlab.url + path, { method: "POST", headers: { "private-token": s.token }, body: form });
    await s.forge.reply(s.iid, first!.id, `${MARKER}\nours`, MARKER);
    const said = s.gitlab.notes(s.iid);
    expect((await s.forge.openMergeRequests()).map(({ noteCount }) => noteCount)).toEqual([said.length]);
    s.gitlab.faults.requests.length = 0;

    const comments = await s.forge.commentsSince(s.iid, early!);
    expect(calls(s)).toHaveLength(3);
    expect(comments.map(({ id }) => id)).toEqual(
      said.flatMap(({ id, internal }) => (id > early! && !internal ? id : [])).toSorted((a, b) => a - b),
    );
    expect(comments[0]).toMatchObject({ body: "0", discussionId: later[0]?.id, author: { username: "mara" }, system: false });
    expect(comments.at(-1)).toMatchObject({ body: `${MARKER}\nours`, discussionId: first?.id, author: { username: s.bot } });
  });

  test("our own newest with the marker is found on the last page; others' with the same marker are not ours", async () => {
    await using s = await scene();
    const own = await s.forge.createNote(s.iid, `${MARKER}\nplan`, MARKER);
    for (let index = 0; index < 220; index += 1) await s.gitlab.comment(s.iid, `${MARKER} ${index}`, { as: "mara" });
    s.gitlab.faults.requests.length = 0;
    expect(await s.forge.findOwnNote(s.iid, MARKER)).toMatchObject({ id: own.id });
    expect(calls(s).length).toBeGreaterThanOrEqual(3);
    expect(await s.forge.findOwnNote(s.iid, "<!-- claimbot:other -->")).toBeUndefined();
  });

  test.each(LOST_ANSWERS)("one is written once when %s", async (_, fault) => {
    await using s = await scene();
    s.gitlab.faults.add({ method: "POST", path: /\/notes/, fault });
    const note = await s.forge.createNote(s.iid, `${MARKER}\nplan`, MARKER);
    expect(s.gitlab.notes(s.iid, { by: s.bot }).map(({ id }) => id)).toEqual([note.id]);
  });

  test.each([
    ["a 502 before anything happened", { kind: "status", status: 502, html: true }],
    ["a 429", { kind: "status", status: 429, retryAfterSeconds: 3 }],
    ["a connection cut before anything happened", { kind: "cut-before" }],
  ] as const)("after %s the job comes back, and then there is one", async (_, fault) => {
    await using s = await scene();
    s.gitlab.faults.add({ method: "POST", path: /\/notes/, fault });
    expect(await failureOf(s.forge.createNote(s.iid, `${MARKER}\nplan`, MARKER), s.token)).toBeInstanceOf(Waiting);
    expect(await s.forge.findOwnNote(s.iid, MARKER)).toBeUndefined();
    await s.forge.createNote(s.iid, `${MARKER}\nplan`, MARKER);
    expect(s.gitlab.notes(s.iid, { by: s.bot })).toHaveLength(1);
  });

  test.each(LOST_ANSWERS)("an edit holds when %s", async (_, fault) => {
    await using s = await scene();
    const { id } = await s.forge.createNote(s.iid, `${MARKER}\nplan`, MARKER);
    s.gitlab.faults.add({ method: "PUT", path: /\/notes/, fault });
    await s.forge.editNote(s.iid, id, `${MARKER}\nnew plan`).catch((error: unknown) => expect(error).toBeInstanceOf(Waiting));
    expect(s.gitlab.note(s.iid, id).body).toContain("new plan");
  });

  test("an answer goes into the thread, once, however often the job runs", async () => {
    await using s = await scene();
    const id = await s.gitlab.comment(s.iid, "/claim plan", { as: "mara" });
    const thread = s.gitlab.discussions(s.iid).find(({ notes }) => notes.some((note) => note.id === id));
    const marker = `<!-- claimbot:answer:${id} -->`;
    for (const [, fault] of LOST_ANSWERS) {
      s.gitlab.faults.add({ method: "POST", path: /\/discussions/, fault });
      await s.forge.reply(s.iid, thread!.id, `${marker}\nDone.`, marker);
    }
    expect(thread!.notes.filter(({ author }) => author.username === s.bot)).toHaveLength(1);
  });

  test("an emoji that is there already is fine", async () => {
    await using s = await scene();
    const id = await s.gitlab.comment(s.iid, "/claim plan", { as: "mara" });
    s.gitlab.faults.add({ method: "POST", path: /award_emoji/, fault: { kind: "cut-after" } });
    await s.forge.react(s.iid, id!, "eyes");
    await s.forge.react(s.iid, id!, "eyes");
    await s.forge.react(s.iid, id!, "white_check_mark");
    expect(s.gitlab.reactions(s.iid, id!)).toEqual([`${s.bot}:eyes`, `${s.bot}:white_check_mark`]);
  });

  test("with a quick action at the start of a line never leave", async () => {
    await using s = await scene();
    const { id } = await s.forge.createNote(s.iid, `${MARKER}\nplan`, MARKER);
    s.gitlab.faults.requests.length = 0;
    const body = `${MARKER}\nname\n/merge\n`;
    await expect(s.forge.createNote(s.iid, body, MARKER)).rejects.toThrow("bug");
    await expect(s.forge.editNote(s.iid, id, body)).rejects.toThrow("bug");
    await expect(s.forge.reply(s.iid, "d", body, MARKER)).rejects.toThrow("bug");
    expect(writes(s)).toEqual([]);
    expect(s.gitlab.quickActionsRun).toEqual([]);
  });
});

describe("statuses", () => {
  test("go from running to success, and saying the same again is fine", async () => {
    await using s = await scene();
    const { sha } = await s.forge.mergeRequest(s.iid);
    const set = async (state: "pending" | "running" | "success"): Promise<unknown> =>
      s.forge.setStatus(sha!, "add", { name: "claimbot/plan", state, description: "x" });
    for (const state of ["pending", "pending", "running", "running", "success"] as const) await set(state);
    expect(s.gitlab.statuses(s.iid)).toMatchObject([{ name: "claimbot/plan", state: "success" }]);
  });

  test.each(LOST_ANSWERS)("arrive when %s", async (_, fault) => {
    await using s = await scene();
    const { sha } = await s.forge.mergeRequest(s.iid);
    s.gitlab.faults.add({ method: "POST", path: /\/statuses\//, fault });
    await s.forge.setStatus(sha!, "add", { name: "claimbot/plan", state: "running", description: "x" }).catch(() => undefined);
    expect(s.gitlab.statuses(s.iid)).toMatchObject([{ state: "running" }]);
  });

  test("go into the pipeline that is named, and by the branch where it is full or gone; the answer tells which", async () => {
    await using s = await scene();
    const sha = (await s.forge.mergeRequest(s.iid)).sha ?? "";
    const set = async (state: "running" | "success", pipelineId?: number): Promise<number | undefined> =>
      s.forge.setStatus(sha, "add", {
        name: "claimbot/plan",
        state,
        description: state,
        ...(pipelineId !== undefined && { pipelineId }),
      });
    const first = await set("running");
    expect(first).toBe((await s.forge.mergeRequest(s.iid)).headPipeline);
    expect(await set("success", first)).toBe(first);
    const second = await s.gitlab.startPipeline(sha, "refs/merge-requests/1/head");
    expect((await s.forge.mergeRequest(s.iid)).headPipeline).toBe(second);
    expect(await set("success", second)).toBe(second);
    expect((await s.forge.statuses(sha)).map(({ pipelineId, state, author }) => [pipelineId, state, author.username])).toEqual([
      [first, "success", s.bot],
      [second, "success", s.bot],
    ]);
    expect(await set("success", 99_999)).toBe(first);
    s.gitlab.world.jobsPerPipeline = 2;
    expect(await set("success", first)).toBe(first);
  });

  test("of a commit that GitLab does not have are none", async () => {
    await using s = await scene();
    expect(await s.forge.statuses("0123456789012345678901234567890123456789")).toEqual([]);
  });

  test("are set again while GitLab is busy with another (409)", async () => {
    await using s = await scene();
    const { sha } = await s.forge.mergeRequest(s.iid);
    s.gitlab.faults.add({ method: "POST", path: /\/statuses\//, fault: { kind: "status", status: 409 }, times: 2 });
    await s.forge.setStatus(sha!, "add", { name: "claimbot/plan", state: "failed", description: "x" });
    expect(s.gitlab.statuses(s.iid)).toMatchObject([{ state: "failed" }]);
  });

  test("are cut to what GitLab takes, between characters; a link that is too long is left out", async () => {
    await using s = await scene();
    const { sha } = await s.forge.mergeRequest(s.iid);
    const targetUrl = `https://claimbot.example.org/${"x".repeat(300)}`;
    await s.forge.setStatus(sha!, "add", { name: "claimbot/plan", state: "success", description: "🟢".repeat(300), targetUrl });
    const [status] = s.gitlab.statuses(s.iid);
    expect(status!.description).toMatch(/^(🟢){127}…$/u);
    expect(status!.targetUrl).toBeNull();
  });
});

describe("environments and deployments", () => {
  const shop = {
    name: "shop-dev",
    tier: "development",
    externalUrl: "https://shop.dev.example.org",
    description: "mark 1",
  } as const;

  test("are made, changed, stopped and made again; each step twice", async () => {
    await using s = await scene();
    const commit = await s.gitlab.head();
    expect(await s.forge.environment("shop-dev")).toBeUndefined();
    for (let twice = 0; twice < 2; twice += 1) await s.forge.saveEnvironment(shop);
    expect(await s.forge.environment("shop-dev")).toEqual({ ...shop, state: "available" });
    for (let twice = 0; twice < 2; twice += 1) await s.forge.deploy("shop-dev", commit, "main");
    expect(s.gitlab.deployments("shop-dev")).toMatchObject([{ sha: commit, state: "success" }]);
    await s.forge.saveEnvironment({ ...shop, externalUrl: undefined, description: "mark 2" });
    expect(await s.forge.environment("shop-dev")).toMatchObject({ externalUrl: undefined, description: "mark 2" });
    for (let twice = 0; twice < 2; twice += 1) await s.forge.stopEnvironment("shop-dev");
    expect(await s.forge.environment("shop-dev")).toMatchObject({ state: "stopped" });
    await s.forge.deploy("shop-dev", commit, "main");
    expect(await s.forge.environment("shop-dev")).toMatchObject({ state: "available" });
    await s.forge.stopEnvironment("never-there");
  });

  test("a newer commit is another deployment", async () => {
    await using s = await scene();
    await s.forge.saveEnvironment(shop);
    await s.forge.deploy("shop-dev", await s.gitlab.head(), "main");
    const next = await s.gitlab.push({ branch: "main", files: { x: "x" }, as: "root" });
    await s.forge.deploy("shop-dev", next, "main");
    expect(s.gitlab.deployments("shop-dev").map(({ state }) => state)).toEqual(["success", "success"]);
  });

  test.each(LOST_ANSWERS)("are written once when %s", async (_, fault) => {
    await using s = await scene();
    const commit = await s.gitlab.head();
    const steps: readonly (readonly [RegExp, () => Promise<unknown>])[] = [
      [/\/environments$/, async () => s.forge.saveEnvironment(shop)],
      [/\/deployments$/, async () => s.forge.deploy("shop-dev", commit, "main")],
      [/\/stop$/, async () => s.forge.stopEnvironment("shop-dev")],
    ];
    for (const [path, step] of steps) {
      s.gitlab.faults.add({ method: "POST", path, fault });
      // An uncertain write may end as Waiting; the next run finds it done.
      await step().catch((error: unknown) => expect(error).toBeInstanceOf(Waiting));
      await step();
    }
    expect(s.gitlab.environments()).toMatchObject([{ name: "shop-dev", state: "stopped" }]);
    expect(s.gitlab.deployments("shop-dev")).toHaveLength(1);
  });
});

describe("the whole", () => {
  test("a push is a plan with five calls", async () => {
    await using s = await scene();
    await s.forge.me();
    await s.forge.project();
    s.gitlab.faults.requests.length = 0;
    const mr = await s.forge.mergeRequest(s.iid);
    await s.forge.versions(s.iid);
    await s.forge.findOwnNote(s.iid, MARKER);
    await s.forge.createNote(s.iid, `${MARKER}\nplan`, MARKER);
    await s.forge.setStatus(mr.sha!, mr.sourceBranch, { name: "claimbot/plan", state: "success", description: "planned" });
    expect(calls(s)).toHaveLength(5);
    expect(s.gitlab.unexpected).toEqual([]);
  });

  test("the mirror fetches a merge request's head and the target with the token", async () => {
    await using s = await scene();
    await using folder = temporaryFolder();
    const mirror = await openMirror({ directory: `${folder.path}/m`, url: s.gitlab.gitUrl, token: new Secret(s.token) });
    const refs = [`refs/merge-requests/${s.iid}/head`, "refs/heads/main", "refs/heads/none"];
    expect(await mirror.fetch(refs)).toEqual([s.gitlab.headOf(s.iid), await s.gitlab.head(), undefined]);
    const wrong = await openMirror({ directory: `${folder.path}/w`, url: s.gitlab.gitUrl, token: new Secret("glpat-wrong") });
    expect(await failureOf(wrong.fetch(refs), "glpat-wrong")).toBeInstanceOf(Stalled);
  });
});
