/** Whether git reaches the sandbox GitLab with a token, and what it says where it does not. */
import { expect, test } from "vitest";
import { remoteCommit } from "../../../src/adapters/git/reach.ts";
import { Secret } from "../../../src/core/secret.ts";
import { gitlabForTests } from "../../sandbox/gitlab/support.ts";

test("tells the commit of a branch, and that there is none", async () => {
  await using gitlab = await gitlabForTests();
  const options = { url: gitlab.gitUrl, token: new Secret(gitlab.createToken("bot")) };
  expect(await remoteCommit(options, "refs/heads/main")).toBe(await gitlab.head());
  expect(await remoteCommit(options, "refs/heads/none")).toBeUndefined();
});

test("a token that git is refused with is named by its setting, not by its value", async () => {
  await using gitlab = await gitlabForTests();
  const token = "glpat-canary0123456789";
  const error: unknown = await remoteCommit({ url: gitlab.gitUrl, token: new Secret(token) }, "refs/heads/main").catch(
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ name: "Stalled", wayOut: expect.stringContaining("CLAIMBOT_GITLAB_TOKEN") as string });
  const forms = [token, Buffer.from(`claimbot:${token}`).toString("base64")];
  expect(forms.filter((form) => `${String(error)}${JSON.stringify(error)}`.includes(form))).toEqual([]);
});
