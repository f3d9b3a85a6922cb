/** What somebody else may do between two calls of claimbot's, each with what undoes it for the next case. */
import { digestOf, digestOfBytes, canonicalJson } from "../../src/core/json.ts";
import { HOLD_LABEL } from "../../src/core/gates.ts";
import { recordKey } from "../../src/core/record.ts";
import { adopt, adoptedRules } from "../../src/flows/adoption.ts";
import { parseClaim } from "../../src/core/claim/parse.ts";
import { readLog } from "../../src/targets/claim-store/claim-store.ts";
import type { Bench } from "./race-bench.ts";
import { claimPath, claimText, hostnameOf, OTHER_PATH } from "./race-seed.ts";

/** The environment and the merge request that a case is about; `note` is the command's. */
export interface Case {
  readonly name: string;
  readonly iid: number;
  readonly note?: number;
}

export interface Act {
  readonly name: string;
  readonly does: (bench: Bench, about: Case) => Promise<void>;
  readonly undoes?: (bench: Bench, about: Case) => Promise<void>;
}

let count = 0;
const fresh = (): number => (count += 1);
const noUndo = async (): Promise<void> => undefined;

export const acts = {
  pushesToTheSource: {
    name: "pushes to the source branch",
    does: async ({ gitlab }, { iid, name }) =>
      void (await gitlab.push({
        branch: gitlab.mergeRequest(iid).sourceBranch,
        as: "ana",
        files: { [claimPath(name)]: claimText(name, { maxNodes: 7 }) },
      })),
  },
  retargets: {
    name: "gives the merge request another target",
    async does({ gitlab }, { iid }) {
      if (gitlab.mergeRequest(iid).state !== "opened") return;
      await gitlab.edit(iid, { targetBranch: await otherBranch(gitlab) }, { as: "ana" });
    },
  },
  closes: {
    name: "closes the merge request",
    does: async ({ gitlab }, { iid }) => gitlab.close(iid, { as: "ana" }),
  },
  merges: {
    name: "merges it",
    does: async ({ gitlab }, { iid }) => void (await gitlab.merge(iid, { as: "mara" })),
  },
  editsTheCommand: {
    name: "edits the command's note",
    does: async ({ gitlab }, { iid, note = 0 }) => gitlab.editNote(iid, note, "Never mind", { as: "jo" }),
  },
  takesHerRightsAway: {
    name: "takes the commander's rights away",
    does: async ({ gitlab }) => gitlab.addGroupMember("commerce/payments", "jo", 20),
    undoes: async ({ gitlab }) => gitlab.addGroupMember("commerce/payments", "jo", 40),
  },
  withdrawsTheApproval: {
    name: "withdraws the approval",
    does: async ({ gitlab }, { iid }) => gitlab.unapprove(iid, { as: "jo" }),
    // Nobody can approve what is merged: the next case begins as this one did.
    async undoes({ gitlab }, { iid }) {
      const { approvals } = gitlab.mergeRequest(iid);
      if (approvals.length === 0) approvals.push({ user: gitlab.user("jo"), at: new Date() });
    },
  },
  holds: {
    name: "puts the hold label on",
    does: async ({ gitlab }, { iid }) => gitlab.edit(iid, { addLabels: [HOLD_LABEL] }, { as: "mara" }),
    undoes: async ({ gitlab }, { iid }) => gitlab.edit(iid, { removeLabels: [HOLD_LABEL] }, { as: "mara" }),
  },
  pushesAnotherClaim: {
    name: "pushes another claim to the default branch",
    async does(bench) {
      const before = Number(/max: (\d)/.exec((await bench.gitlab.file(OTHER_PATH)) ?? "")?.[1]);
      await push(bench, OTHER_PATH, claimText("other-dev", { type: "dev", maxNodes: (before % 6) + 1 }));
    },
  },
  pushesThisClaim: {
    name: "pushes this claim to the default branch",
    does: async (bench, { name }) => push(bench, claimPath(name), claimText(name, { maxNodes: 8 })),
  },
  changesTheRules: {
    name: "changes the rules on the default branch",
    does: async (bench) => push(bench, "platform.yaml", await rulesText(bench)),
  },
  adoptsRules: {
    name: "adopts rules that ask for two approvals",
    does: async (bench) => adoptApprovals(bench, 2),
    undoes: async (bench) => adoptApprovals(bench, 1),
  },
  takesTheName: {
    name: "makes a DNS record of the name by hand",
    does: async ({ cloudflare }, { name }) => {
      const taken = cloudflare.records("example.org").some((record) => record.name === hostnameOf(name));
      if (!taken) cloudflare.addForeignRecord("example.org", { type: "A", name: hostnameOf(name), content: "192.0.2.7" });
    },
  },
  publishes: {
    name: "publishes a record of this environment",
    does: publishElsewhere,
  },
} as const satisfies Readonly<Record<string, Act>>;

