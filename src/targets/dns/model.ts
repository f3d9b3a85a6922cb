/** DNS as values: which records an environment should have, which of those in a zone are its own, and the requests between the two. */
import { strict as assert } from "node:assert";
import { contestedText, sortContested, type Contested } from "../../core/contested.ts";
import { isDedicated, namesEverAsked, type Environment } from "../../core/environment.ts";
import { digestOf, sameJson, shortDigest } from "../../core/json.ts";
import { oneLine } from "../../core/render/encode.ts";
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
  /** ISO 8601, UTC; absent where nobody knows. */
  readonly createdAt?: string;
  readonly modifiedAt?: string;
}

/** What one environment has in one zone. */
export interface ZoneView {
  /** Our records, with the ids that requests need. */
  readonly own: readonly { readonly id: string; readonly record: DnsRecord }[];
  /** Wanted names that cannot be had, with the reason; `by` is the environment of this instance that holds the name. */
  readonly occupied: ReadonlyMap<string, { readonly reason: string; readonly by?: string }>;
  /** The same, and records that bear our mark without right, as a plan shows them. */
  readonly contested: readonly Contested[];
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
  const mark = markText(instance, environment, name);
  assert(Buffer.byteLength(mark) <= 100, "a mark fits into the comment of a Free zone");
  return mark;
}

function markText(instance: string, environment: string, name: string): string {
  return `claimbot/1 ${instance} ${shortDigest(digestOf([instance, environment, hostName(name)]))} ${environment}`;
}

/** Reads the records of one zone: which are ours by both keys, which wanted names are taken, which marks are forged. */
export function viewZone(environment: Environment, zone: string, found: readonly FoundRecord[]): ZoneView {
  const asked = new Set([...namesEverAsked(environment)].map(hostName));
  const wanted = new Map(desiredRecords(environment).map(({ name, key }) => [name, key]));
  const own: { readonly id: string; readonly record: DnsRecord }[] = [];
  const occupied = new Map<string, { readonly reason: string; readonly by?: string }>();
  const contested: Contested[] = [];

  for (const standing of found.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    const name = hostName(standing.name);
    const holder = holderOf(standing, environment);
    const doubt = holder === environment.name ? doubtOf(environment, zone, asked, standing) : undefined;
    if (holder === environment.name && doubt === undefined) {
      own.push({ id: standing.id, record: normalised(zone, standing) });
      continue;
    }
    const wantedKey = occupies(standing) ? wanted.get(name) : undefined;
    if (wantedKey === undefined && doubt === undefined) continue;
    const other = holder === environment.name ? undefined : holder;
    const one: Contested = {
      key: `${standing.type} ${name}`,
      content: normalised(zone, standing).content,
      remark: remarkOf(standing, environment, doubt, other),
      // What another environment of ours holds it gives up by itself: names are asked for by one claim only.
      ...(wantedKey !== undefined &&
        other === undefined && { blocks: { key: wantedKey, wayOut: wayOut(standing, environment) } }),
    };
    contested.push(one);
    if (wantedKey === undefined || (other !== undefined && occupied.has(name))) continue;
    occupied.set(name, { reason: contestedText(one), ...(other !== undefined && { by: other }) });
  }
  for (const [above, servers] of delegationsIn(zone, found)) {
    for (const [name, key] of wanted) {
      if (!name.endsWith(`.${above}`)) continue;
      const one: Contested = {
        key: `NS ${above}`,
        content: servers.join(", "),
        remark: `is a delegation, and ${name} lies below it: it would never be served`,
        blocks: { key, wayOut: `Take ${name} out of the claim, or have the delegation ended.` },
      };
      contested.push(one);
      occupied.set(name, { reason: contestedText(one) });
    }
  }
  return { own: distinct(own), occupied, contested: sortContested(contested) };
}

/** Names below the zone that are delegated, each with its name servers. */
function delegationsIn(zone: string, found: readonly FoundRecord[]): ReadonlyMap<string, readonly string[]> {
  const delegations = found.filter(({ type, name }) => type === "NS" && hostName(name) !== zone);
  const byName = Map.groupBy(delegations, ({ name }) => hostName(name));
  return new Map([...byName].map(([name, records]) => [name, records.map(({ content }) => hostName(content)).toSorted()]));
}

const COMMENT_SHOWN = 80;

/** Whose it is, if not ours: with the comment, and when it was made and changed, because that is how people find out who did it. */
function remarkOf(
  { comment, createdAt, modifiedAt }: FoundRecord,
  environment: Environment,
  doubt: string | undefined,
  other: string | undefined,
): string {
  if (other !== undefined) return `belongs to the environment ${other}, which has not given it up yet`;
  const made = createdAt && minuteOf(createdAt);
  const changed = modifiedAt && minuteOf(modifiedAt);
  const known = [
    ...(comment === "" || doubt !== undefined ? [] : [oneLine(comment, COMMENT_SHOWN)]),
    ...(made === undefined ? [] : [`made ${made}`]),
    ...(changed === undefined || changed === made ? [] : [`changed ${changed}`]),
  ];
  const whose = doubt === undefined ? "is not ours" : `bears the mark of ${environment.name}, but ${doubt}`;
  return `${whose}${known.length === 0 ? "" : ` (${known.join(", ")})`}`;
}

/** `2026-11-23 14:02 UTC`. */
function minuteOf(at: string): string {
  return `${at.slice(0, 16).replace("T", " ")} UTC`;
}

/** A record of a type that we make can be given to us: with our mark it is ours, and becomes what the claim asks for. */
function wayOut({ type, name, readOnly }: FoundRecord, environment: Environment): string {
  const host = hostName(name);
  const ways = `Delete it at Cloudflare, or take ${host} out of the claim`;
  if (readOnly || !OUR_TYPES.includes(type)) return `${ways}.`;
  return `${ways}, or give it to claimbot: set its comment to \`${markOf(environment.instance, environment.name, host)}\`.`;
}

/**
 * The environment of this instance whose mark a comment bears, compared with upper and lower case. Another environment's counts only where it
 * is the mark of this very name: a copied one says nothing.
 */
function holderOf({ comment, name }: FoundRecord, { instance, name: own }: Environment): string | undefined {
  const [format, of, , environment] = comment.split(" ");
  if (format !== "claimbot/1" || of !== instance || environment === undefined) return undefined;
  return environment === own || bears(comment, instance, environment, name) ? environment : undefined;
}

function bears(comment: string, instance: string, environment: string, name: string): boolean {
  const mark = markText(instance, environment, name);
  return comment === mark || comment.startsWith(`${mark} `);
}

/** Why a record with our mark is not ours all the same. */
function doubtOf(environment: Environment, zone: string, asked: ReadonlySet<string>, standing: FoundRecord): string | undefined {
  const name = hostName(standing.name);
  if (!bears(standing.comment, environment.instance, environment.name, name)) return "it is the mark of another name";
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
