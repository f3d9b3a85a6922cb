/** Threads on the lines that hold mistakes, end to end: what the author of a merge request sees, push by push. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startRehearsal, type Rehearsal } from "../../src/rehearsal.ts";
import type { Note } from "../../src/sandbox/gitlab/model.ts";
import { expectClean, idle, noteOf, open, PLAN, planStatus, propose } from "./actions.ts";
import { seedOf, type Seed } from "./seed.ts";

const DEV = "environments/dev/ledger-dev.yaml";
let seed: Seed;
let r: Rehearsal;

beforeAll(async () => {
  seed = await seedOf(["ledger-dev"]);
  r = await startRehearsal({ seed: seed.directory });
  await r.settled();
});
afterEach(() => {
  r.gitlab.faults.clear();
  expectClean(r);
});
afterAll(async () => {
  await r[Symbol.asyncDispose]();
  await seed[Symbol.asyncDispose]();
});

const RIGHT = (name: string): string => `apiVersion: claimbot/v1
kind: Environment
metadata:
  name: ${name}
  owner: commerce/shop
spec:
  type: dev
  cluster:
    region: fra
    version: "1.34"
    nodePools:
      - {class: general-restricted, min: 1, max: 2}
  services:
    - name: ledger-export
      version: ^1.2.0
  dns:
    hostnames: [${name}.dev.example.org]
`;
/** What is right, what is wrong, and the rule that says so; each in the text that the one before left. */
const MISTAKES = [
  ["owner: commerce/shop", "owner: commerce/shp", "claim/owner-unknown"],
  ["region: fra", "region: fr", "claim/region-unknown"],
  ["min: 1", "min: 3", "claim/pool-bounds"],
  ["version: ^1.2.0", "version: newest", "claim/version-constraint"],
  ["version: newest", "version: newest\n      dependsOn: [nowhere]", "claim/dependency-missing"],
  [".dev.example.org", ".dev.exmaple.org", "claim/hostname-outside-zone"],
] as const;

/** The claim with the first of the six mistakes, or all of them. */
function wrong(name: string, mistakes: number = MISTAKES.length): string {
  return MISTAKES.slice(0, mistakes).reduce((text, [right, bad]) => text.replace(right, bad), RIGHT(name));
}

const RULE = /`([a-z]+\/[\w-]+)`$/;
const claim = (name: string): string => `environments/dev/${name}.yaml`;

/** First notes of the bot's threads on lines. */
function threads(iid: number): readonly Note[] {
  return r.gitlab.discussions(iid).flatMap(({ notes: [first] }) => {
    return first?.type === "DiffNote" && first.author.username === r.bot.username ? [first] : [];
  });
}

const openThreads = (iid: number): readonly Note[] => threads(iid).filter(({ resolved }) => resolved === undefined);

/** `<line's text> <rule>` of each, where GitLab shows it now. */
async function marked(iid: number, path: string, branch: string, notes = openThreads(iid)): Promise<readonly string[]> {
  const lines = ((await r.gitlab.file(path, branch)) ?? "").split("\n");
  return notes.map(({ body, position }) => `${lines[(position?.new_line ?? 0) - 1]?.trim()} ${RULE.exec(body)?.[1]}`);
}

function suggestion({ body }: Note): string | undefined {
  return /^```suggestion:-0\+0\n(.*)\n```$/m.exec(body)?.[1];
}

async function push(branch: string, files: Readonly<Record<string, string>>): Promise<void> {
  await r.gitlab.push({ branch, as: "sam", files });
  await idle(r);
}

