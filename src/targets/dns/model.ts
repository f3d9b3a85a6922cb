/** DNS as values: which records an environment should have, which of those in a zone are its own, and the requests between the two. */
import { strict as assert } from "node:assert";
import { isDedicated, namesEverAsked, type Environment } from "../../core/environment.ts";
import { digestOf, sameJson, shortDigest } from "../../core/json.ts";
import { sortResources, type Change, type Resource, type Resources } from "../../core/resource.ts";
import { hostName, zoneOf } from "../host-name.ts";

/** A record as we write it. */
export interface DnsRecord extends Resource {
  readonly kind: "dns-record";
  readonly zone: string;
  readonly name: string;
  readonly type: string;
  readonly content: string;
  readonly proxied: boolean;
  /** Seconds; 1 is automatic, which a proxied record always has. */
  readonly ttl: number;
}

/** A record as it stands in a zone. */
export interface FoundRecord {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly content: string;
  readonly proxied: boolean;
  readonly ttl: number;
  readonly comment: string;
  /** Made by another product of Cloudflare (Email Routing, R2, Workers): nobody can change it. */
  readonly readOnly: boolean;
}

/** What one environment has in one zone. */
export interface ZoneView {
  /** Our records, with the ids that requests need. */
  readonly own: readonly { readonly id: string; readonly record: DnsRecord }[];
  /** Wanted names that cannot be had, with the reason; `by` is the environment of this instance that holds the name. */
  readonly occupied: ReadonlyMap<string, { readonly reason: string; readonly by?: string }>;
  /** Records that bear our mark without right. */
  readonly forged: readonly string[];
}

/** TTL of unproxied records, in seconds. */
const TTL_SECONDS = 300;

/** Types that claimbot makes. */
const OUR_TYPES: readonly string[] = ["A", "CNAME"];

/** Types that may not, or should not, stand beside a record of ours (Cloudflare, "same name rules", 2026-11). */
const OCCUPYING_TYPES: readonly string[] = ["A", "AAAA", "CNAME", "NS"];

/** What the environment should have: nothing when it is to go. */
export function desiredRecords(environment: Environment): Resources<DnsRecord> {
  const { wish, name: environmentName, type } = environment;
  if (wish === undefined) return [];
  const { gateways, zones } = wish.platform.spec;
  const zoneNames = zones.map((zone) => zone.name);
  const names = new Set((wish.claim.spec.dns?.hostnames ?? []).map(hostName));
  return sortResources(
    [...names].map((name) => {
      const zone = zoneOf(name, zoneNames);
      assert(zone !== undefined, `${name} lies in a zone of the platform: validation has checked it`);
      const { shared, dedicated } = gateways;
      if (isDedicated(type)) return record(zone, name, "CNAME", hostName(`${environmentName}.${dedicated.domain}`), true);
      if (shared.hostname !== undefined) return record(zone, name, "CNAME", hostName(shared.hostname), false);
      assert(shared.address !== undefined, "the shared gateway has a host name or an address: the schema says so");
      return record(zone, name, "A", shared.address, false);
    }),
  );
}

function record(zone: string, name: string, type: string, content: string, proxied: boolean): DnsRecord {
  return { key: `${type} ${name}`, kind: "dns-record", zone, name, type, content, proxied, ttl: proxied ? 1 : TTL_SECONDS };
}

/**
 * The mark of ownership in a record's comment, first and at most 100 bytes, so that a Free zone takes it:
 *
 *     claimbot/1 <instance> <hash> <environment>[ whatever people add]
 *
 * The hash is the first 12 digits of SHA-256 over instance, environment and the record's own name. So it stays the same however the
 * claim is edited, and a mark that was copied to, or moved with, another name is known for what it is.
 */
export function markOf(instance: string, environment: string, name: string): string {
  const mark = `claimbot/1 ${instance} ${shortDigest(digestOf([instance, environment, hostName(name)]))} ${environment}`;
  assert(Buffer.byteLength(mark) <= 100, "a mark fits into the comment of a Free zone");
  return mark;
}

/** Reads the records of one zone: which are ours by both keys, which wanted names are taken, which marks are forged. */
export function viewZone(environment: Environment, zone: string, found: readonly FoundRecord[]): ZoneView {
  const asked = new Set([...namesEverAsked(environment)].map(hostName));
  const wanted = new Set(desiredRecords(environment).map(({ name }) => name));
  const own: { readonly id: string; readonly record: DnsRecord }[] = [];
  const occupied = new Map<string, { readonly reason: string; readonly by?: string }>();
  const forged: string[] = [];

  for (const standing of found.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    const name = hostName(standing.name);
    const marked = bearer(standing.comment, environment.instance);
    const line = `${standing.type} ${name} → ${standing.content}`;
    if (marked?.environment === environment.name) {
      const doubt = doubtOf(environment, zone, asked, standing);
      if (doubt === undefined) own.push({ id: standing.id, record: normalised(zone, standing) });
      else forged.push(`${line} bears the mark of ${environment.name}, but ${doubt}`);
      if (doubt === undefined) continue;
    }
    if (!wanted.has(name) || !occupies(standing)) continue;
    const whose =
      marked === undefined || marked.environment === environment.name
        ? `is not ours${standing.comment === "" ? "" : ` (${standing.comment})`}`
        : `belongs to the environment ${marked.environment}`;
    occupied.set(name, {
      reason: `${line} ${whose}`,
      ...(marked !== undefined && marked.environment !== environment.name && { by: marked.environment }),
    });
  }
  for (const delegation of found.filter(({ type, name }) => type === "NS" && hostName(name) !== zone)) {
    for (const name of wanted) {
      if (name.endsWith(`.${hostName(delegation.name)}`) && zoneOf(name, [zone]) !== undefined) {
        occupied.set(name, {
          reason: `${name} lies below the delegation NS ${hostName(delegation.name)}: it would never be served`,
        });
      }
    }
  }
  return { own: distinct(own), occupied, forged };
}

