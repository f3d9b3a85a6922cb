import { describe, expect, test, vi } from "vitest";
import { api, git, gitlabForTests, openChange } from "./support.ts";

const CLAIM = "environments/dev/shop.yaml";

describe("who may ask", () => {
  test("nobody without a known, living token", async () => {
    await using gitlab = await gitlabForTests({ now: () => new Date("2026-11-24T10:00:00Z") });
    const ask = async (headers: Record<string, string>): Promise<[number, unknown]> => {
      const response = await fetch(`${gitlab.url}/api/v4/user`, { headers });
      return [response.status, await response.json()];
    };
    const token = gitlab.createToken("dev");
    const revoked = gitlab.createToken("dev");
    gitlab.revokeToken(revoked);
    const expired = gitlab.createToken("dev", { expiresOn: "2026-11-24" });
    expect(await ask({})).toEqual([401, { message: "401 Unauthorized" }]);
    expect(await ask({ "private-token": "wrong" })).toEqual([401, { message: "401 Unauthorized" }]);
    expect(await ask({ "private-token": revoked })).toMatchObject([401, { error: "invalid_token" }]);
    expect(await ask({ "private-token": expired })).toMatchObject([401, { error: "invalid_token" }]);
    expect(await ask({ "private-token": token })).toMatchObject([200, { username: "dev", bot: false }]);
    expect(await ask({ authorization: `Bearer ${token}` })).toMatchObject([200, { username: "dev" }]);
  });

  test("a token that may only read writes nothing", async () => {
    await using gitlab = await gitlabForTests();
    const iid = await openChange(gitlab);
    const token = gitlab.createToken("mara", { scopes: ["read_api"] });
    const response = await fetch(`${gitlab.url}/api/v4/projects/${gitlab.project.id}/merge_requests/${iid}/notes`, {
      method: "POST",
      headers: { "private-token": token },
      body: new URLSearchParams({ body: "Hello" }),
    });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ error: "insufficient_scope", scope: "api" });
    expect(gitlab.notes(iid)).toEqual([]);
  });

  test("a private group hides its members from who is not in it", async () => {
    await using gitlab = await gitlabForTests();
    gitlab.createGroup("commerce/secret", { visibility: "private" });
    gitlab.addGroupMember("commerce/secret", "mara", 50);
    const path = `/groups/commerce%2Fsecret/members/all/${gitlab.user("mara").id}`;
    expect((await api(gitlab, "bot")("GET", path)).json).toEqual({ message: "404 Group Not Found" });
    expect((await api(gitlab, "mara")("GET", path)).json).toMatchObject({ access_level: 50 });
  });

  test("membership is inherited from the groups above, and the highest counts", async () => {
    await using gitlab = await gitlabForTests();
    gitlab.addGroupMember("platform", "out", 30);
    gitlab.addGroupMember("platform", "gus", 40);
    gitlab.addGroupMember("commerce", "out", 40);
    const bot = api(gitlab, "bot");
    const level = async (path: string): Promise<unknown> =>
      ((await bot("GET", path)).json as { access_level: number }).access_level;
    expect(await level(`/projects/:id/members/all/${gitlab.user("out").id}`)).toBe(30);
    expect(await level(`/projects/:id/members/all/${gitlab.user("gus").id}`)).toBe(40);
    expect(await level(`/groups/commerce%2Fpayments/members/all/${gitlab.user("out").id}`)).toBe(40);
  });

  test("a route that is not there is 404 and remembered", async () => {
    await using gitlab = await gitlabForTests();
    const answer = await api(gitlab, "bot")("GET", "/projects/:id/issues?state=opened");
    expect([answer.status, answer.json]).toEqual([404, { error: "404 Not Found" }]);
    expect(gitlab.unexpected).toEqual([`GET /api/v4/projects/${gitlab.project.id}/issues?state=opened`]);
  });
});

