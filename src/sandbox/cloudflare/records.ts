/** Writes to the records of one zone. A batch is one transaction in a fixed order; a single write is a batch of one. */
import { isDeepStrictEqual } from "node:util";
import { badBody, dnsInvalid, refusal } from "./api-error.ts";
import { PLANS } from "./plans.ts";
import { objectOf, recordFields, txtValue, type RecordFields } from "./record-fields.ts";
import type { DnsRecord, Stamp, Zone } from "./zone.ts";

/** The records while a transaction runs. */
export type Draft = Map<string, DnsRecord>;

const OPERATIONS = ["deletes", "patches", "puts", "posts"] as const;
type Operation = (typeof OPERATIONS)[number];
export type BatchResult = Readonly<Record<Operation, readonly DnsRecord[]>>;

/** Runs a write on a copy and keeps it only if nothing was refused. */
export function transact<T>(zone: Zone, write: (draft: Draft) => T): T {
  const draft: Draft = new Map(zone.records);
  const result = write(draft);
  zone.records = draft;
  return result;
}

export function createRecord(zone: Zone, draft: Draft, body: unknown, stamp: Stamp): DnsRecord {
  const fields = recordFields(body, zone);
  refuseConflict(zone, draft, fields, undefined);
  if (draft.size >= PLANS[zone.plan].records) throw refusal(400, 81_045, "The record quota has been exceeded.");
  const now = stamp.now();
  const record: DnsRecord = {
    id: stamp.newId(),
    ...fields,
    meta: {},
    created_on: now,
    modified_on: now,
    ...(fields.comment !== null && { comment_modified_on: now }),
    ...(fields.tags.length > 0 && { tags_modified_on: now }),
  };
  draft.set(record.id, record);
  return record;
}

/** Changes what is given, keeps the rest. */
export function patchRecord(zone: Zone, draft: Draft, id: unknown, body: unknown, stamp: Stamp): DnsRecord {
  const before = writableRecord(draft, id);
  const { name, type, content, proxied, ttl, settings, comment, tags, priority, data } = before;
  const patch = objectOf(body);
  return replace(
    zone,
    draft,
    before,
    { name, type, content, proxied, ttl, settings, comment, tags, priority, data, ...patch },
    stamp,
  );
}

/** Sets what is given and puts the rest back to its default: not proxied, no comment, no tags, automatic TTL. */
export function putRecord(zone: Zone, draft: Draft, id: unknown, body: unknown, stamp: Stamp): DnsRecord {
  return replace(zone, draft, writableRecord(draft, id), body, stamp);
}

export function deleteRecord(draft: Draft, id: unknown): DnsRecord {
  const record = writableRecord(draft, id);
  draft.delete(record.id);
  return record;
}

/** Deletes, patches, puts, posts, in this order, each list as given. The first refusal stands for all. */
export function batchRecords(zone: Zone, draft: Draft, body: unknown, stamp: Stamp): BatchResult {
  const lists = objectOf(body);
  const list = (name: Operation): readonly unknown[] => {
    const items = lists[name] ?? [];
    if (!Array.isArray(items)) throw badBody(`${name} is a list`);
    return items;
  };
  const unknown = Object.keys(lists).find((name) => !(OPERATIONS as readonly string[]).includes(name));
  if (unknown !== undefined) throw badBody(`unknown list ${unknown}`);
  const count = OPERATIONS.reduce((sum, name) => sum + list(name).length, 0);
  if (count === 0) throw badBody("no operations");
  const max = PLANS[zone.plan].batchOperations;
  if (count > max) throw badBody(`${count} operations, at most ${max} are allowed`);
  return {
    deletes: list("deletes").map((item) => deleteRecord(draft, objectOf(item)["id"])),
    patches: list("patches").map((item) => patchRecord(zone, draft, objectOf(item)["id"], item, stamp)),
    puts: list("puts").map((item) => putRecord(zone, draft, objectOf(item)["id"], item, stamp)),
    posts: list("posts").map((item) => createRecord(zone, draft, item, stamp)),
  };
}

export function recordOf(records: ReadonlyMap<string, DnsRecord>, id: unknown): DnsRecord {
  const record = typeof id === "string" ? records.get(id) : undefined;
  if (record === undefined) throw refusal(404, 81_044, "Record does not exist.");
  return record;
}

function writableRecord(draft: Draft, id: unknown): DnsRecord {
  const record = recordOf(draft, id);
  if (record.meta["read_only"] === true) throw dnsInvalid(9072, "This record is managed by another Cloudflare product.");
  return record;
}

function replace(zone: Zone, draft: Draft, before: DnsRecord, body: unknown, stamp: Stamp): DnsRecord {
  const fields = recordFields(body, zone);
  refuseConflict(zone, draft, fields, before.id);
  const now = stamp.now();
  const touched = (field: "comment" | "tags"): string | undefined =>
    isDeepStrictEqual(fields[field], before[field]) ? before[`${field}_modified_on`] : now;
  const comment = touched("comment");
  const tags = touched("tags");
  const record: DnsRecord = {
    id: before.id,
    ...fields,
    meta: before.meta,
    created_on: before.created_on,
    modified_on: now,
    ...(comment !== undefined && { comment_modified_on: comment }),
    ...(tags !== undefined && { tags_modified_on: tags }),
  };
  draft.set(record.id, record);
  return record;
}

/**
 * What may not stand beside each other at one name:
 *
 * | | |
 * | --- | --- |
 * | CNAME and A, AAAA or another CNAME | 81053 |
 * | NS below the apex and anything but NS and DS | 81056 |
 * | the same type and content | 81058 if identical in all, else 81057 |
 */
function refuseConflict(zone: Zone, draft: Draft, fields: RecordFields, except: string | undefined): void {
  for (const other of draft.values()) {
    if (other.name !== fields.name || other.id === except) continue;
    if (other.type === fields.type && sameContent(other, fields)) {
      const identical = other.ttl === fields.ttl && other.proxied === fields.proxied && other.comment === fields.comment;
      if (identical) throw refusal(400, 81_058, "An identical record already exists.");
      throw refusal(400, 81_057, "The record already exists.");
    }
    const types = [other.type, fields.type];
    if (types.includes("CNAME") && types.every((type) => ["A", "AAAA", "CNAME"].includes(type)))
      throw refusal(400, 81_053, "An A, AAAA, or CNAME record with that host already exists.");
    if (fields.name !== zone.name && types.includes("NS") && !types.every((type) => type === "NS" || type === "DS"))
      throw refusal(400, 81_056, "NS records cannot exist on the same name as any other record type.");
  }
}

function sameContent(a: RecordFields, b: RecordFields): boolean {
  if (a.priority !== b.priority) return false;
  return a.type === "TXT" ? txtValue(a.content) === txtValue(b.content) : a.content === b.content;
}
