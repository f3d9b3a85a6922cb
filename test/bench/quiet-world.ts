/** The world of a service whose GitLab answers at once and holds one merge request, so that only our own time is left. */
import { readConfig } from "../../src/config.ts";
import { openWorld } from "../../src/app.ts";
import { SILENT } from "../../src/core/log.ts";
import type { Forge, Memory, MergeRequest, Repository, ReviewedPlans, StickyNote, User } from "../../src/core/ports.ts";
import type { ForgeWorld } from "../../src/flows/world.ts";
import { lookMemory } from "../flows/look-memory.ts";
import { statusMemory } from "../flows/status-memory.ts";

export interface QuietWorld extends ForgeWorld {
  /** From now on this is the open merge request, and this its head. */
  show(iid: number, head: string): void;
  /** How many calls of the forge there were since it was asked last. */
  takeCalls(): number;
}

const PROJECT = {
  id: 1,
  path: "platform/static-environments",
  defaultBranch: "main",
  webUrl: "https://gitlab.example.org/platform/static-environments",
  threadsMustBeResolved: false,
};
const MARA: User = { id: 7, username: "mara", name: "Mara", bot: false };

/** Keeps claims and plans below the directory; `main` is the commit of the default branch. The mirror is never fetched: what it needs is in it. */
export async function quietWorld(directory: string, mirror: Repository, main: string): Promise<QuietWorld> {
  const read = readConfig("command-line", {});
  if (!read.ok) throw new Error("the command line needs no setting");
  const shown = { iid: 0, head: main, calls: 0 };
  const repository: Repository = {
    ...mirror,
    fetch: async (refs) => refs.map((ref) => (ref === "refs/heads/main" ? main : shown.head)),
  };
  const world = await openWorld(read.config, { dataDirectory: directory, repository, log: SILENT });
  return {
    ...world,
    forge: counting(forgeOf(shown), () => (shown.calls += 1)),
    memory: newMemory(),
    jobs: { accept: async () => "stored", enqueue: async () => undefined },
    show: (iid, head) => void Object.assign(shown, { iid, head }),
    takeCalls() {
      const { calls } = shown;
      shown.calls = 0;
      return calls;
    },
  };
}

/** The calls that a review makes; every other one is a bug of the benchmark. */
function forgeOf(shown: { readonly iid: number; readonly head: string }): Partial<Forge> {
  const mergeRequest = (): MergeRequest => ({
    iid: shown.iid,
    title: "Change a claim",
    state: "opened",
    draft: false,
    author: MARA,
    sha: shown.head,
    sourceBranch: "change",
    targetBranch: PROJECT.defaultBranch,
    sourceProjectId: PROJECT.id,
    targetProjectId: PROJECT.id,
    labels: [],
    mergedCommit: undefined,
    noteCount: 0,
    webUrl: `${PROJECT.webUrl}/-/merge_requests/${shown.iid}`,
  });
  return {
    project: async () => PROJECT,
    mergeRequest: async () => mergeRequest(),
    openMergeRequests: async () => [mergeRequest()],
    findOwnNote: async () => undefined,
    createNote: async (iid, body) => ({
      id: iid,
      body,
      author: MARA,
      system: false,
      resolvable: false,
      createdAt: "",
      updatedAt: "",
    }),
    setStatus: async () => undefined,
  };
}

function counting(forge: Partial<Forge>, count: () => void): Forge {
  return new Proxy(forge as Forge, {
    get(target, name: keyof Forge) {
      if (!(name in target)) throw new Error(`a review is not known to call ${name}`);
      count();
      return target[name];
    },
  });
}

function newMemory(): Memory {
  const notes = new Map<string, StickyNote>();
  const plans = new Map<number, ReviewedPlans>();
  return {
    stickyNote: async (iid, marker) => notes.get(`${iid} ${marker}`),
    rememberStickyNote: async (iid, marker, note) => void notes.set(`${iid} ${marker}`, note),
    pusherOf: async () => MARA.id,
    rememberPusher: async () => {},
    reviewedPlans: async (iid) => plans.get(iid),
    rememberReviewedPlans: async (iid, reviewed) => void plans.set(iid, reviewed),
    ...statusMemory(),
    ...lookMemory(),
  };
}