/** Whose mark a comment bears: an environment of this instance, or nobody's. Compared with upper and lower case. */
function bearer(comment: string, instance: string): { readonly environment: string } | undefined {
  const [format, of, , environment] = comment.split(" ");
  return format === "claimbot/1" && of === instance && environment !== undefined ? { environment } : undefined;
}

/** Why a record with our mark is not ours all the same. */
function doubtOf(environment: Environment, zone: string, asked: ReadonlySet<string>, standing: FoundRecord): string | undefined {
  const name = hostName(standing.name);
  const mark = markOf(environment.instance, environment.name, name);
  if (standing.comment !== mark && !standing.comment.startsWith(`${mark} `)) return "it is the mark of another name";
  if (!asked.has(name)) return "no claim of it ever asked for that name";
  if (!OUR_TYPES.includes(standing.type)) return `claimbot makes no ${standing.type} records`;
  if (standing.readOnly) return "it is read-only";
  if (name === zone) return "claimbot never owns the apex of a zone";
  return undefined;
}

function occupies({ type, content }: FoundRecord): boolean {
  return OCCUPYING_TYPES.includes(type) || (type === "TXT" && content.includes("heritage=external-dns"));
}

function normalised(zone: string, { name, type, content, proxied, ttl }: FoundRecord): DnsRecord {
  const bare = record(zone, hostName(name), type, type === "CNAME" ? hostName(content) : content, proxied);
  return { ...bare, ttl: proxied ? 1 : ttl };
}

/** A second record of ours with one name and type can only be a copy by hand: it gets a key of its own, which nobody desires. */
function distinct(own: ZoneView["own"]): ZoneView["own"] {
  const keys = new Set<string>();
  return own.map(({ id, record }) => {
    let { key } = record;
    while (keys.has(key)) key = `${key} ${record.content}`;
    keys.add(key);
    return { id, record: { ...record, key } };
  });
}

/** The lines that a plan shows as contested. */
export function contestedLines(view: ZoneView): readonly string[] {
  return [...[...view.occupied.values()].map(({ reason }) => reason), ...view.forged];
}

/** One request: the server runs deletes, then patches, then posts, in one transaction. */
export interface Batch {
  readonly deletes: readonly { readonly id: string }[];
  readonly patches: readonly (Pick<DnsRecord, "content" | "proxied" | "ttl"> & { readonly id: string })[];
  readonly posts: readonly (Pick<DnsRecord, "name" | "type" | "content" | "proxied" | "ttl"> & { readonly comment: string })[];
}

type Operation =
  | { readonly verb: "delete"; readonly name: string; readonly id: string }
  | { readonly verb: "patch"; readonly name: string; readonly patch: Batch["patches"][number] }
  | { readonly verb: "post"; readonly name: string; readonly post: Batch["posts"][number] };

/**
 * What is still to be sent for these changes of one zone, as it stands now: nothing for what is done already. A name is never split over
 * two batches, and only names that the environment ever asked for can be in one.
 */
export function batchesOf(
  environment: Environment,
  changes: readonly Change<DnsRecord>[],
  view: ZoneView,
  limit: number,
): readonly Batch[] {
  const asked = new Set([...namesEverAsked(environment)].map(hostName));
  const standing = new Map(view.own.map(({ id, record }) => [record.key, { id, record }]));
  const operations = changes.flatMap((change): Operation[] => {
    const { name } = change.verb === "delete" ? change.before : change.after;
    assert(asked.has(name), `${name} was asked for by a claim of ${environment.name}`);
    const now = standing.get(change.key);
    if (change.verb === "delete") return now === undefined ? [] : [{ verb: "delete", name, id: now.id }];
    const { type, content, proxied, ttl } = change.after;
    if (now === undefined) {
      return [
        {
          verb: "post",
          name,
          post: { name, type, content, proxied, ttl, comment: markOf(environment.instance, environment.name, name) },
        },
      ];
    }
    // PATCH, never PUT: it keeps the id and what people wrote behind our mark.
    return sameJson(now.record, change.after) ? [] : [{ verb: "patch", name, patch: { id: now.id, content, proxied, ttl } }];
  });
  return pack(operations, limit);
}

function pack(operations: readonly Operation[], limit: number): readonly Batch[] {
  const byName = Map.groupBy(operations, ({ name }) => name);
  const loads: Operation[][] = [];
  for (const group of byName.values()) {
    const load = loads.at(-1);
    if (load !== undefined && load.length + group.length <= limit) load.push(...group);
    else loads.push([...group]);
  }
  return loads.map((load) => ({
    deletes: load.flatMap((operation) => (operation.verb === "delete" ? [{ id: operation.id }] : [])),
    patches: load.flatMap((operation) => (operation.verb === "patch" ? [operation.patch] : [])),
    posts: load.flatMap((operation) => (operation.verb === "post" ? [operation.post] : [])),
  }));
}

/** The zones that hold a name which a claim ever asked for: by the second key, nothing of the environment can be anywhere else. */
export function zonesOf(environment: Environment): readonly string[] {
  const zones = [...namesEverAsked(environment)].map((name) => zoneOf(name, environment.zones));
  return [...new Set(zones.filter((zone) => zone !== undefined))].toSorted();
}

/** The zone that a change is made in. */
export function zoneOfChange(change: Change<DnsRecord>): string {
  return change.verb === "delete" ? change.before.zone : change.after.zone;
}