describe("six mistakes", () => {
  const name = "six";
  const path = claim(name);
  let iid: number;
  beforeAll(async () => {
    iid = await propose(r, { as: "sam", branch: name, files: { [path]: wrong(name) } });
  });

  test("have a thread each, at their lines, and the note lists them all", async () => {
    expect(await marked(iid, path, name)).toEqual([
      "owner: commerce/shp claim/owner-unknown",
      "region: fr claim/region-unknown",
      "- {class: general-restricted, min: 3, max: 2} claim/pool-bounds",
      "version: newest claim/version-constraint",
      "dependsOn: [nowhere] claim/dependency-missing",
      "hostnames: [six.dev.exmaple.org] claim/hostname-outside-zone",
    ]);
    for (const [, , rule] of MISTAKES) expect(noteOf(r, iid, PLAN)).toContain(rule);
    expect(planStatus(r, iid)).toBe("failed");
  });

  test("are not marked twice by a push that moves lines, nor by one that touches something else", async () => {
    const before = threads(iid).map(({ id }) => id);
    await push(name, { [path]: `# A comment\n# and another\n${wrong(name)}` });
    expect(threads(iid).map(({ id }) => id)).toEqual(before);
    await push(name, { "README.md": "Only words\n" });
    expect(threads(iid).map(({ id }) => id)).toEqual(before);
    expect((await marked(iid, path, name))[1]).toBe("region: fr claim/region-unknown");
    expect(threads(iid).every(({ updatedBy }) => updatedBy === undefined)).toBe(true);
  });

  test("the line that a thread suggests mends its mistake, and resolves that thread alone", async () => {
    const asked = openThreads(iid).filter((note) => suggestion(note) !== undefined);
    expect(asked.map(({ body }) => RULE.exec(body)?.[1])).toContain("claim/hostname-outside-zone");
    for (const note of asked) {
      const lines = ((await r.gitlab.file(path, name)) ?? "").split("\n");
      lines[(note.position?.new_line ?? 0) - 1] = suggestion(note) ?? "";
      const others = openThreads(iid).filter(({ id }) => id !== note.id);
      await push(name, { [path]: lines.join("\n") });
      expect(r.gitlab.note(iid, note.id).resolved?.by.username).toBe(r.bot.username);
      expect(openThreads(iid)).toEqual(others);
    }
  });

  test("mended all, every thread is resolved and the claim is planned", async () => {
    await push(name, { [path]: RIGHT(name) });
    expect(threads(iid)).toHaveLength(6);
    expect(openThreads(iid)).toEqual([]);
    expect(planStatus(r, iid)).toBe("success");
    expect(noteOf(r, iid, PLAN)).toContain("1 new");
  });

  test("one that comes back has an open thread on its line again", async () => {
    await push(name, { [path]: wrong(name, 1) });
    expect(await marked(iid, path, name)).toEqual(["owner: commerce/shp claim/owner-unknown"]);
  });
});

describe("people's threads", () => {
  test("are never touched, whatever they hold", async () => {
    const name = "people";
    const path = claim(name);
    const iid = await propose(r, { as: "sam", branch: name, files: { [path]: wrong(name, 1) } });
    const [ours] = threads(iid);
    const id = await r.gitlab.comment(iid, ours?.body ?? "", { as: "jo", on: { path, line: 6 } });
    await r.gitlab.comment(iid, "Sorry, I will mend it", { as: "sam", replyTo: ours?.id ?? 0 });
    await push(name, { [path]: RIGHT(name) });
    expect(openThreads(iid)).toEqual([]);
    expect(r.gitlab.note(iid, id ?? 0)).toMatchObject({ body: ours?.body, resolved: undefined, updatedBy: undefined });
    expect(r.gitlab.discussions(iid).filter(({ notes }) => notes.some((note) => note.id === id))[0]?.notes).toHaveLength(1);
  });

  test("one of ours that a person resolved stays so while its line does", async () => {
    const name = "decided";
    const path = claim(name);
    const iid = await propose(r, { as: "sam", branch: name, files: { [path]: wrong(name, 2) } });
    const [first] = threads(iid);
    r.gitlab.resolve(iid, first?.id ?? 0, { as: "jo" });
    await push(name, { [path]: `# moved\n${wrong(name, 3)}` });
    expect(r.gitlab.note(iid, first?.id ?? 0).resolved?.by.username).toBe("jo");
    expect(await marked(iid, path, name)).toEqual([
      "region: fr claim/region-unknown",
      "- {class: general-restricted, min: 3, max: 2} claim/pool-bounds",
    ]);
    expect(threads(iid)).toHaveLength(3);
  });
});

describe("when GitLab fails in between", () => {
  const POSTS = { method: "POST", path: /\/discussions$/ } as const;

  test.each([
    ["answers are lost", "lost", [{ kind: "cut-after" }, { kind: "status-after", status: 502 }]],
    ["the connection is cut before", "cut", [{ kind: "cut-before" }, { kind: "cut-before" }]],
    [
      "it is busy",
      "busy",
      [
        { kind: "status", status: 503 },
        { kind: "status", status: 429, retryAfterSeconds: 1 },
      ],
    ],
  ] as const)("%s: there are six threads in the end, and no more", async (_, name, faults) => {
    for (const fault of faults) r.gitlab.faults.add({ ...POSTS, fault });
    const iid = await open(r, { as: "sam", branch: name, files: { [claim(name)]: wrong(name) } });
    await idle(r);
    expect(openThreads(iid)).toHaveLength(6);
    expect(new Set(threads(iid).map(({ body }) => body))).toHaveProperty("size", 6);
    expect(planStatus(r, iid)).toBe("failed");
  });

  test("it refuses one thread: the others are there, the note has it, and the next push tries again", async () => {
    const name = "refused";
    r.gitlab.faults.add({ ...POSTS, fault: { kind: "status", status: 400 } });
    const iid = await propose(r, { as: "sam", branch: name, files: { [claim(name)]: wrong(name) } });
    expect(openThreads(iid)).toHaveLength(5);
    expect(noteOf(r, iid, PLAN)).toContain("claim/owner-unknown");
    await push(name, { "README.md": "Some words\n" });
    expect(openThreads(iid)).toHaveLength(6);
  });
});

