/** Until when each object must be locked: as long as the newest record that stands on it asks, by the rules of that record's time. Pure. */
import { PLATFORM_NAME } from "../../core/adopted.ts";
import type { EnvironmentType } from "../../core/environment.ts";
import { bundleKey } from "../../core/render/bundle.ts";
import { recordKey, type Log, type LogRecord } from "../../core/record.ts";
import { planKey } from "../../targets/claim-store/log.ts";
import { retention } from "../../targets/retention.ts";
import type { AdoptionRecord } from "../adoption.ts";
import { receiptKey } from "../receipt.ts";

/** Key → until when. A key that is not here needs a lock of no length: no record stands on it (a plan that was never released). */
export type NeededLocks = ReadonlyMap<string, Date>;

export function neededLocks(logs: readonly Log[], adoptions: readonly AdoptionRecord[]): NeededLocks {
  const needed = new Map<string, Date>();
  const ask = (key: string, until: Date): void => {
    const before = needed.get(key);
    if (before === undefined || before < until) needed.set(key, until);
  };
  for (const log of logs) {
    let type: EnvironmentType | undefined;
    for (const record of log) {
      if (record.kind === "Publication") ({ type } = record.claim.spec);
      if (type === undefined) continue;
      const until = lockedUntil(type, record.at, adoptions);
      for (const key of keysOf(record)) ask(key, until);
      ask(receiptKey(record.environment, record.sequence), receiptLockedUntil(type, record.at, adoptions));
    }
  }
  for (const { sequence, at, planDigest } of adoptions) {
    const until = lockedUntil("prod", at, adoptions);
    ask(recordKey(PLATFORM_NAME, sequence), until);
    if (planDigest !== undefined) ask(planKey(planDigest), until);
  }
  return needed;
}

/** What is written once at a time for an environment of a type: by the rules that were adopted then. */
function lockedUntil(type: EnvironmentType, at: string, adoptions: readonly AdoptionRecord[]): Date {
  const adoption = adoptions.findLast((one) => one.at <= at) ?? adoptions[0];
  return retention(type, adoption?.rules.platform, new Date(at));
}

/** It is written later than its record, by the rules of that time: at least as long as the shortest of them asks. */
function receiptLockedUntil(type: EnvironmentType, at: string, adoptions: readonly AdoptionRecord[]): Date {
  const later = adoptions.filter((one) => one.at > at).map(({ rules }) => retention(type, rules.platform, new Date(at)));
  return new Date(Math.min(...[lockedUntil(type, at, adoptions), ...later].map((until) => until.getTime())));
}

/** The record itself, and what it stands on. */
export function keysOf(record: LogRecord): readonly string[] {
  const { environment, sequence, planDigest } = record;
  const keys = [recordKey(environment, sequence), planKey(planDigest)];
  return record.kind === "Publication" ? [...keys, bundleKey(environment, record.releaseDigest)] : keys;
}