describe("lists", () => {
  test("come in pages of 20, at most 100, with the headers that lead on", async () => {
    await using gitlab = await gitlabForTests();
    const iid = await openChange(gitlab);
    for (let count = 1; count <= 45; count++) await gitlab.comment(iid, `note ${count}`, { as: "dev" });
    const bot = api(gitlab, "bot");
    const list = `/projects/:id/merge_requests/${iid}/notes?sort=asc`;
    const second = await bot("GET", `${list}&page=2`);
    expect(second.json).toHaveLength(20);
    expect(Object.fromEntries(second.headers)).toMatchObject({
      "x-page": "2",
      "x-per-page": "20",
      "x-next-page": "3",
      "x-prev-page": "1",
      "x-total": "45",
      "x-total-pages": "3",
    });
    expect(second.headers.get("link")).toContain('page=3&per_page=20>; rel="next"');
    const third = await bot("GET", `${list}&page=3`);
    expect((third.json as { body: string }[]).map(({ body }) => body)).toEqual([
      "note 41",
      "note 42",
      "note 43",
      "note 44",
      "note 45",
    ]);
    expect(third.headers.get("x-next-page")).toBe("");
    expect((await bot("GET", `${list}&per_page=500`)).headers.get("x-per-page")).toBe("100");
    expect((await bot("GET", `${list}&page=x`)).status).toBe(400);
  });

  test("trees go on by keyset", async () => {
    await using gitlab = await gitlabForTests();
    const bot = api(gitlab, "bot");
    const paths: string[] = [];
    let path: string | undefined = "/projects/:id/repository/tree?recursive=true&pagination=keyset&per_page=2";
    while (path !== undefined) {
      const answer = await bot("GET", path);
      paths.push(...(answer.json as { path: string }[]).map((entry) => entry.path));
      path = /^<.*?\/api\/v4(.*?)>; rel="next"$/.exec(answer.headers.get("link") ?? "")?.[1];
    }
    expect(paths).toEqual([
      "README.md",
      "environments",
      "environments/dev",
      CLAIM,
      "environments/prod",
      "environments/prod/payments.yaml",
    ]);
  });
});

