import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cloneUrl, git, gitlabForTests, openChange, webhookReceiver } from "./support.ts";

describe("git over HTTP", () => {
  let directory = "";
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "gitlab-git-"));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  test("clones with a token, refuses without one, and hides the project from strangers", async () => {
    await using gitlab = await gitlabForTests();
    await git(directory, "clone", "--quiet", cloneUrl(gitlab, "dev"), "clone");
    expect(await git(join(directory, "clone"), "rev-parse", "HEAD")).toBe(await gitlab.head());
    await expect(git(directory, "clone", gitlab.gitUrl, "anonymous")).rejects.toThrow(
      /could not read Username|Authentication failed/,
    );
    await expect(git(directory, "clone", cloneUrl(gitlab, "out"), "stranger")).rejects.toThrow(/not found/);
    await expect(git(directory, "clone", cloneUrl(gitlab, "gus"), "guest")).rejects.toThrow(/403/);
    const bare = await fetch(`${gitlab.gitUrl}/info/refs?service=git-upload-pack`);
    expect(bare.status).toBe(401);
    expect(bare.headers.get("www-authenticate")).toBe('Basic realm="GitLab"');
  });

  test("a read-only token cannot push, a revoked one cannot read", async () => {
    await using gitlab = await gitlabForTests();
    const token = gitlab.createToken("dev", { scopes: ["read_repository"] });
    const url = gitlab.gitUrl.replace("http://", `http://oauth2:${token}@`);
    await git(directory, "clone", "--quiet", url, "clone");
    await expect(git(join(directory, "clone"), "push", "origin", "HEAD:refs/heads/x")).rejects.toThrow(/403/);
    gitlab.revokeToken(token);
    await expect(git(join(directory, "clone"), "fetch")).rejects.toThrow(/Authentication failed/);
  });

  test("a push gives the merge request a new version and head ref, and tells the hooks of both", async () => {
    await using receiver = await webhookReceiver();
    await using gitlab = await gitlabForTests();
    const iid = await openChange(gitlab);
    const before = gitlab.headOf(iid);
    gitlab.addHook({ url: receiver.url });
    await git(directory, "clone", "--quiet", "--branch", "feature", cloneUrl(gitlab, "dev"), "clone");
    const clone = join(directory, "clone");
    await writeFile(join(clone, "README.md"), "# Changed\n");
    await git(clone, "commit", "--quiet", "-am", "Change the readme");
    await git(clone, "push", "--quiet", "origin", "feature");
    const head = await git(clone, "rev-parse", "HEAD");
    expect(gitlab.headOf(iid)).toBe(head);
    expect(gitlab.mergeRequest(iid).versions).toHaveLength(2);
    expect(await git(clone, "ls-remote", "origin", `refs/merge-requests/${iid}/head`)).toContain(head);
    await gitlab.webhooksSettled();
    const update = receiver.received.find(({ json }) => json.object_kind === "merge_request");
    expect(update?.json.object_attributes).toMatchObject({ action: "update", oldrev: before, last_commit: { id: head } });
    expect(receiver.received.find(({ json }) => json.object_kind === "push")?.json).toMatchObject({
      ref: "refs/heads/feature",
      before,
      after: head,
      user_id: gitlab.user("dev").id,
      total_commits_count: 1,
    });
  });

  test("a developer may not push to the protected default branch, a maintainer may", async () => {
    await using gitlab = await gitlabForTests();
    await git(directory, "clone", "--quiet", cloneUrl(gitlab, "dev"), "clone");
    const clone = join(directory, "clone");
    await writeFile(join(clone, "README.md"), "# Changed\n");
    await git(clone, "commit", "--quiet", "-am", "Change the readme");
    const before = await gitlab.head();
    await expect(git(clone, "push", "origin", "main")).rejects.toThrow(/not allowed to push code to protected branches/);
    expect(await gitlab.head()).toBe(before);
    await git(clone, "push", "--quiet", cloneUrl(gitlab, "mara"), "main");
    expect(await gitlab.head()).toBe(await git(clone, "rev-parse", "HEAD"));
  });

  test("nobody may push to the refs of merge requests", async () => {
    await using gitlab = await gitlabForTests();
    const iid = await openChange(gitlab);
    const head = await gitlab.mergeRequestRef(iid);
    await git(directory, "clone", "--quiet", cloneUrl(gitlab, "mara"), "clone");
    await expect(git(join(directory, "clone"), "push", "-f", "origin", `main:refs/merge-requests/${iid}/head`)).rejects.toThrow(
      /rejected/,
    );
    expect(await gitlab.mergeRequestRef(iid)).toBe(head);
  });

  test("fetches a merge request's head out of a fork", async () => {
    await using gitlab = await gitlabForTests();
    const fork = await gitlab.fork("dev");
    const sha = await gitlab.push({ branch: "theirs", files: { "README.md": "# Forked\n" }, as: "dev", project: fork });
    const iid = await gitlab.openMergeRequest({ as: "dev", source: "theirs", fork });
    await git(directory, "clone", "--quiet", cloneUrl(gitlab, "mara"), "clone");
    const clone = join(directory, "clone");
    await git(clone, "fetch", "--quiet", "origin", `refs/merge-requests/${iid}/head`);
    expect(await git(clone, "rev-parse", "FETCH_HEAD")).toBe(sha);
  });

  test("a branch merged and pushed by hand closes its merge request as merged", async () => {
    await using gitlab = await gitlabForTests();
    const iid = await openChange(gitlab);
    await git(directory, "clone", "--quiet", cloneUrl(gitlab, "mara"), "clone");
    const clone = join(directory, "clone");
    await git(clone, "merge", "--quiet", "--no-ff", "-m", "By hand", "origin/feature");
    await git(clone, "push", "--quiet", "origin", "main");
    expect(gitlab.mergeRequest(iid)).toMatchObject({ state: "merged", merged: { commit: await gitlab.head() } });
  });
});
