/**
 * Races: somebody else acts between any two calls of a flow (threat S12). Each case is one act before one call. Either what was done
 * belongs to a state that was approved and current when the first effect began, or nothing was done and the next run decides anew.
 *
 * A sample of the positions, spread over the acts, keeps it short; CLAIMBOT_RACES=all takes every one.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Stale, Stalled, Waiting } from "../../src/core/errors.ts";
import { shortDigest } from "../../src/core/json.ts";
import type { Job } from "../../src/core/ports.ts";
import { chatops } from "../../src/flows/chatops.ts";
import { review } from "../../src/flows/review.ts";
import { runRelease } from "../../src/flows/run-release.ts";
import { expectClean } from "./actions.ts";
import { acts, movesInputs, undo, type Act, type Case } from "./race-acts.ts";
import { startBench, type Bench, type Call } from "./race-bench.ts";
import { answersTo, endOf, expectLive, isEffect, looksBefore, wrongReview, type End } from "./race-check.ts";
import { claimPath, claimText } from "./race-seed.ts";

const IS_WHOLE = process.env["CLAIMBOT_RACES"] === "all";
const TIMEOUT_MS = 170_000;

let bench: Bench;
let pool: Case[] = [];
let batches = 0;

const BATCH = 24;
/** GitLab lets nobody write more than 300 notes a minute, and a case has two. */
const BATCHES = 5;

async function open(): Promise<void> {
  bench = await startBench();
  pool = [];
  batches = 0;
  await workAll({ kind: "sweep" });
}

/** Does a job and all that it asks for. */
async function workAll(job: Job): Promise<void> {
  await bench.work(job);
  for (const next of await bench.takeJobs()) await bench.work(next);
}

async function close(): Promise<void> {
  await bench[Symbol.asyncDispose]();
  expectClean(bench);
}

/** As many new environments in one merge request: reviewed, approved, merged, and none released. */
async function merged(size: number, meanwhile: () => Promise<void> = async () => undefined): Promise<Case[]> {
  batches += 1;
  const names = Array.from({ length: size }, (_, index) => `race-${batches}-${index}`);
  const files = Object.fromEntries(names.map((name) => [claimPath(name), claimText(name)]));
  const source = `races-${batches}`;
  await bench.gitlab.push({ branch: source, as: "sam", files });
  const iid = await bench.gitlab.openMergeRequest({ as: "sam", source });
  for (const job of await bench.takeJobs()) await bench.work(job);
  await bench.gitlab.approve(iid, { as: "jo" });
  await meanwhile();
  await bench.gitlab.merge(iid, { as: "mara" });
  await bench.takeJobs();
  return names.map((name) => ({ name, iid }));
}

/** Environments come in small batches: every case looks at all that there are. */
async function next(meanwhile?: () => Promise<void>): Promise<Case> {
  if (pool.length === 0 && batches === BATCHES) {
    await close();
    await open();
  }
  if (pool.length === 0) pool = await merged(BATCH, meanwhile);
  const one = pool.shift();
  if (one === undefined) throw new Error("an empty batch");
  return one;
}

/** What became of it; an error of the third kind is a bug. */
async function ended(work: () => Promise<unknown>): Promise<Stale | Stalled | Waiting | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof Stale || error instanceof Stalled || error instanceof Waiting) return error;
    throw error;
  }
}

interface Sample {
  /** Every one of the calls before the first effect, or every third. */
  readonly step: 1 | 3;
  readonly offset: number;
}

/** Numbers of the calls before which somebody acts; those after the first effect are fewer by far. */
function numbersOf(undisturbed: readonly Call[], { step, offset }: Sample): readonly number[] {
  const first = undisturbed.findIndex(isEffect);
  const calls = undisturbed.flatMap(({ where }, index) => (where === "store" ? [] : [index]));
  const every = (index: number): number => (IS_WHOLE ? 1 : first < 0 || index < first ? step : 8);
  return calls.flatMap((index, number) => ((number + offset) % every(index) === 0 ? [number] : []));
}

interface Race {
  readonly act: Act;
  /** The calls by which the act is seen before the first effect; undefined where none does. */
  readonly look?: RegExp;
  /** What is read of the store, when the head is looked at for the last time. */
  readonly stored?: true;
  /** It is looked at once, for the plan, and not compared again: the target refuses what comes after. */
  readonly once?: true;
  /** How it ends where the act came before the first effect, and where it came after it. */
  readonly before: (end: End) => boolean;
  readonly after: (end: End) => boolean;
  readonly step?: 3;
}

const HEAD = /^fetch refs\/heads\/main$/;
const isLive = ({ state, log }: End): boolean => state === "live" && log.length === 1;
const isUntouched = ({ state, log, name }: End): boolean => state === "held" && log.length === 0 && name === "nobody";
/** What came without a merge request has no report; the one of the change that it overtook must not go on. */
const isSilent = ({ state, log, name }: End): boolean =>
  (state === undefined || state === "changed again") && log.length === 0 && name === "nobody";
