/** The webhooks of the sandbox GitLab, held against recorded ones: each member that a recent GitLab sends must be there. */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { api, gitlabForTests, openChange, webhookReceiver, type Received } from "../sandbox/gitlab/support.ts";

const FIXTURES = "../shared/fixtures/gitlab-webhooks";

/** Members that come only with things that the sandbox has not (issues, assignees, changes of a kind), or from GitLabs of long ago. */
const LEFT_OUT = /^(changes|issue|merge_request\.(position|assignee|deleted_at))\b/;

function members(value: unknown, path = ""): readonly string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const here = path === "" ? name : `${path}.${name}`;
    return [here, ...members(inner, here)];
  });
}

describe.skipIf(!existsSync(FIXTURES))("webhooks have the members of recorded ones", () => {
  test.each<[string, (received: Received) => boolean]>([
    ["mr-open-gitlab-19-docs.json", ({ json }) => json.object_attributes?.["action"] === "open"],
    ["mr-update-new-commit-oldrev.json", ({ json }) => json.object_attributes?.["oldrev"] !== undefined],
    ["mr-approved.json", ({ json }) => json.object_attributes?.["action"] === "approved"],
    ["mr-merge.json", ({ json }) => json.object_attributes?.["action"] === "merge"],
    ["note-mr-create.json", ({ json }) => json.object_kind === "note" && json.object_attributes["type"] === null],
    [
      "note-mr-diff-review-comment.json",
      ({ json }) => json.object_kind === "note" && json.object_attributes["type"] === "DiffNote",
    ],
    ["emoji-award-on-note.json", ({ json }) => json.object_kind === "emoji"],
    ["push-branch.json", ({ json }) => json.object_kind === "push"],
    ["deployment.json", ({ json }) => json.object_kind === "deployment"],
  ])("%s", async (file, isIt) => {
    const sent = (await events()).find(isIt);
    const recorded: unknown = JSON.parse(readFileSync(`${FIXTURES}/${file}`, "utf8"));
    const mine = new Set(members(sent?.json));
    expect(mine.size).toBeGreaterThan(10);
    expect(members(recorded).filter((member) => !mine.has(member) && !LEFT_OUT.test(member))).toEqual([]);
  });
});

let all: Promise<readonly Received[]> | undefined;

/** One story with every kind of event, told once. */
async function events(): Promise<readonly Received[]> {
  all ??= tell();
  return all;
}

async function tell(): Promise<readonly Received[]> {
  await using receiver = await webhookReceiver();
  await using gitlab = await gitlabForTests();
  gitlab.addHook({ url: receiver.url });
  const bot = api(gitlab, "bot");
  const iid = await openChange(gitlab);
  const note = await gitlab.comment(iid, "Hello", { as: "dev" });
  await bot("POST", `/projects/:id/merge_requests/${iid}/notes/${note}/award_emoji`, { name: "eyes" });
  const path = "environments/dev/shop.yaml";
  const position = { ...gitlab.diffRefs(iid), position_type: "text", old_path: path, new_path: path, new_line: 5 };
  await bot("POST", `/projects/:id/merge_requests/${iid}/discussions`, { body: "Here", position });
  await gitlab.push({ branch: "feature", as: "dev", files: { "README.md": "# x\n" } });
  await gitlab.approve(iid, { as: "mara" });
  const merged = await gitlab.merge(iid, { as: "mara" });
  await bot("POST", "/projects/:id/deployments", {
    environment: "dev/shop",
    sha: merged,
    ref: "main",
    tag: false,
    status: "success",
  });
  await gitlab.webhooksSettled();
  return receiver.received;
}
