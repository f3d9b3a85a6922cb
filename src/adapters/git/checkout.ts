/**
 * A person's own repository, for the command line: read only. Objects are read through a view, a bare repository in the temporary
 * folder that borrows theirs, so that a merge result is written there and nobody's configuration, hooks or attributes take part.
 */
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Stalled } from "../../core/errors.ts";
import type { Repository } from "../../core/ports.ts";
import { makeBareRepository, type ObjectFormat } from "./bare-repository.ts";
import { bareEnvironment, personalEnvironment } from "./environment.ts";
import { fileDiffsOf } from "./file-diffs.ts";
import * as objects from "./objects.ts";
import { git, GitFailure, type GitPlace } from "./run.ts";

export interface Checkout extends Repository, AsyncDisposable {
  /** The folder that holds platform.yaml: the top of the work tree. */
  readonly root: string;
  /** True when `HEAD` says all: nothing is changed, staged or untracked (ignored files aside). */
  isClean(): Promise<boolean>;
}

/** Throws Stalled where there is no work tree. `fetch` brings nothing: it says what the local refs are. */
export async function openCheckout(directory: string): Promise<Checkout> {
  const own: GitPlace = { directory, environment: personalEnvironment() };
  const { root, objectDirectory, commonDirectory, shallow, objectFormat } = await look(own);
  const gitDirectory = await mkdtemp(join(tmpdir(), "claimbot-view-"));
  const remove = async (): Promise<void> => rm(gitDirectory, { recursive: true, force: true });
  try {
    await makeBareRepository(gitDirectory, { objectFormat, alternate: objectDirectory });
    if (shallow) await copyFile(join(commonDirectory, "shallow"), join(gitDirectory, "shallow"));
  } catch (error) {
    await remove();
    throw error;
  }
  const view: GitPlace = { directory: gitDirectory, environment: bareEnvironment({ gitDirectory }) };
  const history = <T>(read: () => Promise<T>): Promise<T> => {
    if (!shallow) return read();
    return Promise.reject(
      new Stalled(
        `${root} is a shallow clone: its history is cut off`,
        "Run git fetch --unshallow; in a pipeline, set GIT_DEPTH to 0 for the job",
      ),
    );
  };

  return {
    root,
    isClean: async () => {
      const { stdout } = await git(own, ["status", "--porcelain=v1", "-z", "--untracked-files=all", "--ignore-submodules=none"]);
      return stdout === "";
    },
    fetch: async (refs) => Promise.all(refs.map(async (ref) => objects.commitOf(own, ref))),
    commit: async (ref) => {
      const commit = await namedCommit(own, ref);
      if (commit !== undefined) return commit;
      throw new Stalled(
        `${root} has no commit ${JSON.stringify(ref.slice(0, 80))}`,
        shallow
          ? "Fetch it; this is a shallow clone: git fetch --unshallow"
          : "Name a branch, a tag or a commit that git log shows",
      );
    },
    mergeResult: async (target, head) => history(async () => objects.mergeResultOf(view, target, head)),
    tree: async (treeish, paths = []) => objects.treeOf(view, treeish, paths),
    blobs: async (ids) => objects.blobsOf(view, ids),
    parent: async (commit) => history(async () => objects.parentOf(view, commit)),
    isAncestor: async (ancestor, descendant) => history(async () => objects.isAncestorOf(view, ancestor, descendant)),
    lastChange: async (commit, paths) => history(async () => objects.lastChangeOf(view, commit, paths)),
    peopleBetween: async (target, head) => history(async () => objects.peopleBetweenOf(view, target, head)),
    fileDiffs: async (from, to, paths) => fileDiffsOf(view, from, to, paths),
    [Symbol.asyncDispose]: remove,
  };
}

/** What a person may call a commit; an odd expression, such as `@{x`, is a failure to git and just no commit to us. */
async function namedCommit(own: GitPlace, name: string): Promise<string | undefined> {
  // No name of git's begins with a dash, and simple-git refuses what looks like an option even here.
  if (name.startsWith("-")) return undefined;
  return objects.commitOf(own, name).catch((error: unknown) => {
    if (error instanceof GitFailure) return undefined;
    throw error;
  });
}

interface Look {
  readonly root: string;
  readonly commonDirectory: string;
  readonly objectDirectory: string;
  readonly shallow: boolean;
  readonly objectFormat: ObjectFormat;
}

async function look(own: GitPlace): Promise<Look> {
  const asked = [
    "--show-toplevel",
    "--git-common-dir",
    "--git-path",
    "objects",
    "--is-shallow-repository",
    "--show-object-format",
  ];
  try {
    const { stdout } = await git(own, ["rev-parse", "--path-format=absolute", ...asked]);
    const [root = "", commonDirectory = "", objectDirectory = "", shallow, format] = stdout.split("\n");
    return {
      root,
      commonDirectory,
      objectDirectory,
      shallow: shallow === "true",
      objectFormat: format === "sha256" ? "sha256" : "sha1",
    };
  } catch (error) {
    if (!(error instanceof GitFailure)) throw error;
    const owner = /dubious ownership/.test(error.stderr);
    throw new Stalled(
      owner ? `${own.directory} belongs to somebody else` : `${own.directory} is not in a git repository`,
      owner ? `Run git config --global --add safe.directory ${own.directory}` : "Run claimbot in a clone of the claim repository",
      { cause: error },
    );
  }
}