describe("merge requests", () => {
  test("are not prepared yet when they are opened", async () => {
    await using gitlab = await gitlabForTests();
    await gitlab.push({ branch: "feature", as: "dev", files: { "README.md": "# x\n" } });
    gitlab.world.holdPreparation = true;
    const dev = api(gitlab, "dev");
    const opened = await dev("POST", "/projects/:id/merge_requests", {
      source_branch: "feature",
      target_branch: "main",
      title: "X",
    });
    expect(opened.json).toMatchObject({
      prepared_at: null,
      changes_count: null,
      detailed_merge_status: "preparing",
      merge_status: "checking",
    });
    expect((await dev("GET", "/projects/:id/merge_requests/1/diffs")).json).toEqual([]);
    await gitlab.finishPreparation(1);
    expect((await dev("GET", "/projects/:id/merge_requests/1")).json).toMatchObject({
      changes_count: "1",
      detailed_merge_status: "mergeable",
    });
  });

  test("get a version with each push and each change of the target", async () => {
    await using gitlab = await gitlabForTests();
    const iid = await openChange(gitlab);
    await gitlab.push({ branch: "release", as: "mara", files: { "README.md": "# release\n" } });
    const target = await gitlab.head("refs/heads/release");
    const first = gitlab.headOf(iid);
    await gitlab.push({ branch: "feature", as: "dev", files: { "README.md": "# again\n" } });
    const dev = api(gitlab, "dev");
    await dev("PUT", `/projects/:id/merge_requests/${iid}`, { target_branch: "release" });
    const versions = (await dev("GET", `/projects/:id/merge_requests/${iid}/versions`)).json as Record<string, string>[];
    expect(versions.map((version) => version["head_commit_sha"])).toEqual([gitlab.headOf(iid), gitlab.headOf(iid), first]);
    expect(versions[0]?.["start_commit_sha"]).toBe(target);
    expect((await dev("PUT", `/projects/:id/merge_requests/${iid}`, { target_branch: "nowhere" })).status).toBe(400);
  });

  test.each<[string, (gitlab: Awaited<ReturnType<typeof gitlabForTests>>, iid: number) => Promise<unknown>, string, number]>([
    ["a draft", async (gitlab, iid) => gitlab.edit(iid, { title: "Draft: x" }, { as: "dev" }), "draft_status", 405],
    ["a closed one", async (gitlab, iid) => gitlab.close(iid, { as: "dev" }), "not_open", 405],
    ["one without its branch", async (gitlab) => gitlab.deleteBranch("feature", { as: "dev" }), "broken_status", 405],
    [
      "one in conflict",
      async (gitlab) => gitlab.push({ branch: "main", as: "mara", files: { [CLAIM]: "something: else\n" } }),
      "conflict",
      422,
    ],
  ])("%s is not merged", async (_, spoil, status, answer) => {
    await using gitlab = await gitlabForTests();
    const iid = await openChange(gitlab);
    await spoil(gitlab, iid);
    const before = await gitlab.head();
    const mara = api(gitlab, "mara");
    expect((await mara("GET", `/projects/:id/merge_requests/${iid}`)).json).toMatchObject({ detailed_merge_status: status });
    expect((await mara("PUT", `/projects/:id/merge_requests/${iid}/merge`)).status).toBe(answer);
    expect(await gitlab.head()).toBe(before);
  });

  test("are merged by a merge commit of the one who merged, and only at the head that was meant", async () => {
    await using gitlab = await gitlabForTests();
    const iid = await openChange(gitlab);
    const main = await gitlab.head();
    const head = gitlab.headOf(iid);
    await gitlab.push({ branch: "feature", as: "dev", files: { "README.md": "# later\n" } });
    const mara = api(gitlab, "mara");
    const stale = await mara("PUT", `/projects/:id/merge_requests/${iid}/merge`, { sha: head });
    expect([stale.status, stale.json]).toEqual([
      409,
      { message: `SHA does not match HEAD of source branch: ${gitlab.headOf(iid)}` },
    ]);
    const merged = await mara("PUT", `/projects/:id/merge_requests/${iid}/merge`, {
      sha: gitlab.headOf(iid),
      should_remove_source_branch: true,
    });
    const { path } = gitlab.project.repository;
    expect(merged.json).toMatchObject({
      state: "merged",
      merge_commit_sha: await gitlab.head(),
      merge_user: { username: "mara" },
    });
    expect(await git(path, "log", "-1", "--format=%P|%an|%s", "main")).toBe(
      `${main} ${gitlab.headOf(iid)}|Mara|Merge branch 'feature' into 'main'`,
    );
    expect(await gitlab.project.repository.branchHead("feature")).toBeUndefined();
    expect(await gitlab.mergeRequestRef(iid)).toBe(gitlab.headOf(iid));
    const found = await mara("GET", `/projects/:id/repository/commits/${await gitlab.head()}/merge_requests?state=merged`);
    expect(found.json).toMatchObject([{ iid }]);
  });

  test("are called approved with nobody's approval, and keep approvals of an older head", async () => {
    await using gitlab = await gitlabForTests({ now: () => new Date("2026-11-24T10:00:00Z") });
    const iid = await openChange(gitlab);
    const bot = api(gitlab, "bot");
    const approvals = async (): Promise<unknown> => (await bot("GET", `/projects/:id/merge_requests/${iid}/approvals`)).json;
    expect(await approvals()).toMatchObject({ approved: true, approved_by: [] });
    await gitlab.approve(iid, { as: "dev" });
    await gitlab.push({ branch: "feature", as: "dev", files: { "README.md": "# x\n" } });
    expect(await approvals()).toMatchObject({
      approved_by: [{ user: { username: "dev" }, approved_at: "2026-11-24T10:00:00.000Z" }],
    });
  });
});

