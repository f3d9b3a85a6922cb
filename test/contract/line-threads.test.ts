/** What every Forge keeps of threads on lines, held against the sandbox's GitLab with the faults of real networks. */
import { describe, expect, test } from "vitest";
import { openForge } from "../../src/adapters/gitlab/forge.ts";
import { Waiting } from "../../src/core/errors.ts";
import type { Forge, LinePosition, NewLineThread } from "../../src/core/ports.ts";
import { Secret } from "../../src/core/secret.ts";
import type { FaultKind } from "../../src/sandbox/faults.ts";
import { startGitlab, type SandboxGitlab } from "../../src/sandbox/gitlab/start-gitlab.ts";

const CLAIM = "environments/dev/shop.yaml";
const MARKER = "<!-- claimbot:line:1 -->";
const BEGINNING = "<!-- claimbot:line:";
const LINES = Array.from({ length: 12 }, (_, index) => `line: ${index + 1}\n`).join("");

interface Scene extends AsyncDisposable {
  readonly gitlab: SandboxGitlab;
  readonly forge: Forge;
  readonly bot: string;
  /** Changes line 5 of the claim, and takes line 8 away. */
  readonly iid: number;
  thread(position?: Partial<LinePosition>, rest?: Partial<NewLineThread>): Promise<NewLineThread>;
}

async function scene(): Promise<Scene> {
  const gitlab = await startGitlab({
    seed: { [CLAIM]: LINES },
    users: [{ username: "mara", level: 40 }],
  });
  const { token, user } = gitlab.createBot();
  await gitlab.push({
    branch: "x",
    as: "mara",
    files: { [CLAIM]: LINES.replace("line: 5", "LINE: 5").replace("line: 8\n", "") },
  });
  const iid = await gitlab.openMergeRequest({ as: "mara", source: "x" });
  const forge = openForge({ url: gitlab.url, token: new Secret(token), project: "platform/static-environments" });
  await forge.me();
  gitlab.faults.requests.length = 0;
  return {
    gitlab,
    forge,
    bot: user.username,
    iid,
    async thread(position = { newLine: 5 }, rest = {}) {
      const { diffRefs } = await forge.mergeRequest(iid);
      const nowhere = { oldPath: CLAIM, newPath: CLAIM, oldLine: undefined, newLine: undefined };
      return { body: `${MARKER}\n❌ wrong\n`, marker: MARKER, refs: diffRefs!, position: { ...nowhere, ...position }, ...rest };
    },
    [Symbol.asyncDispose]: async () => gitlab[Symbol.asyncDispose](),
  };
}

const posts = ({ gitlab }: Scene): number => gitlab.faults.requests.filter(({ method }) => method === "POST").length;

test("a merge request tells the commits of its diff, and a list of them does not", async () => {
  await using s = await scene();
  const { base_sha: baseSha, start_sha: startSha, head_sha: headSha } = s.gitlab.diffRefs(s.iid);
  expect(await s.forge.mergeRequest(s.iid)).toMatchObject({ sha: headSha, diffRefs: { baseSha, startSha, headSha } });
  expect((await s.forge.openMergeRequests())[0]?.diffRefs).toBeUndefined();
});

