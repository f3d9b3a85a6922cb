import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openCheckout } from "../../../src/adapters/git/checkout.ts";
import { blobId, MAX_BLOB_BYTES } from "../../../src/adapters/git/blob.ts";
import { filesOnDisk } from "../../../src/adapters/git/files-on-disk.ts";
import { Stalled } from "../../../src/core/errors.ts";
import { run, temporaryFolder } from "./remote.ts";

function clone(path: string): { base: string; main: string; feature: string } {
  run(path, ["init", "-q", "-b", "main"]);
  mkdirSync(join(path, "environments", "dev"), { recursive: true });
  const commit = (file: string, text: string): string => {
    writeFileSync(join(path, file), text);
    run(path, ["add", "."]);
    run(path, ["commit", "-qm", "change"]);
    return run(path, ["rev-parse", "HEAD"]);
  };
  commit("platform.yaml", "1\n");
  const base = commit("environments/dev/shop.yaml", "name: shop\n");
  run(path, ["checkout", "-qb", "feature"]);
  const feature = commit("environments/dev/new.yaml", "name: new\n");
  run(path, ["checkout", "-q", "main"]);
  return { base, main: commit("platform.yaml", "2\n"), feature };
}

/** Every file below a folder with its time and content: nothing may change. */
function snapshot(path: string): string {
  return readdirSync(path, { recursive: true, encoding: "utf8" })
    .toSorted()
    .map((name) => {
      const stats = statSync(join(path, name));
      return `${name} ${stats.mtimeMs} ${stats.isFile() ? readFileSync(join(path, name), "base64") : ""}`;
    })
    .join("\n");
}

describe("a person's own repository", () => {
  test("is read, merged and looked over without a change to any file in it", async () => {
    await using folder = temporaryFolder();
    const { base, main, feature } = clone(folder.path);
    const before = snapshot(folder.path);
    await using checkout = await openCheckout(join(folder.path, "environments"));
    expect(checkout.root).toBe(folder.path);
    expect(await checkout.commit("HEAD")).toBe(main);
    expect(await checkout.commit("main~1")).toBe(base);
    expect(await checkout.fetch(["refs/heads/feature", "refs/heads/none"])).toEqual([feature, undefined]);
    const merged = await checkout.mergeResult(main, feature);
    const tree = await checkout.tree(merged.kind === "merged" ? merged.tree : "");
    expect(tree.map(({ path }) => path)).toEqual(["environments/dev/new.yaml", "environments/dev/shop.yaml", "platform.yaml"]);
    expect((await checkout.blobs(tree.map(({ blob }) => blob))).size).toBe(3);
    expect(await checkout.isAncestor(base, feature)).toBe(true);
    expect(await checkout.lastChange(main, ["environments"])).toBe(base);
    expect(await checkout.peopleBetween(main, feature)).toMatchObject([
      { sha: feature, authorName: "Mara", committerEmail: "jo@example.org" },
    ]);
    expect(await checkout.isClean()).toBe(true);
    expect(snapshot(folder.path)).toBe(before);
  });

  test("is not clean with a changed, a staged or an untracked file, and is with an ignored one", async () => {
    await using folder = temporaryFolder();
    clone(folder.path);
    await using checkout = await openCheckout(folder.path);
    writeFileSync(join(folder.path, ".git", "info", "exclude"), ".claimbot\n");
    writeFileSync(join(folder.path, ".claimbot"), "x");
    expect(await checkout.isClean()).toBe(true);
    writeFileSync(join(folder.path, "environments", "new.yaml"), "x");
    expect(await checkout.isClean()).toBe(false);
    run(folder.path, ["add", "environments/new.yaml"]);
    expect(await checkout.isClean()).toBe(false);
  });

  test("runs nothing that its configuration names", async () => {
    await using folder = temporaryFolder();
    const { main, feature } = clone(folder.path);
    const trap = join(folder.path, ".git", "trap");
    writeFileSync(trap, `#!/bin/sh\ntouch '${folder.path}/.git/pwned'\n`);
    chmodSync(trap, 0o755);
    for (const key of ["core.fsmonitor", "merge.mine.driver", "core.sshCommand", "core.pager", "diff.external"])
      run(folder.path, ["config", key, trap]);
    writeFileSync(join(folder.path, ".git", "info", "attributes"), "* merge=mine\n");
    await using checkout = await openCheckout(folder.path);
    await checkout.isClean();
    await checkout.mergeResult(main, feature);
    await checkout.peopleBetween(main, feature);
    expect(readdirSync(join(folder.path, ".git"))).not.toContain("pwned");
  });

  test("stalls on a shallow clone where history is needed, and only there", async () => {
    await using folder = temporaryFolder();
    const origin = join(folder.path, "origin");
    mkdirSync(origin);
    const { main, feature } = clone(origin);
    run(folder.path, ["clone", "-q", "--depth", "1", "--no-single-branch", `file://${origin}`, "shallow"]);
    await using checkout = await openCheckout(join(folder.path, "shallow"));
    expect(await checkout.tree(await checkout.commit("HEAD"))).toHaveLength(2);
    for (const asked of [
      checkout.mergeResult(main, feature),
      checkout.isAncestor(main, feature),
      checkout.peopleBetween(main, feature),
      checkout.lastChange(main, ["x"]),
    ]) {
      const error = await asked.catch((error: unknown) => error);
      expect(error).toBeInstanceOf(Stalled);
      expect((error as Stalled).wayOut).toContain("GIT_DEPTH");
    }
  });

  test("a linked work tree is read like any other", async () => {
    await using folder = temporaryFolder();
    const own = join(folder.path, "own");
    mkdirSync(own);
    const { feature } = clone(own);
    run(own, ["worktree", "add", "-q", join(folder.path, "linked"), "feature"]);
    await using checkout = await openCheckout(join(folder.path, "linked"));
    expect(checkout.root).toBe(join(folder.path, "linked"));
    expect(await checkout.tree(await checkout.commit("HEAD"))).toHaveLength(3);
    expect(await checkout.commit("HEAD")).toBe(feature);
  });

  test.each(["--upload-pack=x", ";id", "$(id)", "@{x", "nope", "", "a\nb", "HEAD:platform.yaml"])(
    "%j is no commit",
    async (ref) => {
      await using folder = temporaryFolder();
      clone(folder.path);
      await using checkout = await openCheckout(folder.path);
      await expect(checkout.commit(ref)).rejects.toThrow(Stalled);
    },
  );

  test("stalls outside a repository, and in one without a commit", async () => {
    await using folder = temporaryFolder();
    await expect(openCheckout(folder.path)).rejects.toThrow("not in a git repository");
    run(folder.path, ["init", "-q"]);
    await using checkout = await openCheckout(folder.path);
    await expect(checkout.commit("HEAD")).rejects.toThrow(Stalled);
  });

  test("a lost object stalls", async () => {
    await using folder = temporaryFolder();
    const { main } = clone(folder.path);
    const tree = run(folder.path, ["rev-parse", "HEAD^{tree}"]);
    rmSync(join(folder.path, ".git", "objects", tree.slice(0, 2), tree.slice(2)), { force: true });
    await using checkout = await openCheckout(folder.path);
    await expect(checkout.tree(main)).rejects.toThrow(Stalled);
  });
});

