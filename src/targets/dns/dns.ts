/** The records of an environment at Cloudflare: one list per zone to see, one batch per zone to change. */
import { hasCode, type Cloudflare, type Written, type Zone } from "../../adapters/cloudflare/cloudflare.ts";
import { Stalled, Waiting } from "../../core/errors.ts";
import type { Environment } from "../../core/environment.ts";
import { diffResources, sortResources, type Change } from "../../core/resource.ts";
import type { Target } from "../target.ts";
import {
  batchesOf,
  desiredRecords,
  viewZone,
  zoneOfChange,
  zonesOf,
  type Batch,
  type DnsRecord,
  type FoundRecord,
  type ZoneView,
} from "./model.ts";

/** What `observe` saw stands for an `apply` right after it: long enough for the caller's last look elsewhere. */
const SEEN_MS = 10_000;
/** How often what is left is sent: once, and again after each answer that only a look into the zone explains. */
const ROUNDS = 3;
/** Somebody was faster, or we were: gone (81044), the name (81053), the record (81057) or its equal (81058) is there. */
const READ_BACK_CODES = [81_044, 81_053, 81_057, 81_058];
/** How long until another environment that gives up a name may have done so. */
const HANDOVER_MS = 60_000;

type Seen = ReadonlyMap<string, readonly FoundRecord[]>;

/** `now` in milliseconds. */
export function dnsTarget(cloudflare: Cloudflare, now: () => number = Date.now): Target<DnsRecord> {
  const remembered = new Map<string, { readonly seen: Seen; readonly at: number }>();

  const look = async (environment: Environment, zoneName: string, signal: AbortSignal): Promise<readonly FoundRecord[]> =>
    cloudflare.records(await cloudflare.zone(zoneName, signal), signal);

  /**
   * What the last `observe` saw, used up by one call. Changes that only create need no ids, so they may stand on it: the server refuses
   * what stands there already. Anything else looks again.
   */
  const lastSeen = (environment: Environment, changes: readonly Change<DnsRecord>[]): Seen => {
    const last = remembered.get(environment.name);
    remembered.delete(environment.name);
    const fresh = last !== undefined && now() - last.at < SEEN_MS && changes.every(({ verb }) => verb === "create");
    return fresh ? last.seen : new Map();
  };

  return {
    name: "dns",
    desired: desiredRecords,
    diff: diffResources,

    async observe(environment, signal) {
      const zones = zonesOf(environment);
      const lists = await Promise.all(zones.map(async (zone) => [zone, await look(environment, zone, signal)] as const));
      remembered.set(environment.name, { seen: new Map(lists), at: now() });
      const views = lists.map(([zone, found]) => viewZone(environment, zone, found));
      return {
        resources: sortResources(views.flatMap(({ own }) => own.map(({ record }) => record))),
        pending: [],
        contested: views.flatMap(({ contested }) => contested),
      };
    },

    async apply(changes, { environment }, signal) {
      const seen = lastSeen(environment, changes);
      const work: { readonly zone: Zone; readonly changes: readonly Change<DnsRecord>[]; readonly view: ZoneView }[] = [];
      for (const [zoneName, inZone] of Map.groupBy(changes, zoneOfChange)) {
        const zone = await cloudflare.zone(zoneName, signal);
        const view = viewZone(environment, zoneName, seen.get(zoneName) ?? (await cloudflare.records(zone, signal)));
        refuseOccupied(batchesOf(environment, inZone, view, zone.batchLimit), view);
        work.push({ zone, changes: inZone, view });
      }
      // Only when no zone has anything against it is the first one changed.
      for (const { zone, changes, view } of work) await converge(cloudflare, environment, zone, changes, view, signal);
    },
  };
}

/** Sends what is left until nothing is; whatever an answer leaves open is read back before it is sent again. */
async function converge(
  cloudflare: Cloudflare,
  environment: Environment,
  zone: Zone,
  changes: readonly Change<DnsRecord>[],
  firstView: ZoneView,
  signal: AbortSignal,
): Promise<void> {
  let view = firstView;
  for (let round = 1; ; round += 1) {
    const batches = batchesOf(environment, changes, view, zone.batchLimit);
    refuseOccupied(batches, view);
    const doubt = await sendAll(cloudflare, zone, batches, signal);
    if (doubt === undefined) return;
    if (round >= ROUNDS) throw doubt;
    view = viewZone(environment, zone.name, await cloudflare.records(zone, signal));
  }
}

/** Undefined when all were carried out; else why nobody knows before they have looked. Throws what looking would not mend. */
async function sendAll(
  cloudflare: Cloudflare,
  zone: Zone,
  batches: readonly Batch[],
  signal: AbortSignal,
): Promise<Waiting | Stalled | undefined> {
  for (const batch of batches) {
    const written = await cloudflare.batch(zone, batch, signal);
    if (written.outcome === "done") continue;
    if (written.outcome === "refused" && !hasCode(written.refusals, ...READ_BACK_CODES)) throw refusedBatch(zone, written);
    return written.error;
  }
  return undefined;
}

/** 81045 is reported for a full zone (2026-11). */
function refusedBatch(zone: Zone, { refusals, error }: Extract<Written<undefined>, { outcome: "refused" }>): Error {
  if (!hasCode(refusals, 81_045)) return error;
  return new Stalled(
    error.message,
    `Remove records of ${zone.name} that nobody needs, or get a larger plan: its plan comes with ${zone.recordQuota} records`,
  );
}

/** A name that somebody else holds is never taken, nor shared. */
function refuseOccupied(batches: readonly Batch[], { occupied }: ZoneView): void {
  for (const { name } of batches.flatMap(({ posts }) => posts)) {
    const holder = occupied.get(name);
    if (holder === undefined) continue;
    const message = `The name ${name} is taken: ${holder.reason}`;
    if (holder.by !== undefined) throw new Waiting(`${message}, and has not given it up yet`, HANDOVER_MS);
    throw new Stalled(
      message,
      "Delete what stands there at Cloudflare, or take the name out of the claim, then comment /claim apply",
    );
  }
}
