/** The client that claimbot uses, against the sandbox: encodings of paths and bodies are the client's own. */
import { Gitlab } from "@gitbeaker/rest";
import { expect, test } from "vitest";
import { gitlabForTests, openChange } from "./support.ts";

test("gitbeaker can do what claimbot does", async () => {
  await using gitlab = await gitlabForTests();
  const iid = await openChange(gitlab);
  const project = gitlab.project.path;
  const client = new Gitlab({ host: gitlab.url, token: gitlab.createToken("bot") });
  expect(await client.Users.showCurrentUser()).toMatchObject({ username: "bot", bot: true });
  expect(await client.Projects.show(project)).toMatchObject({ id: gitlab.project.id, default_branch: "main" });
  expect(await client.MergeRequests.all({ projectId: project, state: "opened", perPage: 100 })).toHaveLength(1);
  expect(await client.ProjectMembers.show(project, gitlab.user("dev").id, { includeInherited: true })).toMatchObject({
    access_level: 30,
  });

  const note = await client.MergeRequestNotes.create(project, iid, "<!-- marker -->\nA plan");
  await client.MergeRequestNotes.edit(project, iid, note.id, { body: "<!-- marker -->\nA new plan" });
  expect(gitlab.notes(iid).map(({ body }) => body)).toEqual(["<!-- marker -->\nA new plan"]);
  await client.MergeRequestNoteAwardEmojis.award(project, iid, note.id, "eyes");
  expect(gitlab.reactions(iid, note.id)).toEqual(["bot:eyes"]);

  const refs = gitlab.diffRefs(iid);
  const path = "environments/dev/shop.yaml";
  const thread = await client.MergeRequestDiscussions.create(project, iid, "Here", {
    position: {
      positionType: "text",
      baseSha: refs.base_sha,
      startSha: refs.start_sha,
      headSha: refs.head_sha,
      oldPath: path,
      newPath: path,
      newLine: "5",
    },
  });
  await client.MergeRequestDiscussions.addNote(project, iid, thread.id, "And an answer");
  await client.MergeRequestDiscussions.resolve(project, iid, thread.id, true);
  expect(gitlab.discussions(iid).at(-1)?.notes).toMatchObject([
    { type: "DiffNote", resolved: { by: { username: "bot" } } },
    { body: "And an answer" },
  ]);

  await client.Commits.editStatus(project, gitlab.headOf(iid) ?? "", "success", { name: "claimbot/plan", description: "fine" });
  expect(gitlab.statuses(iid)).toMatchObject([{ name: "claimbot/plan", state: "success" }]);
  await client.Commits.create(project, "claimbot/destroy", "Remove shop", [{ action: "delete", filePath: path }], {
    startBranch: "main",
  });
  const opened = await client.MergeRequests.create(project, "claimbot/destroy", "main", "Remove shop", { labels: "claimbot" });
  expect(await client.MergeRequests.allDiffs(project, opened.iid)).toMatchObject([{ deleted_file: true, old_path: path }]);
  expect((await client.RepositoryFiles.show(project, path, "main")).content).toBe(
    Buffer.from((await gitlab.file(path)) ?? "").toString("base64"),
  );

  const hook = await client.ProjectHooks.add(project, "http://127.0.0.1:9/hook", { noteEvents: true, token: "x" });
  expect(gitlab.project.hooks).toMatchObject([{ id: hook.id, events: new Set(["push_events", "note_events"]) }]);
  const environment = await client.Environments.create(project, "dev/shop", { externalUrl: "https://shop.example.org" });
  await client.Deployments.create(project, "dev/shop", await gitlab.head(), "main", false, { status: "success" });
  await client.Environments.stop(project, environment.id);
  expect(gitlab.environment("dev/shop")?.state).toBe("stopped");
  expect(await client.MergeRequests.allDiffVersions(project, iid)).toHaveLength(1);
  expect(await client.MergeRequestApprovals.showConfiguration(project, { mergerequestIId: iid })).toMatchObject({
    approved_by: [],
  });
  expect(gitlab.unexpected).toEqual([]);
});