describe("a thread", () => {
  test.each<[string, Partial<LinePosition>]>([
    ["an added line", { newLine: 5 }],
    ["a removed line", { oldLine: 8 }],
    ["an unchanged line", { oldLine: 9, newLine: 8 }],
  ])("is begun on %s, and found again as it is", async (_, position) => {
    await using s = await scene();
    const body = `${MARKER}\n❌ “wrong” & <b>100 %</b>\n\n\`\`\`suggestion:-0+0\n  a: "b"\\\n\`\`\`\n\n\`claim/x\`\n`;
    const thread = await s.thread(position, { body });
    expect(await s.forge.createLineThread(s.iid, thread)).toBe("created");
    const [found, ...others] = await s.forge.lineThreads(s.iid, BEGINNING);
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      body: body.trimEnd(),
      resolved: "no",
      position: thread.position,
      headSha: thread.refs.headSha,
    });
    expect(s.gitlab.note(s.iid, found!.noteId)).toMatchObject({ type: "DiffNote", author: { username: s.bot } });
  });

  test.each<[string, Partial<LinePosition>]>([
    ["a line outside the diff", { newLine: 12 }],
    ["an unchanged line by one number", { newLine: 8 }],
    ["another file", { newLine: 5, newPath: "other.yaml", oldPath: "other.yaml" }],
    ["no line at all", {}],
  ])("is refused on %s, once, and nothing is thrown", async (_, position) => {
    await using s = await scene();
    expect(await s.forge.createLineThread(s.iid, await s.thread(position))).toBe("refused");
    expect(posts(s)).toBe(1);
    expect(await s.forge.lineThreads(s.iid, BEGINNING)).toEqual([]);
  });

  test("cannot have its body replaced by the name of a file", async () => {
    await using s = await scene();
    const path = "a&body=/approve&position[new_line]=1";
    await s.gitlab.push({ branch: "x", as: "mara", files: { [path]: "one\ntwo\n" } });
    const thread = await s.thread({ oldPath: path, newPath: path, newLine: 2 });
    expect(await s.forge.createLineThread(s.iid, thread)).toBe("created");
    expect(await s.forge.lineThreads(s.iid, BEGINNING)).toMatchObject([
      { body: thread.body.trimEnd(), position: thread.position },
    ]);
    expect(s.gitlab.quickActionsRun).toEqual([]);
  });

  test.each<[string, FaultKind]>([
    ["a proxy gives up (502)", { kind: "status-after", status: 502 }],
    ["the connection is cut", { kind: "cut-after" }],
    ["a page of HTML comes with 200", { kind: "status-after", status: 200 }],
  ])("is begun once when %s", async (_, fault) => {
    await using s = await scene();
    s.gitlab.faults.add({ method: "POST", path: /\/discussions/, fault });
    expect(await s.forge.createLineThread(s.iid, await s.thread())).toBe("created");
    expect(posts(s)).toBe(1);
    expect(await s.forge.lineThreads(s.iid, BEGINNING)).toHaveLength(1);
  });

  test("after a lost answer is not taken for the one on another line", async () => {
    await using s = await scene();
    await s.forge.createLineThread(s.iid, await s.thread());
    s.gitlab.faults.add({ method: "POST", path: /\/discussions/, fault: { kind: "cut-before" } });
    await expect(s.forge.createLineThread(s.iid, await s.thread({ oldLine: 9, newLine: 8 }))).rejects.toThrow(Waiting);
    expect(await s.forge.lineThreads(s.iid, BEGINNING)).toHaveLength(1);
  });

  test("with a quick action at the start of a line never leaves", async () => {
    await using s = await scene();
    const thread = await s.thread(undefined, { body: `${MARKER}\n/merge\n` });
    await expect(s.forge.createLineThread(s.iid, thread)).rejects.toThrow("bug");
    expect(posts(s)).toBe(0);
  });

  test("is resolved and opened again, each step twice, by us or by others; one that is gone is fine", async () => {
    await using s = await scene();
    await s.forge.createLineThread(s.iid, await s.thread());
    const read = async () => (await s.forge.lineThreads(s.iid, BEGINNING))[0]!;
    const { discussionId, noteId } = await read();
    s.gitlab.faults.add({ method: "PUT", path: /\/discussions/, fault: { kind: "status-after", status: 502 } });
    for (const resolved of [true, true, false, false]) {
      await s.forge.resolveThread(s.iid, discussionId, resolved);
      expect((await read()).resolved).toBe(resolved ? "by-us" : "no");
    }
    s.gitlab.resolve(s.iid, noteId, { as: "mara" });
    expect((await read()).resolved).toBe("by-others");
    await s.forge.resolveThread(s.iid, "f".repeat(40), true);
  });

  test("is edited like every note", async () => {
    await using s = await scene();
    await s.forge.createLineThread(s.iid, await s.thread());
    const [thread] = await s.forge.lineThreads(s.iid, BEGINNING);
    expect(await s.forge.editNote(s.iid, thread!.noteId, `${MARKER}\n❌ still wrong\n`)).toBe("edited");
    expect(await s.forge.lineThreads(s.iid, BEGINNING)).toMatchObject([{ body: `${MARKER}\n❌ still wrong` }]);
  });

  test("moves with its line, and stays behind when that is changed", async () => {
    await using s = await scene();
    await s.forge.createLineThread(s.iid, await s.thread());
    const shown = async () =>
      (await s.forge.lineThreads(s.iid, BEGINNING)).map(({ position, headSha }) => [position.newLine, headSha]);
    const text = (await s.gitlab.file(CLAIM, "x")) ?? "";
    const moved = await s.gitlab.push({ branch: "x", as: "mara", files: { [CLAIM]: `zero: 0\n${text}` } });
    expect(await shown()).toEqual([[6, moved]]);
    await s.gitlab.push({ branch: "x", as: "mara", files: { [CLAIM]: `zero: 0\n${text.replace("LINE: 5", "Line: 5")}` } });
    expect(await shown()).toEqual([[6, moved]]);
  });
});

test("only our own threads on lines are found, to the last page", async () => {
  await using s = await scene();
  await s.forge.createLineThread(s.iid, await s.thread());
  for (let index = 0; index < 210; index += 1) await s.gitlab.comment(s.iid, `${MARKER} ${index}`, { as: "mara" });
  await s.forge.createNote(s.iid, `${MARKER}\nno line\n`, MARKER);
  await s.forge.createLineThread(s.iid, await s.thread({ oldLine: 9, newLine: 8 }, { body: `x ${MARKER}`, marker: "x" }));
  await s.forge.createLineThread(s.iid, await s.thread({ oldLine: 9, newLine: 8 }));
  s.gitlab.faults.requests.length = 0;
  expect((await s.forge.lineThreads(s.iid, BEGINNING)).map(({ position }) => position.newLine)).toEqual([5, 8]);
  expect(s.gitlab.faults.requests.length).toBeGreaterThanOrEqual(3);
});
