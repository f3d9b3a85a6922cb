/**
 * Verify: reads a claim store as an auditor would. Every record follows the one before, every plan and bundle is what its digest says,
 * every release follows from its git commit, every pointer from its record, and nothing that is written once was written twice, deleted or
 * left unlocked. Reads only, and says all that deviates.
 */
import type { AuditableStore, ObjectVersion } from "../../core/ports.ts";
import type { Log, LogRecord } from "../../core/record.ts";
import { counted } from "../../core/render/counted.ts";
import { planKey } from "../../targets/claim-store/log.ts";
import type { World } from "../world.ts";
import { inGroups } from "../in-groups.ts";
import type { Deviation } from "./deviation.ts";
import { examineAudit } from "./examine-audit.ts";
import { examineEnvironment, type ExaminedEnvironment } from "./examine-environment.ts";
import { examineObjects } from "./examine-objects.ts";
import { examineReleases, type ReleaseToExamine } from "./examine-releases.ts";
import { examineRules } from "./examine-rules.ts";
import { examineUnnamed } from "./examine-unnamed.ts";
import { isOfThisRendering } from "./reproduce.ts";
import { environmentIn, foreignElsewhere, isWrittenOnce, namesIn } from "./listing.ts";
import { keysOf, neededLocks } from "./needed-locks.ts";

export interface VerifyRequest {
  /** Empty: everything in the store. */
  readonly environments: readonly string[];
  /** ISO 8601, UTC: releases are derived again, and locks looked at, only of what was written since. The logs are read whole all the same. */
  readonly since?: string;
  /** Called when the logs have been read: brings the commits that they name. `newest`: the time of their newest record. */
  readonly beforeDeriving?: (newest: string | undefined) => Promise<void>;
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
  const listing = asked.length === 0 ? await store.versions("", signal) : undefined;
  const names = listing === undefined ? [...new Set(asked)] : namesIn(listing);
  const examined = await inGroups(names, 4, async (name) => examineEnvironment(store, name, signal));
  const { adoptions, faults } = await examineRules(store, signal);
  const logs = examined.map(({ log }) => log);
  await beforeDeriving?.(
    logs
      .flatMap((log) => log.at(-1)?.at ?? [])
      .toSorted()
      .at(-1),
  );
  const derived = await examineReleases(world, adoptions, releasesIn(world, examined, since), signal);
  const versions = listing?.filter(isWrittenOnce) ?? (await versionsOf(store, names, logs, signal));
  const objects = await examineObjects(store, versions, since, neededLocks(logs, adoptions), signal);
  const named = logs.flat().filter(({ at }) => at >= since);
  const ofObjects = [
    ...objects.deviations,
    ...(await examineUnnamed(store, objects.keys, new Set(named.flatMap(keysOf)), signal)),
  ];
  const quoted = examined.flatMap((one) => one.quoted);
  const audit = listing && (await examineAudit(store, quoted, logs.flat(), signal));
  const ofStore = listing === undefined ? [] : [...(audit?.faults ?? []), ...foreignElsewhere(listing)];
  const ofNames = Map.groupBy([...ofObjects, ...(audit?.undecided ?? [])], ({ key }) => environmentIn(key));
  const environments = examined.map(({ name, log, deviations }): VerifiedEnvironment => {
    const releases = log.filter((record) => derived.has(record));
    return {
      environment: name,
      records: log.length,
      derived: releases.filter((record) => record.kind === "Publication" && isOfThisRendering(record)).length,
      deviations: [...deviations, ...releases.flatMap((record) => derived.get(record) ?? []), ...(ofNames.get(name) ?? [])],
    };
  });
  const known = new Set(names);
  const others = [...faults, ...ofObjects.filter(({ key }) => !known.has(environmentIn(key))), ...ofStore];
  return {
    environments,
    others,
    records: logs.flat().length + adoptions.length,
    objects: objects.keys.length,
    unchecked: [...withoutLocks(store), ...otherwiseRendered([...derived.keys()])],
  };
}

function withoutLocks({ locks, name }: AuditableStore): readonly string[] {
  return locks ? [] : [`${name} cannot lock what it holds: no lock was looked for`];
}

function otherwiseRendered(records: readonly LogRecord[]): readonly string[] {
  const others = records.filter((record) => record.kind === "Publication" && !isOfThisRendering(record)).length;
  return others === 0
    ? []
    : [
        `${counted(others, "release")} of another version of claimbot cannot be derived again: only claim and inputs were compared with git`,
      ];
}

/** Those that are to be derived again, each with whoever may have rendered it: its receipt says so, else it may be anybody. */
function releasesIn(world: VerifyWorld, examined: readonly ExaminedEnvironment[], since: string): readonly ReleaseToExamine[] {
  const anybody = instancesOf(world, examined);
  return examined.flatMap(({ log, instances }) =>
    log
      .filter(({ at }) => at >= since)
      .map((record) => {
        const own = instances.get(record.sequence);
        return { record, instances: own === undefined ? anybody : [own] };
      }),
  );
}

/** What environments hold themselves, and the plans that their records name. */
async function versionsOf(
  store: AuditableStore,
  names: readonly string[],
  logs: readonly Log[],
  signal: AbortSignal,
): Promise<readonly ObjectVersion[]> {
  const prefixes = [
    ...names.flatMap((name) => [`claims/${name}/`, `releases/${name}/`, `receipts/${name}/`]),
    ...new Set(logs.flat().map(({ planDigest }) => planKey(planDigest))),
  ];
  return (await inGroups(prefixes, 16, async (prefix) => store.versions(prefix, signal))).flat();
}

/** Our own, and whoever else released into this store. */
function instancesOf({ instance }: VerifyWorld, examined: readonly ExaminedEnvironment[]): readonly string[] {
  return [...new Set([instance, ...examined.flatMap(({ instances }) => [...instances.values()])])];
}