describe("notes and threads", () => {
  test("a note has a million characters at most, and 300 a minute for each user", async () => {
    let now = new Date("2026-11-24T10:00:00Z");
    await using gitlab = await gitlabForTests({ now: () => now });
    const iid = await openChange(gitlab);
    const bot = api(gitlab, "bot");
    const notes = `/projects/:id/merge_requests/${iid}/notes`;
    expect((await bot("POST", notes, { body: "x".repeat(1_000_000) })).status).toBe(201);
    expect((await bot("POST", notes, { body: "x".repeat(1_000_001) })).json).toMatchObject({ message: /is too long/ });
    for (let count = 3; count <= 300; count++) await bot("POST", notes, { body: "more" });
    const limited = await bot("POST", notes, { body: "too many" });
    expect([limited.status, limited.json]).toEqual([
      429,
      { message: { error: "This endpoint has been requested too many times. Try again later." } },
    ]);
    now = new Date("2026-11-24T10:01:01Z");
    expect((await bot("POST", notes, { body: "again" })).status).toBe(201);
  });

  test.each<[string, { old_line?: number; new_line?: number; old_path?: string }, number]>([
    ["an added line by its new number", { new_line: 5 }, 201],
    ["an unchanged line by both numbers", { old_line: 4, new_line: 4 }, 201],
    ["an unchanged line by one number", { new_line: 4 }, 400],
    ["an added line by both numbers", { old_line: 5, new_line: 5 }, 400],
    ["a line outside of the diff", { new_line: 50 }, 400],
    ["a line without its old path", { new_line: 5, old_path: "" }, 400],
  ])("a comment on %s", async (_, place, status) => {
    await using gitlab = await gitlabForTests();
    const iid = await openChange(gitlab);
    const form = new FormData();
    form.set("body", "Here");
    const position = { ...gitlab.diffRefs(iid), position_type: "text", old_path: CLAIM, new_path: CLAIM, ...place };
    for (const [name, value] of Object.entries(position)) form.set(`position[${name}]`, String(value));
    const answer = await api(gitlab, "bot")("POST", `/projects/:id/merge_requests/${iid}/discussions`, form);
    expect(answer.status).toBe(status);
    if (status === 400) {
      expect(answer.json).toEqual({
        message: '400 Bad request - Note {:line_code=>["can\'t be blank", "must be a valid line code"]}',
      });
    } else {
      expect(answer.json).toMatchObject({
        individual_note: false,
        notes: [{ type: "DiffNote", position: { new_line: place.new_line } }],
      });
    }
  });

  test("an answer turns a comment into a thread that can be resolved", async () => {
    await using gitlab = await gitlabForTests();
    const iid = await openChange(gitlab);
    await gitlab.comment(iid, "/claim plan", { as: "dev" });
    const bot = api(gitlab, "bot");
    const discussions = `/projects/:id/merge_requests/${iid}/discussions`;
    const [first] = (await bot("GET", discussions)).json as { id: string; individual_note: boolean }[];
    expect(first?.individual_note).toBe(true);
    await bot("POST", `${discussions}/${first?.id}/notes`, { body: "Done" });
    expect((await bot("PUT", `${discussions}/${first?.id}?resolved=true`, {})).json).toMatchObject({
      individual_note: false,
      notes: [
        { body: "/claim plan", type: "DiscussionNote", resolved: true },
        { body: "Done", resolved: true, resolved_by: { username: "bot" } },
      ],
    });
  });

  test("GitLab's own notes are in the list, and nobody can edit or answer them", async () => {
    await using gitlab = await gitlabForTests();
    const iid = await openChange(gitlab);
    await gitlab.approve(iid, { as: "mara" });
    const bot = api(gitlab, "bot");
    const notes = `/projects/:id/merge_requests/${iid}/notes`;
    const [note] = (await bot("GET", notes)).json as { id: number; system: boolean; body: string }[];
    expect(note).toMatchObject({ system: true, body: "approved this merge request" });
    expect((await bot("PUT", `${notes}/${note?.id}`, { body: "x" })).status).toBe(403);
    const [discussion] = (await bot("GET", `/projects/:id/merge_requests/${iid}/discussions`)).json as { id: string }[];
    expect(
      (await bot("POST", `/projects/:id/merge_requests/${iid}/discussions/${discussion?.id}/notes`, { body: "x" })).status,
    ).toBe(400);
  });

  test("a reaction moves the time at which a note changed, like an edit", async () => {
    await using gitlab = await gitlabForTests();
    const iid = await openChange(gitlab);
    const note = (await gitlab.comment(iid, "/claim plan", { as: "dev" })) ?? 0;
    const { createdAt } = gitlab.note(iid, note);
    await vi.waitUntil(() => Date.now() > createdAt.getTime());
    await gitlab.react(iid, note, "eyes", { as: "dev" });
    expect(gitlab.note(iid, note).updatedAt.getTime()).toBeGreaterThan(createdAt.getTime());
  });

  test("the same reaction of one user is refused the second time, with GitLab's odd answer", async () => {
    await using gitlab = await gitlabForTests();
    const iid = await openChange(gitlab);
    const note = await gitlab.comment(iid, "/claim plan", { as: "dev" });
    const bot = api(gitlab, "bot");
    const award = async (name: string): Promise<unknown> =>
      (await bot("POST", `/projects/:id/merge_requests/${iid}/notes/${note}/award_emoji`, { name })).json;
    await award("eyes");
    expect(await award("eyes")).toEqual({ message: "404 Award Emoji Name has already been taken Not Found" });
    expect(await award("no such emoji")).toMatchObject({ message: /^404 / });
    expect(gitlab.reactions(iid, note ?? 0)).toEqual(["bot:eyes"]);
  });
});

