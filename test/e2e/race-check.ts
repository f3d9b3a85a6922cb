/** What must be so after a race: found as sentences about what is wrong, so that one run of a matrix shows all of it. */
import { expect } from "vitest";
import { shortDigest } from "../../src/core/json.ts";
import { recordKey, type Log } from "../../src/core/record.ts";
import { PLAN_MARKER } from "../../src/core/render/plan-note.ts";
import { reportMarker } from "../../src/core/render/report-note.ts";
import { review } from "../../src/flows/review.ts";
import { readLog } from "../../src/targets/claim-store/claim-store.ts";
import type { Case } from "./race-acts.ts";
import type { Bench, Call } from "./race-bench.ts";
import { hostnameOf } from "./race-seed.ts";

/** True for what changes something outside, or the claim log: plans and releases are only objects that nobody names yet. */
export function isEffect({ where, what }: Call): boolean {
  switch (where) {
    case "git":
      return false;
    case "store":
      return /^put claims\/|^replace current\//.test(what);
    case "flux":
      return what.startsWith("POST");
    case "cloudflare":
      return !what.startsWith("GET") && !what.includes("dry_run=true");
    case "gitlab":
      return /^(POST|PUT|DELETE) .*\/(environments|deployments)\b/.test(what);
  }
}

/** Indices of the calls before the first effect that match. */
export function looksBefore(calls: readonly Call[], firstEffect: number, matches: RegExp): readonly number[] {
  return calls.flatMap(({ what }, index) => (matches.test(what) && (firstEffect < 0 || index < firstEffect) ? [index] : []));
}

export interface End {
  readonly log: Log;
  /** Of the environment's report, undefined where there is none. */
  readonly state: "live" | "held" | "stopped" | "on its way" | "changed again" | undefined;
  readonly note: string;
  /** Who owns the environment's name at Cloudflare. */
  readonly name: "ours" | "foreign" | "nobody";
}

/** How a case ended, and everything that its report claims and is not so. */
export async function endOf(bench: Bench, { name, iid }: Case): Promise<End & { readonly wrong: readonly string[] }> {
  const log = await readLog(bench.store, name, bench.signal);
  const notes = bench.gitlab
    .notes(iid, { by: bench.bot.username })
    .filter(({ body }) => body.startsWith(reportMarker(name)))
    .map(({ body }) => body);
  const [note = ""] = notes;
  const state = (
    [
      ["is live", "live"],
      ["is held", "held"],
      ["stopped", "stopped"],
      ["is on its way", "on its way"],
      ["was changed again", "changed again"],
    ] as const
  ).find(([words]) => note.split("\n")[1]?.includes(words))?.[1];
  const records = bench.cloudflare.records("example.org").filter((record) => record.name === hostnameOf(name));
  const owner = records.length === 0 ? "nobody" : records.every(({ type }) => type === "CNAME") ? "ours" : "foreign";
  const end: End = { log, state, note, name: owner };
  return { ...end, wrong: [...(notes.length > 1 ? ["two reports"] : []), ...wrongIn(end, name, await receiptsOf(bench, name))] };
}

/** The environment is live, and everything that was said of it is so. */
export async function expectLive(bench: Bench, about: Case): Promise<void> {
  const end = await endOf(bench, about);
  expect({ ...end, wrong: [...end.wrong, ...answersTo(bench, about, end)] }).toMatchObject({ state: "live", wrong: [] });
}

/** What is wrong with a merge request after its reviews. `isSeen`: another look must find nothing that the note does not say. */
export async function wrongReview(bench: Bench, { name, iid }: Case, isSeen: boolean): Promise<readonly string[]> {
  const { gitlab, world, signal } = bench;
  const { state, targetBranch } = gitlab.mergeRequest(iid);
  const notes = (): readonly string[] =>
    gitlab.notes(iid, { by: bench.bot.username }).flatMap(({ body }) => (body.startsWith(PLAN_MARKER) ? [body] : []));
  const [note, second] = notes();
  const wrong: string[] = [];
  const must = (holds: boolean, what: string): void => void (holds || wrong.push(what));
  must(second === undefined, "two plan notes");
  must(
    (await readLog(bench.store, name, signal)).every(({ source }) => source.project === "local"),
    "released without an approval that counts",
  );
  if (state !== "opened") return wrong;
  const head = gitlab.headOf(iid);
  const known = await world.memory.reviewedPlans(iid);
  const digests = Object.values(known?.plans ?? {});
  if (targetBranch !== gitlab.project.defaultBranch) {
    must(note === undefined || note.includes("Not planned"), `a plan for another branch: ${note}`);
    must(digests.length === 0, "approvals would stand for a plan that is none");
    return wrong;
  }
  must(known?.sha === head, `remembered ${known?.sha}, the head is ${head}`);
  must(
    digests.every((digest) => note?.includes(shortDigest(digest))),
    `the note does not quote the plan that is remembered: ${note}`,
  );
  must(
    gitlab.statuses(iid).some((one) => one.name === "claimbot/plan" && ["success", "failed"].includes(one.state)),
    "no status of the head",
  );
  await review(world, iid, signal);
  if (isSeen) must(notes()[0] === note, `another look says something else: ${note} --- ${notes()[0]}`);
  return wrong;
}

/** What is wrong with the answers to a case's command; a case without one has none. */
export function answersTo({ gitlab, bot }: Bench, { iid, note, name }: Case, { log }: End): readonly string[] {
  if (note === undefined) return [];
  const answers = gitlab.notes(iid, { by: bot.username }).filter(({ body }) => body.includes(`claimbot:answer:${note} -->`));
  const [answer] = answers;
  if (answers.length > 1) return ["two answers"];
  // Edited before it was read, it was never a command; what was seen is answered.
  if (answer === undefined) return gitlab.reactions(iid, note).length === 0 ? [] : ["no answer"];
  const ours = log.filter(({ source }) => source.project !== "local");
  const wrong: string[] = [];
  if (answer.body.includes("is done") && !ours.some(({ sequence }) => answer.body.includes(recordKey(name, sequence)))) {
    wrong.push("the answer says that it is done, and no record was written");
  }
  if (answer.body.includes("Nothing was done") && ours.length > 0) {
    wrong.push("the answer says that nothing was done, and a record was written");
  }
  return wrong.map((what) => `${what}: ${answer.body}`);
}

async function receiptsOf({ store }: Bench, name: string): Promise<readonly number[]> {
  return (await store.list(`receipts/${name}/`)).map(({ key }) => Number(/(\d+)\.json$/.exec(key)?.[1]));
}

function wrongIn({ log, state, note, name: owner }: End, name: string, receipts: readonly number[]): readonly string[] {
  const head = log.at(-1);
  const wrong: string[] = [];
  const must = (holds: boolean, what: string): void => void (holds || wrong.push(what));
  const foreign = log.filter(({ source }) => source.project === "local");
  must(
    !receipts.some((sequence) => foreign.some((record) => record.sequence === sequence)),
    "a receipt for somebody else's record",
  );
  must(log.length - foreign.length <= 1, "published twice");
  if (state === "live") {
    must(head !== undefined && note.includes(recordKey(name, head.sequence)), "the report does not name the newest record");
    must(head !== undefined && note.includes(shortDigest(head.planDigest)), "the report does not quote the record's plan");
    must(head !== undefined && receipts.includes(head.sequence), "live without a receipt");
    must(owner === "ours", `live, but its name is ${owner}`);
  }
  if (/Nothing was done\b/.test(note))
    must(log.length === foreign.length, "the report says that nothing was done, and a record was written");
  must(state !== "on its way", "still on its way");
  return wrong;
}
