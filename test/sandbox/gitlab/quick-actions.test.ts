import { describe, expect, test } from "vitest";
import { extractQuickActions } from "../../../src/sandbox/gitlab/quick-actions.ts";
import { api, gitlabForTests, openChange } from "./support.ts";

describe("extractQuickActions", () => {
  test.each<[string, string, readonly string[]]>([
    ["a known name at the start of a line", "/merge", ["merge"]],
    ["in any case", "/MeRgE", ["merge"]],
    ["with an argument", "/label ~hold", ["label"]],
    ["between other lines", "text\n/approve\nmore", ["approve"]],
    ["after Windows line ends", "text\r\n/close\r\n", ["close"]],
    ["inside of a details block with text around it", "<details><summary>x</summary>\n\n/merge\n</details>", ["merge"]],
    ["after an HTML block that never ends", "<div>\n/merge", ["merge"]],
    ["after a fence that is closed", "```\ncode\n```\n/merge", ["merge"]],
    ["not in a fenced block", "```\n/merge\n```", []],
    ["not in a fenced block that never ends", "~~~~\n/merge\n~~~", []],
    ["not in a quote block", ">>>\n/merge\n>>>", []],
    ["not in an HTML block", "<div>\n/merge\n</div>", []],
    ["not behind white space", " /merge", []],
    ["not an unknown name", "/claim plan\n/merges", []],
    ["not in the middle of a line", "please /merge", []],
    ["not behind a quote sign", "> /merge", []],
  ])("finds %s", (_, body, names) => {
    expect(extractQuickActions(body).actions.map(({ name }) => name)).toEqual(names);
  });

  test("takes their lines out of the text", () => {
    expect(extractQuickActions("Good.\n/approve\n/label ~a ~b\nReally.\n\n")).toEqual({
      actions: [
        { name: "approve", argument: "" },
        { name: "label", argument: "~a ~b" },
      ],
      rest: "Good.\nReally.",
    });
  });
});

describe("a comment with quick actions", () => {
  test("that holds nothing else is answered 202 and never saved", async () => {
    await using gitlab = await gitlabForTests();
    const iid = await openChange(gitlab);
    const mara = api(gitlab, "mara");
    const answer = await mara("POST", `/projects/:id/merge_requests/${iid}/notes`, { body: "/approve\n/label ~urgent" });
    expect(answer.status).toBe(202);
    expect(answer.json).toEqual({
      commands_changes: { approve: true, label: "~urgent" },
      summary: ["Applied approve command.", "Applied label command."],
    });
    expect(gitlab.notes(iid)).toEqual([]);
    expect(gitlab.mergeRequest(iid)).toMatchObject({ labels: ["urgent"], approvals: [{ user: { username: "mara" } }] });
    expect(gitlab.quickActionsRun.map(({ name, effect }) => `${name} ${effect}`)).toEqual(["approve done", "label done"]);
  });

  test("runs with the rights of its author", async () => {
    await using gitlab = await gitlabForTests();
    const iid = await openChange(gitlab);
    await gitlab.comment(iid, "Now!\n/merge", { as: "dev" });
    expect(gitlab.mergeRequest(iid).state).toBe("opened");
    expect(gitlab.quickActionsRun).toMatchObject([{ name: "merge", username: "dev", effect: "refused" }]);
    expect(gitlab.notes(iid).map(({ body }) => body)).toEqual(["Now!"]);
    await gitlab.comment(iid, "/merge", { as: "mara" });
    expect(gitlab.mergeRequest(iid).state).toBe("merged");
  });

  test("runs in an edited comment too, and removes it when nothing is left", async () => {
    await using gitlab = await gitlabForTests();
    const iid = await openChange(gitlab);
    const note = await gitlab.comment(iid, "Fine", { as: "mara" });
    await gitlab.editNote(iid, note ?? 0, "/close", { as: "mara" });
    expect(gitlab.mergeRequest(iid).state).toBe("closed");
    expect(gitlab.notes(iid)).toEqual([]);
  });
});
