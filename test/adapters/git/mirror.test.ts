import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openMirror } from "../../../src/adapters/git/mirror.ts";
import { localRef } from "../../../src/adapters/git/ref.ts";
import { Stalled, Waiting } from "../../../src/core/errors.ts";
import { Secret } from "../../../src/core/secret.ts";
import { commitFiles, run, startRemote, temporaryFolder } from "./remote.ts";

const MAIN = "refs/heads/main";
const HEAD = "refs/merge-requests/12/head";
const files = { "platform.yaml": "kind: Platform\n", "environments/dev/shop.yaml": "name: shop\n" };

async function scene(options?: Parameters<typeof startRemote>[0]) {
  const remote = await startRemote(options);
  const folder = temporaryFolder();
  const directory = join(folder.path, "mirrors", "claims.git");
  const token = options && { token: new Secret(options.token), username: options.username };
  const mirror = await openMirror({ directory, url: remote.url, ...token });
  return {
    remote,
    directory,
    mirror,
    async [Symbol.asyncDispose]() {
      await remote[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

describe("fetch", () => {
  test("brings the named refs and nothing else, in the order asked for", async () => {
    await using s = await scene();
    const main = commitFiles(s.remote.bare, MAIN, files);
    const head = commitFiles(s.remote.bare, HEAD, { ...files, "environments/dev/new.yaml": "name: new\n" }, [main]);
    commitFiles(s.remote.bare, "refs/heads/other", { other: "x" });
    run(s.remote.bare, ["tag", "v1", main]);
    expect(await s.mirror.fetch([HEAD, MAIN])).toEqual([head, main]);
    const refs = run(s.directory, ["for-each-ref", "--format=%(refname)"]).split("\n");
    expect(refs.toSorted()).toEqual([localRef(HEAD), localRef(MAIN)].toSorted());
    expect(await s.mirror.commit(MAIN)).toBe(main);
    expect(await s.mirror.commit(head)).toBe(head);
  });

  test("says undefined for refs that the remote does not have, and forgets what it had of them", async () => {
    await using s = await scene();
    const main = commitFiles(s.remote.bare, MAIN, files);
    commitFiles(s.remote.bare, HEAD, files, [main]);
    await s.mirror.fetch([HEAD, MAIN]);
    run(s.remote.bare, ["update-ref", "-d", HEAD]);
    expect(await s.mirror.fetch(["refs/heads/never", HEAD, MAIN])).toEqual([undefined, undefined, main]);
    await expect(s.mirror.commit(HEAD)).rejects.toThrow(Stalled);
  });

  test("follows a branch that was pushed with force", async () => {
    await using s = await scene();
    commitFiles(s.remote.bare, MAIN, files);
    await s.mirror.fetch([MAIN]);
    const other = commitFiles(s.remote.bare, MAIN, { "platform.yaml": "other\n" });
    expect(await s.mirror.fetch([MAIN])).toEqual([other]);
  });

  test("sends the token as a header, and leaves it in no file", async () => {
    const canary = "glpat-canary-token";
    await using s = await scene({ username: "bot", token: canary });
    const main = commitFiles(s.remote.bare, MAIN, files);
    expect(await s.mirror.fetch([MAIN])).toEqual([main]);
    expect(new Set(s.remote.authorizations)).toEqual(new Set([`Basic ${Buffer.from(`bot:${canary}`).toString("base64")}`]));
    const basic = Buffer.from(`bot:${canary}`).toString("base64");
    for (const name of readdirSync(s.directory, { recursive: true, encoding: "utf8" })) {
      const path = join(s.directory, name);
      if (!statSync(path).isFile()) continue;
      const text = readFileSync(path, "latin1");
      expect([name, text.includes(canary) || text.includes(basic)]).toEqual([name, false]);
    }
  });

  test("stalls with a way out, and without the token in it, when the token is refused", async () => {
    await using remote = await startRemote({ username: "bot", token: "right" });
    await using folder = temporaryFolder();
    const mirror = await openMirror({
      directory: join(folder.path, "m"),
      url: remote.url,
      username: "bot",
      token: new Secret("wrong-canary"),
    });
    const error = await mirror.fetch([MAIN]).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(Stalled);
    expect(String(error) + JSON.stringify(error)).not.toContain("wrong-canary");
    expect((error as Stalled).wayOut).toContain("CLAIMBOT_GITLAB_TOKEN");
  });

  test("waits when nobody answers", async () => {
    await using folder = temporaryFolder();
    const remote = await startRemote();
    await remote[Symbol.asyncDispose]();
    const mirror = await openMirror({ directory: join(folder.path, "m"), url: remote.url });
    await expect(mirror.fetch([MAIN])).rejects.toThrow(Waiting);
  });

  test.each([
    "http://git.example.org/x.git",
    "ssh://git@example.org/x.git",
    "ext::sh -c id",
    "file:///etc",
    "/etc",
    "https://user:pw@example.org/x",
  ])("does not speak to %s", async (url) => {
    await using folder = temporaryFolder();
    await expect(openMirror({ directory: join(folder.path, "m"), url })).rejects.toThrow(Stalled);
  });

  test("runs fetches of one directory one after the other", async () => {
    await using s = await scene();
    const main = commitFiles(s.remote.bare, MAIN, files);
    const second = await openMirror({ directory: s.directory, url: s.remote.url });
    const all = await Promise.all(Array.from({ length: 6 }, async (_, index) => (index % 2 ? second : s.mirror).fetch([MAIN])));
    expect(all).toEqual(Array.from({ length: 6 }, () => [main]));
  });
});

describe("names of others", () => {
  const hostile = [
    "--upload-pack=touch pwned",
    "--upload-pack=x",
    ";id",
    "$(touch pwned)",
    "`id`",
    "a|b",
    "'\"",
    "-c",
    "ümlaut",
    "a/../b",
    "a.lock",
    "@{-1}",
  ];

  test.each([...hostile, "line\nbreak", "nul\0byte", "..", "x..y", "refs/../../etc", "a b", "trailing/", "a^b", "a:b", "*"])(
    "a branch called %j is a name like any other, or no branch",
    async (name) => {
      await using s = await scene();
      const main = commitFiles(s.remote.bare, MAIN, files);
      let exists = true;
      try {
        run(s.remote.bare, ["update-ref", `refs/heads/${name}`, main]);
      } catch {
        exists = false; // git itself refuses the name: no remote can have it
      }
      expect(await s.mirror.fetch([`refs/heads/${name}`, MAIN])).toEqual([exists ? main : undefined, main]);
      if (!exists) await expect(s.mirror.commit(`refs/heads/${name}`)).rejects.toThrow(Stalled);
      expect(existsSync(join(s.directory, "pwned"))).toBe(false);
      expect(readdirSync(join(s.directory, "refs"))).toEqual(["mirror"]);
    },
  );

  test.each(hostile)("no option, expression or path gets through as an id: %j", async (name) => {
    await using s = await scene();
    const [main] = [commitFiles(s.remote.bare, MAIN, files)];
    await s.mirror.fetch([MAIN]);
    await expect(s.mirror.commit(name)).rejects.toThrow(Stalled);
    await expect(s.mirror.tree(name)).rejects.toThrow("bug");
    await expect(s.mirror.blobs([name])).rejects.toThrow("bug");
    await expect(s.mirror.mergeResult(main, name)).rejects.toThrow("bug");
    await expect(s.mirror.isAncestor(name, main)).rejects.toThrow("bug");
    await expect(s.mirror.peopleBetween(name, main)).rejects.toThrow("bug");
  });
});

describe("reading", () => {
  test("merges in memory, and names the paths of a conflict", async () => {
    await using s = await scene();
    const base = commitFiles(s.remote.bare, MAIN, files);
    const main = commitFiles(s.remote.bare, MAIN, { ...files, "platform.yaml": "main\n" }, [base]);
    const good = commitFiles(s.remote.bare, HEAD, { ...files, "environments/dev/shop.yaml": "head\n" }, [base]);
    const bad = commitFiles(s.remote.bare, "refs/heads/bad", { ...files, "platform.yaml": "head\n" }, [base]);
    const [, , head] = await s.mirror.fetch([MAIN, HEAD, "refs/heads/bad"]);
    expect(head).toBe(bad);
    const merged = await s.mirror.mergeResult(main, good);
    expect(merged.kind).toBe("merged");
    const tree = await s.mirror.tree(merged.kind === "merged" ? merged.tree : "");
    const blobs = await s.mirror.blobs(tree.map((entry) => entry.blob));
    expect(Object.fromEntries(tree.map((entry) => [entry.path, Buffer.from(blobs.get(entry.blob)!).toString()]))).toEqual({
      "platform.yaml": "main\n",
      "environments/dev/shop.yaml": "head\n",
    });
    expect(await s.mirror.mergeResult(main, bad)).toEqual({ kind: "conflict", paths: ["platform.yaml"] });
    expect(await s.mirror.isAncestor(base, main)).toBe(true);
    expect(await s.mirror.isAncestor(main, good)).toBe(false);
  });

  test("a tree cannot choose how it is merged", async () => {
    await using s = await scene();
    const attributed = { ...files, ".gitattributes": "*.yaml merge=union\n" };
    const base = commitFiles(s.remote.bare, MAIN, attributed);
    const main = commitFiles(s.remote.bare, MAIN, { ...attributed, "platform.yaml": "main\n" }, [base]);
    const head = commitFiles(s.remote.bare, HEAD, { ...attributed, "platform.yaml": "head\n" }, [base]);
    await s.mirror.fetch([MAIN, HEAD]);
    expect(await s.mirror.mergeResult(main, head)).toMatchObject({ kind: "conflict" });
  });

  test("stalls on branches with nothing in common", async () => {
    await using s = await scene();
    const main = commitFiles(s.remote.bare, MAIN, files);
    const head = commitFiles(s.remote.bare, HEAD, { other: "x" });
    await s.mirror.fetch([MAIN, HEAD]);
    await expect(s.mirror.mergeResult(main, head)).rejects.toThrow("no commit in common");
  });

  test("lists below paths, with modes, and odd names as they are", async () => {
    await using s = await scene();
    const odd = 'environments/dev/a\nb\t"ü.yaml';
    const main = commitFiles(s.remote.bare, MAIN, { ...files, readme: "x", [odd]: "x", "environments/dev/link.yaml": null });
    await s.mirror.fetch([MAIN]);
    const entries = await s.mirror.tree(main, ["environments", "platform.yaml", "policies"]);
    expect(entries.map(({ path, mode }) => `${mode} ${path}`)).toEqual([
      `100644 ${odd}`,
      "120000 environments/dev/link.yaml",
      "100644 environments/dev/shop.yaml",
      "100644 platform.yaml",
    ]);
    expect(await s.mirror.tree(main, ["nothing"])).toEqual([]);
  });

  test("never takes a void for an empty listing", async () => {
    await using s = await scene();
    await expect(s.mirror.tree("a".repeat(40))).rejects.toThrow(Waiting);
    const main = commitFiles(s.remote.bare, MAIN, files);
    const empty = commitFiles(s.remote.bare, "refs/heads/empty", {}, [main]);
    await s.mirror.fetch([MAIN, "refs/heads/empty"]);
    await expect(s.mirror.tree("a".repeat(40))).rejects.toThrow(Stalled);
    await expect(s.mirror.tree(empty)).rejects.toThrow("is empty");
    await expect(s.mirror.tree(empty, ["environments"])).rejects.toThrow("is empty");
  });

  test("names the people between two commits, whatever they are called", async () => {
    await using s = await scene();
    const main = commitFiles(s.remote.bare, MAIN, files);
    const one = commitFiles(s.remote.bare, HEAD, { ...files, a: "1" }, [main]);
    const two = commitFiles(s.remote.bare, HEAD, { ...files, a: "2" }, [one]);
    await s.mirror.fetch([MAIN, HEAD]);
    const person = { authorName: "Mara", authorEmail: "mara@example.org", committerName: "Jo", committerEmail: "jo@example.org" };
    expect(await s.mirror.peopleBetween(main, two)).toEqual([
      { sha: two, ...person },
      { sha: one, ...person },
    ]);
    expect(await s.mirror.peopleBetween(two, main)).toEqual([]);
  });

  test("finds the merge that brought a path", async () => {
    await using s = await scene();
    const base = commitFiles(s.remote.bare, MAIN, files);
    const branch = commitFiles(s.remote.bare, "refs/heads/x", { ...files, "platform.yaml": "2" }, [base]);
    const merge = commitFiles(s.remote.bare, MAIN, { ...files, "platform.yaml": "2" }, [base, branch]);
    const later = commitFiles(s.remote.bare, MAIN, { ...files, "platform.yaml": "2", other: "x" }, [merge]);
    await s.mirror.fetch([MAIN]);
    expect(await s.mirror.lastChange(later, ["platform.yaml"])).toBe(merge);
    expect(await s.mirror.parent(merge)).toBe(base);
    await expect(s.mirror.parent(base)).rejects.toThrow(Stalled);
    expect(await s.mirror.lastChange(later, ["environments/dev/shop.yaml", "none"])).toBe(base);
    expect(await s.mirror.lastChange(later, ["none"])).toBeUndefined();
    expect(await s.mirror.lastChange(later, [":(glob)**"])).toBeUndefined();
  });
});

describe("after an accident", () => {
  test("a lock of a git that was killed is taken away, a fresh one is waited for", async () => {
    await using s = await scene();
    commitFiles(s.remote.bare, MAIN, files);
    await s.mirror.fetch([MAIN]);
    const next = commitFiles(s.remote.bare, MAIN, { ...files, more: "x" });
    const lock = join(s.directory, `${localRef(MAIN)}.lock`);
    writeFileSync(lock, "");
    await expect(s.mirror.fetch([MAIN])).rejects.toThrow(Waiting);
    const longAgo = new Date(Date.now() - 600_000);
    utimesSync(lock, longAgo, longAgo);
    expect(await s.mirror.fetch([MAIN])).toEqual([next]);
    expect(existsSync(lock)).toBe(false);
  });

  test.each([
    ["HEAD is missing", (directory: string) => rmSync(join(directory, "HEAD"))],
    ["the configuration is torn", (directory: string) => writeFileSync(join(directory, "config"), "[core\n")],
    ["all objects are gone", (directory: string) => rmSync(join(directory, "objects"), { recursive: true })],
    [
      "one object is torn",
      (directory: string) => {
        const commit = run(directory, ["rev-parse", localRef(MAIN)]);
        const path = join(directory, "objects", commit.slice(0, 2), commit.slice(2));
        execFileSync("chmod", ["u+w", path]);
        writeFileSync(path, "garbage");
      },
    ],
  ])("the mirror is made anew when %s", async (_, damage) => {
    await using s = await scene();
    const main = commitFiles(s.remote.bare, MAIN, files);
    await s.mirror.fetch([MAIN]);
    damage(s.directory);
    // Reading says "wait" or "no such thing", never "nothing there".
    await expect(s.mirror.tree(main)).rejects.toThrow(/mirror|has no/);
    expect(await s.mirror.fetch([MAIN])).toEqual([main]);
    expect(await s.mirror.tree(main)).toHaveLength(2);
  });

  test("a blob that a tree names and the mirror lost makes it fetch anew", async () => {
    await using s = await scene();
    const main = commitFiles(s.remote.bare, MAIN, files);
    await s.mirror.fetch([MAIN]);
    const [entry] = await s.mirror.tree(main);
    rmSync(join(s.directory, "objects", entry!.blob.slice(0, 2), entry!.blob.slice(2)), { force: true });
    await expect(s.mirror.blobs([entry!.blob])).rejects.toThrow(Waiting);
    await s.mirror.fetch([MAIN]);
    expect((await s.mirror.blobs([entry!.blob])).size).toBe(1);
  });
});