const isTaken = ({ state, name }: End): boolean => state === "stopped" && name === "foreign";
const isKept = ({ state, log, name }: End): boolean => state === "held" && log.length === 0 && name === "foreign";
const isTheirs = ({ state, log }: End): boolean => state === "held" && log.at(-1)?.source.project === "local";

const SHARED: readonly Race[] = [
  { act: acts.withdrawsTheApproval, look: /\/approvals$/, before: isUntouched, after: isLive },
  { act: acts.holds, look: /\/merge_requests\/\d+$/, before: isUntouched, after: isLive },
  { act: acts.adoptsRules, look: HEAD, stored: true, before: isUntouched, after: isLive },
  { act: acts.pushesThisClaim, look: HEAD, before: isSilent, after: isLive },
  { act: acts.pushesAnotherClaim, look: HEAD, before: isLive, after: isLive, step: 3 },
  { act: acts.pushesToTheSource, before: isLive, after: isLive, step: 3 },
  { act: acts.publishes, before: isTheirs, after: isTheirs, step: 3 },
];

const RELEASE_RACES: readonly Race[] = [
  ...SHARED,
  { act: acts.changesTheRules, look: HEAD, before: isLive, after: isLive, step: 3 },
  {
    act: acts.takesTheName,
    look: /^GET .*\/dns_records\?/,
    once: true,
    before: isKept,
    after: (end) => isLive(end) || isTaken(end),
    step: 3,
  },
];

