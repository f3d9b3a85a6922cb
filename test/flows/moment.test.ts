/** The time machine over an environment that went and came back as another type, under rules that changed and changed back. */
import { beforeAll, expect, test } from "vitest";
import { rulePart, rulesDigest, type Rules } from "../../src/core/adopted.ts";
import { momentDifferences, type Moment, type Which } from "../../src/core/moment.ts";
import { planOf } from "../../src/core/plan.ts";
import type { Log } from "../../src/core/record.ts";
import { renderMoment, renderMomentDifferences } from "../../src/core/render/moment-text.ts";
import { adopt } from "../../src/flows/adoption.ts";
import { readMoment } from "../../src/flows/moment.ts";
import { claimStoreTarget, readLog } from "../../src/targets/claim-store/claim-store.ts";
import { anEnvironment, going, platform, releaseOf } from "../targets/an-environment.ts";
import { aStore } from "../targets/claim-store/a-store.ts";

const NAME = "shop";
const { signal } = new AbortController();
const store = aStore();
const SOURCE = { project: "local", commit: "1".repeat(40), path: "platform.yaml", blob: "", approvers: [] };
const SHORT: Rules = { platform, policies: [] };
const { types } = platform.spec;
const LONG: Rules = {
  platform: { ...platform, spec: { ...platform.spec, types: { ...types, stage: { ...types.stage, retentionDays: 999 } } } },
  policies: [],
};
let log: Log;

/** At a day of November 2026: 1 SHORT, 2 dev, 3 and 4 gone, 5 LONG, 6 SHORT again, 7 stage. */
const day = (number: number): string => `2026-11-0${number}T12:00:00.000Z`;

beforeAll(async () => {
  const target = claimStoreTarget(store);
  const release = async (type: "dev" | "stage", number: number, rules: Rules, goes = false): Promise<void> => {
    const before = await readLog(store, NAME, signal);
    const environment = { ...anEnvironment(type, { name: NAME }), log: before };
    const judged = goes ? going(environment, before) : environment;
    const plan = planOf(judged, [], "inputs", rulesDigest(rules));
    const changes = [{ verb: "create" as const, key: "record", after: { key: "record" as const, kind: "claim" as const } }];
    const whole = { ...releaseOf(judged), plan, planDigest: plan.digest, at: day(number) };
    await target.apply(changes as unknown as Parameters<typeof target.apply>[0], whole, signal);
  };
  const rules = async (adopted: Rules, number: number): Promise<unknown> =>
    adopt({ store, now: () => new Date(day(number)) }, adopted, { source: SOURCE }, undefined, signal);
  await rules(SHORT, 1);
  await release("dev", 2, SHORT);
  await release("dev", 3, SHORT, true);
  await release("dev", 4, SHORT, true);
  await rules(LONG, 5);
  await rules(SHORT, 6);
  await release("stage", 7, SHORT);
  log = await readLog(store, NAME, signal);
});

async function moment(which: Which): Promise<Moment> {
  const found = await readMoment(store, log, which, signal);
  if (found === undefined) throw new Error("there is no such moment");
  return found;
}

test("each record is shown with the type, and the rules of the type, that it had; what is gone has none of it", async () => {
  expect(log.map(({ kind }) => kind)).toEqual(["Publication", "Tombstone", "Removed", "Publication"]);
  const moments = await Promise.all(log.map(async ({ sequence }) => moment({ sequence })));
  expect(moments.map(({ publication }) => publication?.claim.spec.type)).toEqual(["dev", undefined, undefined, "stage"]);
  expect(moments.map(({ objects }) => objects.length > 0)).toEqual([true, false, false, true]);
  const { dev, stage } = rulePart(platform).types;
  expect(moments.map(({ rules }) => rules?.of)).toEqual([dev, dev, dev, stage]);
});

test("rules that were adopted twice are told by the adoption that stood then", async () => {
  expect((await moment({ sequence: 1 })).rules?.adoptedAt).toBe(day(1));
  expect((await moment("newest")).rules?.adoptedAt).toBe(day(6));
});

test("a time between two records is that of the one before", async () => {
  expect((await moment({ at: day(6) })).record.sequence).toBe(3);
  expect(await readMoment(store, log, { at: day(1) }, signal)).toBeUndefined();
});

test("what differs between the two lives is the type, its rules and every object; both can be printed", async () => {
  const [a, b] = [await moment({ sequence: 1 }), await moment("newest")];
  const differences = momentDifferences(a, b);
  expect(differences.map(({ part }) => part)).toEqual(["claim", "rules", "objects"]);
  const text = renderMomentDifferences(a, b, differences, false);
  expect(text).toContain("~ spec.type  dev → stage");
  expect(renderMoment(a, 4)).toContain("record 1 (the newest is 4)  published 2026-11-02 12:00:00 UTC");
  const gone = await moment({ sequence: 3 });
  expect(renderMoment(gone, 4)).toContain("gone, said 2026-11-04");
  expect(momentDifferences(gone, b).map(({ part }) => part)).toEqual(["claim", "versions", "rules", "objects"]);
});
