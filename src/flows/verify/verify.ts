/**
 * Verify: reads a claim store as an auditor would. Every record follows the one before, every plan and bundle is what its digest says,
 * every release follows from its git commit, every pointer from its record, and nothing that is written once was written twice, deleted or
 * left unlocked. Reads only, and says all that deviates.
 */
import { PLATFORM_NAME } from "../../core/adopted.ts";
import type { StoredReference } from "../../core/audit.ts";
import { Stalled } from "../../core/errors.ts";
import type { AuditableStore } from "../../core/ports.ts";
import { recordKey, type LogRecord } from "../../core/record.ts";
import { verifyAudit } from "../../core/verify-audit.ts";
import { readAuditLog } from "../../targets/claim-store/audit-log.ts";
import { isKnownKey } from "../../targets/claim-store/known-key.ts";
import { planKey } from "../../targets/claim-store/log.ts";
import type { World } from "../world.ts";
import { readAdoptions, type AdoptionRecord } from "../adoption.ts";
import { inGroups } from "../in-groups.ts";
import { deviation, type Deviation } from "./deviation.ts";
import { examineEnvironment, type ExaminedEnvironment } from "./examine-environment.ts";
import { examineObjects } from "./examine-objects.ts";
import { examineRelease } from "./examine-release.ts";
import { examineUnnamed } from "./examine-unnamed.ts";
import { keysOf, neededLocks } from "./needed-locks.ts";

export interface VerifyRequest {
  /** Empty: everything in the store. */
  readonly environments: readonly string[];
  /** ISO 8601, UTC: releases are derived again, and locks looked at, only of what was written since. The logs are read whole all the same. */
  readonly since?: string;
  /** Called when the logs have been read: brings the commits that they name. */
  readonly beforeDeriving?: () => Promise<void>;
}

export interface Verified {
  readonly environments: readonly VerifiedEnvironment[];
  /** Of the store as a whole: the rules' log, objects of no environment. */
  readonly others: readonly Deviation[];
  readonly records: number;
  readonly objects: number;
  /** What this store cannot show, in one sentence each. */
  readonly unchecked: readonly string[];
}

export interface VerifiedEnvironment {
  readonly environment: string;
  readonly records: number;
  /** Releases that were derived again from git. */
  readonly derived: number;
  readonly deviations: readonly Deviation[];
}

/** All of them, those of the environments first. */
export function deviationsOf({ environments, others }: Verified): readonly Deviation[] {
  return [...environments.flatMap(({ deviations }) => deviations), ...others];
}

type VerifyWorld = Pick<World, "repository" | "cache" | "instance"> & { readonly store: AuditableStore };

/**
 * What is released meanwhile is no deviation: all that speaks of something else is read before what it speaks of. Throws Waiting or Stalled
 * where store or repository cannot be reached at all.
 */
export async function verifyStore(world: VerifyWorld, request: VerifyRequest, signal: AbortSignal): Promise<Verified> {
  const { store } = world;
  const { environments: asked, since = "", beforeDeriving } = request;
  const whole = asked.length === 0;
  const names = whole ? await namesIn(store, signal) : [...new Set(asked)];
  const examined = await inGroups(names, 4, async (name) => examineEnvironment(store, name, signal));
  const { adoptions, faults } = await rules(store, signal);
  await beforeDeriving?.();
  const anybody = instancesOf(world, examined);
  const derived = await inGroups(examined, 4, async (one) => derive(world, adoptions, one, anybody, since, signal));
  const logs = examined.map(({ log }) => log);
  const needed = neededLocks(logs, adoptions);
  const prefixes = whole
    ? ["claims/", "releases/", "plans/", "receipts/", "audit/"]
    : [
        ...names.flatMap((name) => [`claims/${name}/`, `releases/${name}/`, `receipts/${name}/`]),
        ...new Set(logs.flat().map(({ planDigest }) => planKey(planDigest))),
      ];
  const objects = await inGroups(prefixes, 2, async (prefix) => examineObjects(store, prefix, since, needed, signal));
  const keys = objects.flatMap((one) => one.keys);
  const named = logs.flat().filter(({ at }) => at >= since);
  const ofObjects = [
    ...objects.flatMap(({ deviations }) => deviations),
    ...(await examineUnnamed(store, keys, new Set(named.flatMap(keysOf)), signal)),
  ];
  const quoted = examined.flatMap((one) => one.quoted);
  const audit = whole ? await examineAudit(store, quoted, logs.flat(), signal) : { faults: [], undecided: [] };
  const ofStore = whole ? [...audit.faults, ...(await foreignKeys(store, signal))] : [];
  const ofNames = Map.groupBy([...ofObjects, ...audit.undecided], ({ key }) => environmentIn(key));
  const environments = examined.map(({ name, log, deviations }, index): VerifiedEnvironment => {
    const { count = 0, found = [] } = derived[index] ?? {};
    return {
      environment: name,
      records: log.length,
      derived: count,
      deviations: [...deviations, ...found, ...(ofNames.get(name) ?? [])],
    };
  });
  const known = new Set(names);
  const others = [...faults, ...ofObjects.filter(({ key }) => !known.has(environmentIn(key))), ...ofStore];
  return {
    environments,
    others,
    records: logs.flat().length + adoptions.length,
    objects: keys.length,
    unchecked: store.locks ? [] : [`${store.name} cannot lock what it holds: no lock was looked for`],
  };
}