describe("files on disk", () => {
  test("have the ids and modes that git gives them, untracked ones included; links are not followed", async () => {
    await using folder = temporaryFolder();
    clone(folder.path);
    mkdirSync(join(folder.path, "policies"));
    writeFileSync(join(folder.path, "policies", "base.cedar"), "permit (principal, action, resource);\n");
    writeFileSync(join(folder.path, "environments", "dev", "tool.yaml"), "ü\0binary");
    chmodSync(join(folder.path, "environments", "dev", "tool.yaml"), 0o755);
    symlinkSync("/etc/passwd", join(folder.path, "environments", "dev", "link.yaml"));
    symlinkSync("..", join(folder.path, "environments", "loop"));
    writeFileSync(join(folder.path, "other.txt"), "not ours");
    const files = filesOnDisk(folder.path);
    run(folder.path, ["add", "."]);
    const index = run(folder.path, ["ls-files", "-s", "environments", "platform.yaml", "policies"]).split("\n");
    expect(files.map(({ mode, blob, path }) => `${mode} ${blob} 0\t${path}`).toSorted()).toEqual(index.toSorted());
    expect(files.map(({ path }) => path)).toEqual(files.map(({ path }) => path).toSorted());
  });

  test("a submodule is one, and a link in place of environments is a link", async () => {
    await using folder = temporaryFolder();
    mkdirSync(join(folder.path, "policies", "sub", ".git"), { recursive: true });
    symlinkSync("elsewhere", join(folder.path, "environments"));
    expect(filesOnDisk(folder.path)).toMatchObject([
      { path: "environments", mode: "120000" },
      { path: "policies/sub", mode: "160000" },
    ]);
  });

  test("a very long file is hashed whole and cut", async () => {
    await using folder = temporaryFolder();
    const bytes = Buffer.alloc(MAX_BLOB_BYTES * 3 + 7, "x");
    writeFileSync(join(folder.path, "platform.yaml"), bytes);
    const [file] = filesOnDisk(folder.path);
    expect(file!.blob).toBe(blobId(bytes));
    expect(file!.bytes.byteLength).toBe(MAX_BLOB_BYTES + 1);
  });

  test("an empty folder has none", async () => {
    await using folder = temporaryFolder();
    expect(filesOnDisk(folder.path)).toEqual([]);
  });
});
