/** GitLab's proof for a terminal or a CI job: the same facts, by the same rules, as the service has for its releases. */
import { join } from "node:path";
import { openDatabase } from "../adapters/db.ts";
import { openMirror } from "../adapters/git/mirror.ts";
import { openForge } from "../adapters/gitlab/forge.ts";
import { memoryOf } from "../adapters/memory.ts";
import { makeDataDirectory, openWorld } from "../app.ts";
import type { Config } from "../config.ts";
import type { Jobs, Memory } from "../core/ports.ts";
import { forgeGround, type ForgeGround } from "../flows/forge-ground.ts";
import type { ForgeWorld } from "../flows/world.ts";
import type { LocalGit } from "./local.ts";

export interface Proven extends AsyncDisposable {
  readonly world: ForgeWorld;
  readonly ground: ForgeGround;
  /** What nobody here can know, in one sentence; undefined where all of it is known. */
  readonly unknown: string | undefined;
}

/** Throws Stalled where HEAD is not on the default branch of the project, Waiting where GitLab cannot be asked. */
export async function openProven(local: LocalGit, gitlab: NonNullable<Config["gitlab"]>, signal: AbortSignal): Promise<Proven> {
  const { config, dataDirectory, log } = local;
  const forge = openForge(gitlab);
  const [project, head] = await Promise.all([forge.project(signal), local.repository.commit("HEAD")]);
  await makeDataDirectory(dataDirectory);
  const repository = await openMirror({
    // Not the service's: that may be at work in the same directory.
    directory: join(dataDirectory, "terminal.git"),
    url: `${gitlab.url.replace(/\/+$/, "")}/${project.path}.git`,
    token: gitlab.token,
  });
  await using opened = new AsyncDisposableStack();
  const database = config.databaseUrl === undefined ? undefined : await openDatabase({ databaseUrl: config.databaseUrl });
  if (database !== undefined) opened.use(database);
  const world: ForgeWorld = {
    ...(await openWorld(config, { dataDirectory, repository, forge, log })),
    forge,
    memory: database === undefined ? (FORGETFUL as Memory) : memoryOf(database),
    jobs: NO_JOBS,
  };
  const ground = await forgeGround(world, signal, head);
  const owned = opened.move();
  return {
    world,
    ground,
    unknown:
      database === undefined
        ? "who pushed and which plan was shown is remembered in the service's database: give this command its DATABASE_URL"
        : undefined,
    [Symbol.asyncDispose]: async () => owned.disposeAsync(),
  };
}

/** Without the service's database nobody knows who pushed and what was reviewed: what needs either is held. A release asks for nothing else. */
const FORGETFUL: Pick<Memory, "pusherOf" | "reviewedPlans"> = {
  pusherOf: async () => undefined,
  reviewedPlans: async () => undefined,
};

const NO_JOBS: Jobs = {
  accept: async () => Promise.reject(new Error("a terminal takes no deliveries")),
  enqueue: async () => Promise.reject(new Error("a terminal leaves nothing to be done later")),
};
