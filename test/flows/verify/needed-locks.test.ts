/** Nothing that claimbot locks is called too short by verify, also where the rules change while it works. */
import { expect, test } from "vitest";
import { rulesDigest, rulesPlan, type Rules } from "../../../src/core/adopted.ts";
import { recordKey } from "../../../src/core/record.ts";
import { adopt, readAdoptions, type AdoptionRecord } from "../../../src/flows/adoption.ts";
import { neededLocks } from "../../../src/flows/verify/needed-locks.ts";
import { planKey, storePlan } from "../../../src/targets/claim-store/log.ts";
import { publicationOf } from "../../../src/targets/claim-store/model.ts";
import { retention } from "../../../src/targets/retention.ts";
import { startDouble } from "../../contract/s3-servers.ts";
import { anEnvironment, platform, releaseOf } from "../../targets/an-environment.ts";

const { signal } = new AbortController();
const SOURCE = { project: "local", commit: "1".repeat(40), path: "platform.yaml", blob: "", approvers: [] };

function rulesWith(retentionDays: number): Rules {
  const { types } = platform.spec;
  const all = { ...types, dev: { ...types.dev, retentionDays }, prod: { ...types.prod, retentionDays } };
  return { platform: { ...platform, spec: { ...platform.spec, types: all } }, policies: [] };
}

test("the plan of new rules is locked as long as their adoption, however long it took and however much longer they keep", async () => {
  await using s3 = await startDouble();
  const { store } = s3;
  const begun = new Date();
  const [before, after] = [rulesWith(100), rulesWith(200)];
  await adopt({ store, now: () => begun }, before, { source: SOURCE }, undefined, signal);
  const plan = rulesPlan(before, after);
  await storePlan(store, plan, { retainUntil: retention("prod", before.platform, begun) });
  const later = new Date(begun.getTime() + 10_000);
  await adopt({ store, now: () => later }, after, { source: SOURCE }, plan, signal);

  const needed = neededLocks([], await readAdoptions(store, signal));
  for (const key of [planKey(plan.digest), recordKey("platform", 2)]) {
    const until = (await store.facts(key))?.lock?.retainUntil.getTime() ?? 0;
    // The lock is written in whole seconds.
    expect(until + 1_000).toBeGreaterThanOrEqual(needed.get(key)?.getTime() ?? Infinity);
  }
});

test("a receipt that was written under later, shorter rules needs no longer lock than they ask; its record does", () => {
  const environment = anEnvironment("dev");
  const record = publicationOf(releaseOf(environment), undefined);
  const adoption = (sequence: number, at: string, days: number): AdoptionRecord => {
    const rules = rulesWith(days);
    return { kind: "Adoption", sequence, at, source: SOURCE, rules, rulesDigest: rulesDigest(rules) };
  };
  const later = new Date(Date.parse(record.at) + 60_000).toISOString();
  const needed = neededLocks([[record]], [adoption(1, "2020-01-01T00:00:00.000Z", 100), adoption(2, later, 10)]);
  const days = (key: string): number => ((needed.get(key)?.getTime() ?? 0) - Date.parse(record.at)) / 86_400_000;
  expect(days(recordKey(environment.name, 1))).toBe(100);
  expect(days(`receipts/${environment.name}/00000001.json`)).toBe(10);
});