export async function undo(act: Act, bench: Bench, about: Case): Promise<void> {
  await (act.undoes ?? noUndo)(bench, about);
}

/** Another version of a component, past review: every plan that was reviewed before is another one now. */
export async function movesInputs(bench: Bench): Promise<void> {
  const text = (await bench.gitlab.file("platform.yaml")) ?? "";
  await push(bench, "platform.yaml", text.replace(/version: 0\.21\.\d+/, `version: 0.21.${fresh()}`));
}

async function otherBranch(gitlab: Bench["gitlab"]): Promise<string> {
  const name = "elsewhere";
  if ((await gitlab.project.repository.branchHead(name)) === undefined) {
    await gitlab.push({ branch: name, as: "mara", files: { "README.md": "Not for the environments\n" } });
  }
  return name;
}

async function push({ gitlab }: Bench, path: string, text: string): Promise<void> {
  if ((await gitlab.file(path)) === text) throw new Error("a push that changes nothing is no race");
  await gitlab.push({ branch: gitlab.project.defaultBranch, as: "mara", files: { [path]: text } });
}

/** Another number of approvals for stage than there is. */
async function rulesText({ gitlab }: Bench): Promise<string> {
  const text = (await gitlab.file("platform.yaml")) ?? "";
  return text.replace(
    /(stage:\n(?: {6}.*\n)*? {6}approvals: )(\d+)/,
    (_, before: string, approvals: string) => `${before}${(Number(approvals) % 5) + 1}`,
  );
}

/** As a release of the rules does at its end, somewhere else. */
async function adoptApprovals({ world: watched, store, signal }: Bench, approvals: number): Promise<void> {
  const world = { ...watched, store };
  const rules = await adoptedRules(world, signal);
  if (rules === undefined) throw new Error("rules are adopted before the races");
  const { platform } = rules;
  const { types } = platform.spec;
  const spec = { ...platform.spec, types: { ...types, stage: { ...types.stage, approvals } } };
  const source = { project: "local", commit: "0".repeat(40), path: "platform.yaml", blob: "", approvers: [] };
  await adopt(world, { ...rules, platform: { ...platform, spec } }, { source }, undefined, signal);
}

/** What a claimbot in somebody's terminal writes, of a claim of its own. */
async function publishElsewhere({ store, signal, gitlab }: Bench, { name }: Case): Promise<void> {
  const log = await readLog(store, name, signal);
  const text = claimText(name, { maxNodes: 9 });
  const parsed = parseClaim(claimPath(name), Buffer.from(text));
  if (!parsed.ok) throw new Error("the claim of another writer is a good one");
  const last = log.at(-1);
  const record = {
    kind: "Publication",
    environment: name,
    sequence: log.length + 1,
    at: new Date().toISOString(),
    source: { project: "local", commit: await gitlab.head(), path: claimPath(name), blob: "", approvers: [] },
    planDigest: digestOf("a plan of another writer"),
    claim: parsed.value,
    claimDigest: digestOf(parsed.value),
    versions: {},
    releaseDigest: digestOf("a release of another writer"),
    zones: ["example.org"],
    ...(last && { previous: digestOfBytes(`${canonicalJson(last)}\n`) }),
  };
  await store.putNew(recordKey(name, record.sequence), Buffer.from(`${canonicalJson(record)}\n`));
}