const NOTE = /\/notes\/\d+$/;
const COMMAND_RACES: readonly Race[] = [
  { act: acts.editsTheCommand, look: NOTE, before: isUntouched, after: isLive },
  { act: acts.takesHerRightsAway, look: /\/groups\/.*\/members\//, before: isUntouched, after: isLive, step: 3 },
  ...SHARED.map((race): Race => {
    if (race.act === acts.withdrawsTheApproval) return race;
    // A release comes back by itself; a command is refused as stale, and it is for people to say it again.
    const before = race.act === acts.pushesAnotherClaim ? (end: End) => isLive(end) || isUntouched(end) : race.before;
    return { ...race, before, step: 3 };
  }),
];

/** One act before one call of a flow; what is wrong afterwards. */
async function caseOf(
  { act, look, stored, once, before, after }: Race,
  number: number,
  about: Case,
  flow: () => Promise<unknown>,
): Promise<readonly string[]> {
  const strike = bench.strikeBefore(number, async () => act.does(bench, about));
  const error = await ended(flow);
  bench.calm();
  const calls = [...bench.calls];
  // As the queue would: what waits comes back.
  for (let again: unknown = error, times = 0; again instanceof Waiting && times < 5; times += 1) again = await ended(flow);
  await bench.work({ kind: "release", environment: about.name });
  const end = await endOf(bench, about);
  await undo(act, bench, about);

  const at = strike.index;
  // The act itself can make a flow shorter than it was undisturbed.
  if (at === undefined) return [];
  const first = calls.findIndex(isEffect);
  const looks = look === undefined ? [] : looksBefore(calls, first, look);
  // The decision stands on the last look but one: what came before that, it was made with.
  const decided = looks.at(once ? -1 : -2) ?? -1;
  const lastLook = (looks.at(-1) ?? -1) - (stored ? 1 : 0);
  const isBefore = first < 0 || at <= (look === undefined ? first : decided);
  const wrong = [...end.wrong, ...answersTo(bench, about, end)];
  if (first >= 0 && at > decided && at <= lastLook) wrong.push("an effect, although it was to be seen");
  if (error instanceof Stale && first >= 0) wrong.push(`stale after an effect: ${error.message}`);
  if (!(isBefore ? before : after)(end)) {
    wrong.push(`ends ${end.state}, ${end.log.length} records, the name is ${end.name}'s: ${end.note.slice(0, 400)}`);
  }
  return wrong.map((what) => `before ${at} (${calls[at]?.what}), first effect ${first}: ${what}`);
}

describe("between any two calls of a release, somebody", () => {
  let undisturbed: readonly Call[];
  beforeAll(async () => {
    await open();
    const about = await next();
    bench.strikeBefore(Number.POSITIVE_INFINITY, async () => undefined);
    await runRelease(bench.world, about.name, {}, bench.signal);
    undisturbed = [...bench.calls];
    await expectLive(bench, about);
  });
  afterAll(close);

  test.each(RELEASE_RACES.map((race, index) => ({ ...race, index })))(
    "$act.name",
    { timeout: TIMEOUT_MS },
    async ({ index, ...race }) => {
      const wrong: string[] = [];
      for (const number of numbersOf(undisturbed, { step: race.step ?? 1, offset: index })) {
        const about = await next();
        wrong.push(...(await caseOf(race, number, about, async () => runRelease(bench.world, about.name, {}, bench.signal))));
      }
      expect(wrong).toEqual([]);
    },
  );
});

describe("between any two calls of /claim apply <digest>, somebody", () => {
  let undisturbed: readonly Call[];

  /** A release that is held, and a note that confirms its plan. */
  async function confirmed(): Promise<{ readonly about: Case; flow(this: void): Promise<void> }> {
    const about = await next(async () => movesInputs(bench));
    const outcome = await runRelease(bench.world, about.name, {}, bench.signal);
    if (outcome.kind !== "held") throw new Error(`${about.name} is not held`);
    const text = `/claim apply ${about.name} ${shortDigest(outcome.plan.digest)}`;
    const note = await bench.gitlab.comment(about.iid, text, { as: "jo" });
    const job = (await bench.takeJobs()).find((one) => one.kind === "command");
    if (note === undefined || job?.kind !== "command") throw new Error("the command did not arrive");
    return { about: { ...about, note }, flow: async () => chatops(bench.world, job, bench.signal) };
  }

  beforeAll(async () => {
    await open();
    const { about, flow } = await confirmed();
    bench.strikeBefore(Number.POSITIVE_INFINITY, async () => undefined);
    await flow();
    undisturbed = [...bench.calls];
    await expectLive(bench, about);
  });
  afterAll(close);

  test.each(COMMAND_RACES.map((race, index) => ({ ...race, index })))(
    "$act.name",
    { timeout: TIMEOUT_MS },
    async ({ index, ...race }) => {
      const wrong: string[] = [];
      for (const number of numbersOf(undisturbed, { step: race.step ?? 1, offset: index })) {
        const { about, flow } = await confirmed();
        wrong.push(...(await caseOf(race, number, about, flow)));
      }
      expect(wrong).toEqual([]);
    },
  );
});

interface ReviewRace {
  readonly act: Act;
  readonly step?: 3;
  /** Nobody tells claimbot of it: the note says what was seen. */
  readonly unseen?: true;
}

const REVIEW_RACES: readonly ReviewRace[] = [
  { act: acts.pushesToTheSource },
  { act: acts.merges },
  { act: acts.retargets, step: 3 },
  { act: acts.closes, step: 3 },
  { act: acts.withdrawsTheApproval, step: 3 },
  { act: acts.holds, step: 3 },
  { act: acts.pushesAnotherClaim, step: 3 },
  { act: acts.pushesThisClaim, step: 3 },
  { act: acts.changesTheRules, step: 3 },
  { act: acts.adoptsRules, step: 3 },
  { act: acts.takesTheName, step: 3, unseen: true },
  { act: acts.publishes, step: 3 },
];

describe("between any two calls of a review, somebody", () => {
  let undisturbed: readonly Call[];
  let count = 0;

  /** An open merge request of one new environment, approved before anybody reviewed it: that approval never counts. */
  async function opened(): Promise<Case> {
    const name = `review-${(count += 1)}`;
    await bench.gitlab.push({ branch: name, as: "sam", files: { [claimPath(name)]: claimText(name) } });
    const iid = await bench.gitlab.openMergeRequest({ as: "sam", source: name });
    await bench.gitlab.approve(iid, { as: "jo" });
    await bench.takeJobs();
    return { name, iid };
  }

  /** What webhooks asked for, a sweep, and what that asked for. */
  async function settle({ iid }: Case, error: unknown): Promise<void> {
    if (error !== undefined) await bench.work({ kind: "review", mergeRequest: iid });
    for (const job of await bench.takeJobs()) await bench.work(job);
    await workAll({ kind: "sweep" });
  }

  beforeAll(async () => {
    await open();
    const { iid } = await opened();
    bench.strikeBefore(Number.POSITIVE_INFINITY, async () => undefined);
    await review(bench.world, iid, bench.signal);
    undisturbed = [...bench.calls];
    await bench.gitlab.close(iid, { as: "sam" });
    await bench.takeJobs();
  });
  afterAll(close);

  test.each(REVIEW_RACES.map((race, index) => ({ ...race, index })))(
    "$act.name",
    { timeout: TIMEOUT_MS },
    async ({ act, step, unseen, index }) => {
      const wrong: string[] = [];
      for (const number of numbersOf(undisturbed, { step: step ?? 1, offset: index })) {
        const about = await opened();
        const strike = bench.strikeBefore(number, async () => act.does(bench, about));
        const error = await ended(async () => review(bench.world, about.iid, bench.signal));
        bench.calm();
        const calls = [...bench.calls];
        await settle(about, error);
        const found = [
          ...calls.filter(isEffect).map(({ what }) => `an effect: ${what}`),
          ...(await wrongReview(bench, about, unseen === undefined)),
        ];
        wrong.push(...found.map((what) => `before ${strike.index} (${calls[strike.index ?? 0]?.what}): ${what}`));
        await undo(act, bench, about);
        if (bench.gitlab.mergeRequest(about.iid).state === "opened") await bench.gitlab.close(about.iid, { as: "sam" });
        await bench.takeJobs();
      }
      expect(wrong).toEqual([]);
    },
  );
});