describe("commit statuses", () => {
  test("move only as GitLab lets them", async () => {
    await using gitlab = await gitlabForTests();
    const iid = await openChange(gitlab);
    const bot = api(gitlab, "bot");
    const set = async (state: string): Promise<string> => {
      const answer = await bot("POST", `/projects/:id/statuses/${gitlab.headOf(iid)}`, { state, name: "claimbot/plan" });
      return answer.status === 201 ? state : (answer.json as { message: string }).message;
    };
    expect(await set("pending")).toBe("pending");
    expect(await set("pending")).toMatch(/^Cannot transition status via :enqueue from :pending/);
    expect(await set("running")).toBe("running");
    expect(await set("running")).toMatch(/^Cannot transition status via :run from :running/);
    expect(await set("pending")).toMatch(/^Cannot transition status via :enqueue from :running/);
    expect(await set("success")).toBe("success");
    expect(gitlab.statuses(iid)).toHaveLength(1);
    expect(await set("failed")).toBe("failed");
    expect(gitlab.statuses(iid)).toMatchObject([{ state: "failed" }]);
    expect((await bot("GET", `/projects/:id/repository/commits/${gitlab.headOf(iid)}/statuses?all=true`)).json).toHaveLength(2);
    expect((await bot("GET", `/projects/:id/merge_requests/${iid}`)).json).toMatchObject({
      head_pipeline: { status: "failed", source: "external" },
    });
  });

  test("are refused for unknown commits and long texts", async () => {
    await using gitlab = await gitlabForTests();
    const bot = api(gitlab, "bot");
    expect((await bot("POST", `/projects/:id/statuses/${"1".repeat(40)}`, { state: "success" })).json).toEqual({
      message: "404 Commit Not Found",
    });
    const long = await bot("POST", `/projects/:id/statuses/${await gitlab.head()}`, {
      state: "success",
      description: "x".repeat(256),
    });
    expect([long.status, long.json]).toEqual([400, { message: { description: ["is too long (maximum is 255 characters)"] } }]);
    expect((await bot("POST", `/projects/:id/statuses/${await gitlab.head()}`, { state: "done" })).json).toEqual({
      error: "state does not have a valid value",
    });
    expect((await bot("POST", `/projects/:id/statuses/${await gitlab.head()}`, {})).json).toEqual({ error: "state is missing" });
  });
});

describe("commits through the API", () => {
  test("write, move and delete files in one commit, on a new branch", async () => {
    await using gitlab = await gitlabForTests();
    const main = await gitlab.head();
    const answer = await api(gitlab, "bot")("POST", "/projects/:id/repository/commits", {
      branch: "claimbot/promote",
      start_branch: "main",
      commit_message: "Promote",
      author_name: "Mara",
      author_email: "mara@example.org",
      actions: [
        {
          action: "create",
          file_path: "environments/stage/ümlaut.yaml",
          content: Buffer.from("a: 1\n").toString("base64"),
          encoding: "base64",
        },
        { action: "update", file_path: CLAIM, content: "b: 2\n" },
        { action: "move", file_path: "docs/README.md", previous_path: "README.md" },
        { action: "delete", file_path: "environments/prod/payments.yaml" },
      ],
    });
    expect(answer.json).toMatchObject({ parent_ids: [main], author_name: "Mara", committer_name: "claimbot", title: "Promote" });
    const ref = "refs/heads/claimbot/promote";
    expect(await gitlab.file("environments/stage/ümlaut.yaml", ref)).toBe("a: 1\n");
    expect(await gitlab.file(CLAIM, ref)).toBe("b: 2\n");
    expect(await gitlab.file("docs/README.md", ref)).toBe("# Environments\n");
    expect(await gitlab.file("README.md", ref)).toBeUndefined();
    expect(await gitlab.file("environments/prod/payments.yaml", ref)).toBeUndefined();
    expect(await gitlab.head()).toBe(main);
  });

  test.each<[string, Record<string, unknown>, number]>([
    ["a file that exists already", { action: "create", file_path: CLAIM, content: "" }, 400],
    ["an update of a file that does not exist", { action: "update", file_path: "none", content: "" }, 400],
    ["a file that changed since", { action: "update", file_path: CLAIM, content: "", last_commit_id: "1".repeat(40) }, 400],
    ["a path out of the tree", { action: "create", file_path: "../x", content: "" }, 400],
    ["a path into .git", { action: "create", file_path: ".git/config", content: "" }, 400],
    ["an unknown action", { action: "rename", file_path: CLAIM }, 400],
  ])("refuse %s", async (_, action, status) => {
    await using gitlab = await gitlabForTests();
    const body = { branch: "x", start_branch: "main", commit_message: "X", actions: [action] };
    expect((await api(gitlab, "bot")("POST", "/projects/:id/repository/commits", body)).status).toBe(status);
    expect(await gitlab.project.repository.branchHead("x")).toBeUndefined();
  });

  test("a developer may not commit to the protected branch", async () => {
    await using gitlab = await gitlabForTests();
    const body = { branch: "main", commit_message: "X", actions: [{ action: "update", file_path: CLAIM, content: "" }] };
    expect((await api(gitlab, "dev")("POST", "/projects/:id/repository/commits", body)).status).toBe(403);
    expect((await api(gitlab, "mara")("POST", "/projects/:id/repository/commits", body)).status).toBe(201);
  });
});

