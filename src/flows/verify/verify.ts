/**
 * Verify: reads a claim store as an auditor would. Every record follows the one before, every plan and bundle is what its digest says,
 * every release follows from its git commit, every pointer from its record, and nothing that is written once was written twice, deleted or
 * left unlocked. Reads only, and says all that deviates.
 */
import { PLATFORM_NAME } from "../../core/adopted.ts";
import type { StoredReference } from "../../core/audit.ts";
import { Stalled } from "../../core/errors.ts";
import type { AuditableStore } from "../../core/ports.ts";
import { verifyAudit } from "../../core/verify-audit.ts";
import { readAuditLog } from "../../targets/claim-store/audit-log.ts";
import type { World } from "../world.ts";
import { readAdoptions, type AdoptionRecord } from "../adoption.ts";
import { inGroups } from "../in-groups.ts";
import { deviation, type Deviation } from "./deviation.ts";
import { examineEnvironment } from "./examine-environment.ts";
import { examineObjects } from "./examine-objects.ts";
import { neededLocks } from "./needed-locks.ts";

export interface VerifyRequest {
  /** Empty: everything in the store. */
  readonly environments: readonly string[];
  /** ISO 8601, UTC: releases are derived again, and locks looked at, only of what was written since. The logs are read whole all the same. */
  readonly since?: string;
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

/** Throws Waiting or Stalled where store or repository cannot be reached at all. */
export async function verifyStore(world: VerifyWorld, request: VerifyRequest, signal: AbortSignal): Promise<Verified> {
  const { store } = world;
  const since = request.since ?? "";
  const { adoptions, faults } = await rules(store, signal);
  const whole = request.environments.length === 0;
  const names = whole ? await namesIn(store, signal) : request.environments;
  const examined = await inGroups(names, 4, async (name) => examineEnvironment(world, adoptions, name, since, signal));
  const needed = neededLocks(
    examined.map(({ log }) => log),
    adoptions,
  );
  const prefixes = whole
    ? ["claims/", "releases/", "plans/", "receipts/", "audit/"]
    : names.flatMap((name) => [`claims/${name}/`, `releases/${name}/`, `receipts/${name}/`]);
  const objects = await inGroups(prefixes, 2, async (prefix) => examineObjects(store, prefix, since, needed, signal));
  const ofObjects = objects.flatMap(({ deviations }) => deviations);
  const quoted = examined.flatMap((one) => one.quoted);
  const ofStore = whole ? [...(await auditFaults(store, quoted, signal)), ...(await foreignKeys(store, signal))] : [];
  const environments = examined.map(({ log, deviations, derived }, index): VerifiedEnvironment => {
    const environment = names[index] ?? "";
    const own = ofObjects.filter(({ key }) => key.split("/")[1] === environment);
    return { environment, records: log.length, derived, deviations: [...deviations, ...own] };
  });
  const known = new Set(names);
  const others = [...faults, ...ofObjects.filter(({ key }) => !known.has(key.split("/")[1] ?? "")), ...ofStore];
  return {
    environments,
    others,
    records: examined.reduce((sum, { log }) => sum + log.length, 0) + adoptions.length,
    objects: objects.reduce((sum, one) => sum + one.objects, 0),
    unchecked: store.locks ? [] : [`${store.name} cannot lock what it holds: no lock was looked for`],
  };
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

/** Of every environment that has a log, in byte order. */
async function namesIn(store: AuditableStore, signal: AbortSignal): Promise<readonly string[]> {
  const names = new Set<string>();
  for (const { key } of await store.versions("claims/", signal)) {
    const [, name = "", record] = key.split("/");
    if (record !== undefined && name !== PLATFORM_NAME) names.add(name);
  }
  return [...names];
}

async function auditFaults(
  store: AuditableStore,
  quoted: readonly StoredReference[],
  signal: AbortSignal,
): Promise<readonly Deviation[]> {
  const { faults } = verifyAudit(await readAuditLog(store, signal), quoted);
  return faults.map(({ fault, key, detail }) => deviation("audit/chain", key, `${fault}: ${detail}`));
}

const KNOWN_KEY =
  /^(claims\/[^/]+\/|releases\/[^/]+\/[0-9a-f]{64}\/bundle\.yaml$|plans\/[0-9a-f]{64}\.json$|current\/[^/]+\.yaml$|receipts\/[^/]+\/\d{8,}\.json$|audit\/\d{4}-\d{2}\/\d{8,}\.json$|proof\/)/;

async function foreignKeys(store: AuditableStore, signal: AbortSignal): Promise<readonly Deviation[]> {
  const listed = await store.list("", signal);
  return listed.filter(({ key }) => !KNOWN_KEY.test(key)).map(({ key }) => deviation("object/foreign", key));
}