describe("lines", () => {
  test("are those of the branch, also when the target moved since", async () => {
    const name = "behind";
    const before = (await r.gitlab.file(DEV)) ?? "";
    const files = { [DEV]: before.replace("^1.2.0", "newest") };
    await r.gitlab.push({ branch: name, as: "sam", files });
    await r.gitlab.push({ branch: "main", as: "mara", files: { [DEV]: `# One more line\n${before}` } });
    const iid = await r.gitlab.openMergeRequest({ as: "sam", source: name });
    await idle(r);
    expect(noteOf(r, iid, PLAN)).toContain(`${DEV}:21:`);
    expect(await marked(iid, DEV, name)).toEqual(["version: newest claim/version-constraint"]);
    expect(threads(iid)[0]?.position).toMatchObject({ new_line: 20, old_line: null });
  });

  test("that are far from every change have no thread: the note has them", async () => {
    const name = "near";
    const text = (await r.gitlab.file(DEV)) ?? "";
    // Of another type it would have other names, too: they stand at the end of the file.
    const iid = await propose(r, { as: "sam", branch: name, files: { [DEV]: text.replace("type: dev", "type: stage") } });
    const note = noteOf(r, iid, PLAN);
    expect(note).toContain("claim/hostname-other-type");
    expect(await marked(iid, DEV, name)).toEqual(["type: stage claim/live-type", "type: stage claim/type-folder"]);
  });

  test("of a file that was renamed and changed are found", async () => {
    const name = "moved";
    const text = (await r.gitlab.file(DEV)) ?? "";
    const renamed = text.replace("name: ledger-dev", "name: ledger-moved").replace("region: fra", "region: fr");
    const iid = await propose(r, { as: "sam", branch: name, files: { [DEV]: null, [claim("ledger-moved")]: renamed } });
    expect(await marked(iid, claim("ledger-moved"), name)).toContain("region: fr claim/region-unknown");
    expect(threads(iid)[0]?.position).toMatchObject({ old_path: DEV, new_path: claim("ledger-moved") });
  });
});

test("many mistakes have twenty open threads: one more for each that is mended, and those that stand keep theirs", async () => {
  const name = "many";
  const services = (from: number): string =>
    Array.from({ length: 30 - from }, (_, index) => `    - name: s${index + from}\n      version: "not ${index + from}"\n`).join(
      "",
    );
  const text = (from: number): string => RIGHT(name).replace("  services:\n", `  services:\n${services(from)}`);
  const iid = await propose(r, { as: "sam", branch: name, files: { [claim(name)]: text(0) } });
  expect(openThreads(iid)).toHaveLength(20);
  const standing = openThreads(iid).filter(({ body }) => Number(/not (\d+)/.exec(body)?.[1]) >= 5);
  await push(name, { [claim(name)]: text(5) });
  expect(openThreads(iid)).toHaveLength(20);
  expect(standing.length).toBeGreaterThan(10);
  expect(openThreads(iid)).toEqual(expect.arrayContaining(standing));
});

test("an unreadable platform.yaml resolves nothing: the claims were not judged", async () => {
  const name = "unreadable";
  const platform = (await r.gitlab.file("platform.yaml")) ?? "";
  const iid = await propose(r, { as: "sam", branch: name, files: { [claim(name)]: wrong(name, 2) } });
  await push(name, { "platform.yaml": platform.replace("kind: Platform", "kind: Platform\nkind: Twice") });
  const shown = openThreads(iid).map(({ position }) => position?.new_path);
  expect(shown.slice(0, 3)).toEqual([claim(name), claim(name), "platform.yaml"]);
  await push(name, { "platform.yaml": platform });
  expect(await marked(iid, claim(name), name)).toEqual([
    "owner: commerce/shp claim/owner-unknown",
    "region: fr claim/region-unknown",
  ]);
});

test("a fork's mistakes are marked in its own files", async () => {
  const fork = await r.gitlab.fork("ana");
  await r.gitlab.push({ branch: "theirs", as: "ana", project: fork, files: { [claim("theirs")]: wrong("theirs", 1) } });
  const iid = await r.gitlab.openMergeRequest({ as: "ana", source: "theirs", fork });
  await idle(r);
  expect(threads(iid).map(({ position }) => position?.new_path)).toEqual([claim("theirs")]);
});

test("without a mistake no thread is read or written, from the first push to the last", async () => {
  const name = "clean";
  const before = r.gitlab.faults.requests.length;
  const iid = await propose(r, { as: "sam", branch: name, files: { [claim(name)]: RIGHT(name) } });
  await push(name, { [claim(name)]: RIGHT(name).replace("max: 2", "max: 3") });
  await push(name, { "README.md": "More words\n" });
  const paths = r.gitlab.faults.requests.slice(before).map(({ path }) => path);
  expect(planStatus(r, iid)).toBe("success");
  expect(paths.filter((path) => path.includes("/discussions"))).toEqual([]);
});