describe("hooks", () => {
  test("a changed address loses the secret, and no secret is ever shown", async () => {
    await using gitlab = await gitlabForTests();
    const bot = api(gitlab, "bot");
    const signingToken = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
    const made = await bot("POST", "/projects/:id/hooks", {
      url: "http://127.0.0.1:9/a",
      token: "top-secret",
      signing_token: signingToken,
    });
    expect(made.json).toMatchObject({ token_present: true, signing_token_present: true, push_events: true, note_events: false });
    expect(made.text).not.toContain("top-secret");
    expect(made.text).not.toContain(signingToken);
    const { id } = made.json as { id: number };
    const kept = await bot("PUT", `/projects/:id/hooks/${id}`, { url: "http://127.0.0.1:9/a", note_events: true });
    expect(kept.json).toMatchObject({ token_present: true, note_events: true });
    const moved = await bot("PUT", `/projects/:id/hooks/${id}`, { url: "http://127.0.0.1:9/b" });
    expect(moved.json).toMatchObject({ token_present: false, signing_token_present: true });
    expect((await bot("POST", "/projects/:id/hooks", { url: "http://127.0.0.1:9/a", signing_token: "whsec_short" })).status).toBe(
      400,
    );
  });
});

describe("environments and deployments", () => {
  test("a deployment makes its environment, and revives a stopped one", async () => {
    await using gitlab = await gitlabForTests();
    const bot = api(gitlab, "bot");
    const deploy = { environment: "sue/try", sha: await gitlab.head(), ref: "main", tag: false };
    const first = (await bot("POST", "/projects/:id/deployments", { ...deploy, status: "running" })).json as { id: number };
    expect(gitlab.environment("sue/try")).toMatchObject({ state: "available", tier: "other" });
    await bot("PUT", `/projects/:id/deployments/${first.id}`, { status: "failed" });
    await bot("POST", `/projects/:id/environments/${gitlab.environment("sue/try")?.id}/stop`, {});
    expect(gitlab.environment("sue/try")?.state).toBe("stopped");
    await bot("POST", "/projects/:id/deployments", { ...deploy, status: "success" });
    expect(gitlab.environment("sue/try")?.state).toBe("available");
    expect(gitlab.deployments("sue/try").map(({ state }) => state)).toEqual(["failed", "success"]);
    const newest = await bot("GET", "/projects/:id/deployments?environment=sue%2Ftry&order_by=id&sort=desc&per_page=1");
    expect(newest.json).toMatchObject([{ status: "success", deployable: null }]);
  });

  test.each<[string, Record<string, unknown>]>([
    ["an unknown commit", { sha: "1".repeat(40) }],
    ["an unknown branch", { ref: "none" }],
    ["an unknown state", { status: "done" }],
  ])("a deployment of %s is refused", async (_, wrong) => {
    await using gitlab = await gitlabForTests();
    const good = { environment: "dev/shop", sha: await gitlab.head(), ref: "main", tag: false, status: "success" };
    expect((await api(gitlab, "bot")("POST", "/projects/:id/deployments", { ...good, ...wrong })).status).toBe(400);
    expect(gitlab.deployments()).toEqual([]);
  });
});
