/** A claim repository on a person's disk, opened for a command. */
import { existsSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { openCheckout, type Checkout } from "../adapters/git/checkout.ts";
import { openLog } from "../adapters/log.ts";
import { openWorld } from "../app.ts";
import { mistakeLines, readConfig, type Config } from "../config.ts";
import { Stalled } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Repository } from "../core/ports.ts";
import type { AuditableWorld } from "../flows/world.ts";
import { WrongUse } from "./exit.ts";
import type { Terminal } from "./terminal.ts";

export interface Local {
  /** The folder that holds platform.yaml. */
  readonly root: string;
  readonly dataDirectory: string;
  readonly config: Config;
  readonly log: Log;
  readonly world: AuditableWorld;
}

export interface LocalGit extends Local, AsyncDisposable {
  /** Sees the claim repository alone, also where it is a folder of a larger repository. */
  readonly repository: Repository;
  readonly checkout: Checkout;
}

/** Opens a claim repository without its history. Throws WrongUse for a wrong setting or a folder that is none. */
export async function openLocal(terminal: Terminal, directory: string | undefined): Promise<Local> {
  const root = rootOf(terminal, directory);
  return local(terminal, root, withoutHistory(root));
}

export async function openLocalGit(terminal: Terminal, directory: string | undefined): Promise<LocalGit> {
  const root = rootOf(terminal, directory);
  const checkout = await openCheckout(root);
  const repository = inFolder(checkout, relative(checkout.root, root));
  return {
    ...(await local(terminal, root, repository)),
    repository,
    checkout,
    [Symbol.asyncDispose]: async () => checkout[Symbol.asyncDispose](),
  };
}

function rootOf(terminal: Terminal, directory: string | undefined): string {
  const root = terminal.path(directory ?? ".");
  if (existsSync(join(root, "platform.yaml")) || existsSync(join(root, "environments"))) return root;
  throw new WrongUse(`${root} is no claim repository: it has neither platform.yaml nor environments/`);
}

async function local(terminal: Terminal, root: string, repository: Repository): Promise<Local> {
  const read = readConfig("command-line", terminal.env);
  if (!read.ok) throw new WrongUse(`the settings have mistakes:\n${mistakeLines(read.mistakes)}`);
  const { config } = read;
  const dataDirectory = resolve(root, config.dataDirectory);
  const log = openLog({ level: config.logLevel === "debug" ? "debug" : "error", secrets: config.secrets });
  return { root, dataDirectory, config, log, world: await openWorld(config, { dataDirectory, repository, log }) };
}

/** The claim repository may be a folder of a larger one: then only that folder is seen, by the same paths. */
function inFolder(repository: Repository, folder: string): Repository {
  if (folder === "") return repository;
  return {
    ...repository,
    async tree(treeish, paths = ["environments", "platform.yaml", "policies"]) {
      const entries = await repository.tree(
        treeish,
        paths.map((path) => `${folder}/${path}`),
      );
      return entries.map((entry) => ({ ...entry, path: entry.path.slice(folder.length + 1) }));
    },
    lastChange: async (commit, paths) =>
      repository.lastChange(
        commit,
        paths.map((path) => `${folder}/${path}`),
      ),
    async fileDiffs(from, to, paths) {
      const files = await repository.fileDiffs(
        from,
        to,
        paths.map((path) => `${folder}/${path}`),
      );
      return files.map((file) => ({ ...file, oldPath: within(folder, file.oldPath), newPath: within(folder, file.newPath) }));
    },
  };
}

/** A path from outside the folder, such as that of a file that was moved into it, stays whole. */
function within(folder: string, path: string): string {
  return path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path;
}

function withoutHistory(root: string): Repository {
  const refuse = async (): Promise<never> => {
    throw new Stalled(`this needs the git history of ${root}`, "Run it in a git repository");
  };
  return {
    fetch: refuse,
    commit: refuse,
    mergeResult: refuse,
    tree: refuse,
    blobs: refuse,
    isAncestor: refuse,
    parent: refuse,
    lastChange: refuse,
    peopleBetween: refuse,
    fileDiffs: refuse,
  };
}