/** Empty for a key that is of no environment. */
function environmentIn(key: string): string {
  return /^(?:claims|releases|receipts|current)\/([^/]+?)(?:\.yaml)?(?:\/|$)/.exec(key)?.[1] ?? "";
}

/** Our own, and whoever else released into this store. */
function instancesOf({ instance }: VerifyWorld, examined: readonly ExaminedEnvironment[]): readonly string[] {
  return [...new Set([instance, ...examined.flatMap(({ instances }) => [...instances.values()])])];
}

/** The releases of an environment, as far as they are to be derived again. */
async function derive(
  world: VerifyWorld,
  adoptions: readonly AdoptionRecord[],
  { log, instances }: ExaminedEnvironment,
  anybody: readonly string[],
  since: string,
  signal: AbortSignal,
): Promise<{ readonly count: number; readonly found: readonly Deviation[] }> {
  const recent = log.filter(({ at }) => at >= since);
  const found = await inGroups(recent, 4, async (record) => {
    const own = instances.get(record.sequence);
    return examineRelease(world, adoptions, record, own === undefined ? anybody : [own], signal);
  });
  return { count: recent.filter(({ kind }) => kind === "Publication").length, found: found.flat() };
}

async function rules(
  store: AuditableStore,
  signal: AbortSignal,
): Promise<{ readonly adoptions: readonly AdoptionRecord[]; readonly faults: readonly Deviation[] }> {
  try {
    return { adoptions: await readAdoptions(store, signal), faults: [] };
  } catch (error) {
    if (!(error instanceof Stalled)) throw error;
    return { adoptions: [], faults: [deviation("rules/chain", `claims/${PLATFORM_NAME}/`, error.message)] };
  }
}

/** Of every environment that anything in the store speaks of, in byte order: a pointer without a log is one that somebody else wrote. */
async function namesIn(store: AuditableStore, signal: AbortSignal): Promise<readonly string[]> {
  const keys = [...(await store.versions("claims/", signal)), ...(await store.versions("current/", signal))];
  for (const prefix of ["receipts/", "releases/"]) keys.push(...(await store.versions(prefix, signal)));
  const names = new Set(keys.map(({ key }) => (isKnownKey(key) ? environmentIn(key) : "")));
  return [...names].filter((name) => name !== "" && name !== PLATFORM_NAME).toSorted();
}

/** The audit log, read after the records: whatever is released was decided before. */
async function examineAudit(
  store: AuditableStore,
  quoted: readonly StoredReference[],
  records: readonly LogRecord[],
  signal: AbortSignal,
): Promise<{ readonly faults: readonly Deviation[]; readonly undecided: readonly Deviation[] }> {
  const { entries, faults } = verifyAudit(await readAuditLog(store, signal), quoted);
  const decided = new Set(
    entries.flatMap(({ event }) =>
      event.kind === "Decision" && event.outcome !== "held" ? [`${event.environment} ${event.planDigest}`] : [],
    ),
  );
  // What was published before there was an audit log was decided all the same.
  const since = entries[0]?.at;
  const undecided = records.filter(
    ({ environment, planDigest, at }) => since !== undefined && at >= since && !decided.has(`${environment} ${planDigest}`),
  );
  return {
    faults: faults.map(({ fault, key, detail }) => deviation("audit/chain", key, `${fault}: ${detail}`)),
    undecided: undecided.map(({ environment, sequence }) => deviation("record/undecided", recordKey(environment, sequence))),
  };
}

/** Where nothing else looks. */
async function foreignKeys(store: AuditableStore, signal: AbortSignal): Promise<readonly Deviation[]> {
  const listed = await store.list("", signal);
  const examined = /^(claims|releases|plans|receipts|audit)\//;
  return listed.filter(({ key }) => !examined.test(key) && !isKnownKey(key)).map(({ key }) => deviation("object/foreign", key));
}
