import { describe, expect, test } from "vitest";
import type { SandboxGitlab } from "../../../src/sandbox/gitlab/start-gitlab.ts";
import { gitlabForTests, openChange } from "./support.ts";

const BASE = "/platform/static-environments/-";

async function look(gitlab: SandboxGitlab, path: string): Promise<string> {
  const response = await fetch(gitlab.url + path);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-security-policy")).toMatch(/^default-src 'none'/);
  return response.text();
}

async function send(
  gitlab: SandboxGitlab,
  path: string,
  fields: Record<string, string>,
  headers: Record<string, string> = { "sec-fetch-site": "same-origin" },
): Promise<Response> {
  return fetch(gitlab.url + BASE + path, { method: "POST", headers, body: new URLSearchParams(fields), redirect: "manual" });
}

describe("pages", () => {
  test("show merge requests, their changes, comments, approvals and statuses, and environments", async () => {
    await using gitlab = await gitlabForTests();
    const iid = await openChange(gitlab);
    await gitlab.comment(iid, "**Plan** <script>x</script>", { as: "bot" });
    await gitlab.approve(iid, { as: "mara" });
    expect(await look(gitlab, "/")).toContain("Change feature");
    const page = await look(gitlab, `${BASE}/merge_requests/${iid}`);
    expect(page).toContain("Approved by Mara");
    expect(page).toContain("<strong>Plan</strong> &lt;script&gt;");
    expect(page).toContain("+  expiry: none");
    expect(await look(gitlab, `${BASE}/environments`)).toContain("No environments yet");
    expect(await look(gitlab, `${BASE}/blob/feature/environments/dev/shop.yaml`)).toContain("expiry: none");
    expect(await look(gitlab, `${BASE}/tree/main`)).toContain("environments/prod/payments.yaml");
    expect(gitlab.unexpected).toEqual([]);
  });

  test("comment, approve and merge as the person that was picked, with that person's rights", async () => {
    await using gitlab = await gitlabForTests();
    const iid = await openChange(gitlab);
    const mr = `/merge_requests/${iid}`;
    const commented = await send(gitlab, `${mr}/comment`, { as: "dev", body: "/claim help\r\nplease" });
    expect([commented.status, commented.headers.get("location")]).toEqual([303, `${BASE}${mr}#comment`]);
    expect(gitlab.notes(iid)).toMatchObject([{ body: "/claim help\nplease", author: { username: "dev" } }]);
    await send(gitlab, `${mr}/approve`, { as: "mara", sha: gitlab.headOf(iid) ?? "" });
    expect(gitlab.mergeRequest(iid).approvals).toMatchObject([{ user: { username: "mara" } }]);
    const refused = await send(gitlab, `${mr}/merge`, { as: "dev", sha: gitlab.headOf(iid) ?? "" });
    expect([refused.status, await refused.text()]).toEqual([401, expect.stringContaining("GitLab refuses this")]);
    await send(gitlab, `${mr}/merge`, { as: "mara", sha: gitlab.headOf(iid) ?? "" });
    expect(gitlab.mergeRequest(iid)).toMatchObject({ state: "merged", merged: { by: { username: "mara" } } });
  });

  test("apply a suggestion: its line alone is replaced, its thread resolved, and an outdated one is refused", async () => {
    await using gitlab = await gitlabForTests();
    const path = "environments/dev/shop.yaml";
    await gitlab.push({ branch: "x", as: "dev", files: { [path]: "one\r\ntwo\r\nthree" } });
    const iid = await gitlab.openMergeRequest({ as: "dev", source: "x" });
    const suggest = async (line: number, text: string): Promise<number> =>
      (await gitlab.comment(iid, `\`\`\`suggestion:-0+0\n${text}\n\`\`\``, { as: "mara", on: { path, line } })) ?? 0;
    const [second, third] = [await suggest(2, "TWO"), await suggest(3, "THREE")];
    expect(await look(gitlab, `${BASE}/merge_requests/${iid}`)).toContain("Apply suggestion");
    for (const note of [second, third]) await send(gitlab, `/merge_requests/${iid}/notes/${note}/apply`, { as: "dev" });
    expect(await gitlab.file(path, "x")).toBe("one\r\nTWO\r\nTHREE");
    expect(gitlab.note(iid, second).resolved?.by.username).toBe("dev");
    const again = await send(gitlab, `/merge_requests/${iid}/notes/${second}/apply`, { as: "dev" });
    expect([again.status, await again.text()]).toEqual([400, expect.stringContaining("its line was changed")]);
    const plain = (await gitlab.comment(iid, "No suggestion", { as: "mara" })) ?? 0;
    expect((await send(gitlab, `/merge_requests/${iid}/notes/${plain}/apply`, { as: "dev" })).status).toBe(404);
  });

  test("turn an edited file into a merge request, and a second edit into another commit of it", async () => {
    await using gitlab = await gitlabForTests();
    const path = "environments/dev/shop.yaml";
    const first = await send(gitlab, `/edit/main/${path}`, {
      as: "dev",
      path,
      branch: "dev/try",
      title: "Try",
      content: "a: 1\r\n",
    });
    expect(first.headers.get("location")).toBe(`${BASE}/merge_requests/1`);
    await send(gitlab, `/edit/dev/try/${path}`, { as: "dev", path, branch: "dev/try", title: "Again", content: "a: 2\r\n" });
    expect(gitlab.mergeRequest(1)).toMatchObject({ title: "Try", sourceBranch: "dev/try", author: { username: "dev" } });
    expect(gitlab.mergeRequest(1).versions).toHaveLength(2);
    expect(await gitlab.file(path, "refs/heads/dev/try")).toBe("a: 2\n");
    const removal = await send(gitlab, `/edit/main/${path}`, {
      as: "dev",
      path,
      branch: "gone",
      title: "Remove",
      content: "",
      delete: "1",
    });
    expect(removal.headers.get("location")).toBe(`${BASE}/merge_requests/2`);
    expect(await gitlab.file(path, "refs/heads/gone")).toBeUndefined();
  });

  test.each<[string, Record<string, string>]>([
    ["another site", { "sec-fetch-site": "cross-site" }],
    ["another port of the same machine", { "sec-fetch-site": "same-site" }],
    ["another origin in an old browser", { origin: "http://evil.example" }],
    ["nowhere", {}],
  ])("refuse forms from %s", async (_, headers) => {
    await using gitlab = await gitlabForTests();
    const iid = await openChange(gitlab);
    const answer = await send(gitlab, `/merge_requests/${iid}/merge`, { as: "mara", sha: gitlab.headOf(iid) ?? "" }, headers);
    expect(answer.status).toBe(403);
    expect(gitlab.mergeRequest(iid).state).toBe("opened");
  });

  test("take forms of their own origin from a browser without Sec-Fetch-Site", async () => {
    await using gitlab = await gitlabForTests();
    const iid = await openChange(gitlab);
    const answer = await send(gitlab, `/merge_requests/${iid}/comment`, { as: "dev", body: "Hi" }, { origin: gitlab.url });
    expect(answer.status).toBe(303);
  });
});
