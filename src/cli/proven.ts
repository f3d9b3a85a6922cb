/** GitLab's proof for a terminal or a CI job: the same facts, by the same rules, as the service has for its releases. */
import { join } from "node:path";
import { openDatabase } from "../adapters/db.ts";
import { openMirror } from "../adapters/git/mirror.ts";
import { openForge } from "../adapters/gitlab/forge.ts";
import { memoryOf } from "../adapters/memory.ts";
import { gitUrl, makeDataDirectory, openWorld } from "../app.ts";
import type { Config } from "../config.ts";
import type { Jobs, Memory, ObjectStore } from "../core/ports.ts";
import { forgeGround, type ForgeGround } from "../flows/forge-ground.ts";
import { readReviews } from "../flows/verify/audit.ts";
import type { ForgeWorld } from "../flows/world.ts";
import type { LocalGit } from "./local.ts";

export interface Proven extends AsyncDisposable {
  readonly world: ForgeWorld;
  readonly ground: ForgeGround;
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
    url: gitUrl(gitlab, project.path),
    token: gitlab.token,
  });
  await using opened = new AsyncDisposableStack();
  const database = config.databaseUrl === undefined ? undefined : await openDatabase({ databaseUrl: config.databaseUrl });
  if (database !== undefined) opened.use(database);
  const base = await openWorld(config, { dataDirectory, repository, forge, log });
  const world: ForgeWorld = {
    ...base,
    forge,
    memory: database === undefined ? ((await memoryInAudit(base.store, signal)) as Memory) : memoryOf(database),
    jobs: NO_JOBS,
  };
  const ground = await forgeGround(world, signal, head);
  const owned = opened.move();
  return { world, ground, [Symbol.asyncDispose]: async () => owned.disposeAsync() };
}

/**
 * Without the service's database, what it wrote into the audit log: which plans were shown for which head, and who pushed that. A release asks
 * a memory for nothing else. What is not there is unknown, and what needs it is held.
 */
async function memoryInAudit(store: ObjectStore, signal: AbortSignal): Promise<Pick<Memory, "pusherOf" | "reviewedPlans">> {
  const wayOut = "Nothing is proven by it before somebody has found out why; claimbot audit shows all of it";
  const { plans, pushers } = await readReviews(store, wayOut, signal);
  return { pusherOf: async (sha) => pushers.get(sha), reviewedPlans: async (iid) => plans.get(iid) };
}

const NO_JOBS: Jobs = {
  accept: async () => Promise.reject(new Error("a terminal takes no deliveries")),
  enqueue: async () => Promise.reject(new Error("a terminal leaves nothing to be done later")),
};
