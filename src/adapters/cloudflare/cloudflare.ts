/** Cloudflare as dns and waf need it: zones, the records of one, and the rules of a phase. Decides nothing. */
import { strict as assert } from "node:assert";
import { domainToASCII } from "node:url";
import type { Cloudflare as Client } from "cloudflare";
import { Stalled, Waiting } from "../../core/errors.ts";
import { pageOf, readPages } from "./pages.ts";
import { hasCode, isObject, refusedError, type Answer, type Purpose, type Refusal } from "./refusal.ts";
import { openTransport, type CloudflareOptions, type Transport } from "./transport.ts";

export { hasCode } from "./refusal.ts";
export type { Refusal } from "./refusal.ts";
export type { Clock, CloudflareOptions } from "./transport.ts";

export interface Zone {
  /** 32 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  readonly plan: "free" | "pro" | "business" | "enterprise";
  /** Operations in one batch of records. */
  readonly batchLimit: number;
  /** Records that the zone's plan comes with; a contract may allow more (developers.cloudflare.com, 2026-11). */
  readonly recordQuota: number;
}

interface ZoneRecord {
  readonly id: string;
  /** In full, as Cloudflare writes it. */
  readonly name: string;
  readonly type: string;
  readonly content: string;
  readonly proxied: boolean;
  /** Seconds; 1 is automatic. */
  readonly ttl: number;
  /** "" without one. */
  readonly comment: string;
  /** Made by another product of Cloudflare: nobody can change it. */
  readonly readOnly: boolean;
  /** ISO 8601, UTC; absent where Cloudflare does not tell. */
  readonly createdAt?: string;
  readonly modifiedAt?: string;
}

interface RecordBatch {
  readonly deletes: readonly { readonly id: string }[];
  readonly patches: readonly { readonly id: string; readonly content: string; readonly proxied: boolean; readonly ttl: number }[];
  readonly posts: readonly Omit<ZoneRecord, "id" | "readOnly" | "createdAt" | "modifiedAt">[];
}

export type Phase = "http_request_firewall_custom" | "http_ratelimit";

/** A rule with all its members as they came, so that it can be sent back unchanged. */
export type Rule = Readonly<Record<string, unknown>>;

export interface Ruleset {
  /** Grows by exactly one with every change. */
  readonly version: number;
  readonly rules: readonly Rule[];
}

/** What came of a write. `unknown`: nobody knows whether it was carried out; read back. */
export type Written<T> =
  | { readonly outcome: "done"; readonly value: T }
  | { readonly outcome: "refused"; readonly refusals: readonly Refusal[]; readonly error: Waiting | Stalled }
  | { readonly outcome: "unknown"; readonly error: Waiting };

/** Every call may throw Waiting (rate limit, unreachable) or Stalled (no right). A write is sent once. */
export interface Cloudflare {
  /** Remembered for ten minutes. Throws Stalled when the token sees no active zone of that name, or two. */
  zone(name: string, signal?: AbortSignal): Promise<Zone>;
  /** All records, read to the end. */
  records(zone: Zone, signal?: AbortSignal): Promise<readonly ZoneRecord[]>;
  /** One transaction: deletes, then patches, then posts; all or nothing. */
  batch(zone: Zone, batch: RecordBatch, signal?: AbortSignal): Promise<Written<undefined>>;
  /** The entry point of a phase. `none` only where Cloudflare says that there never was one: any doubt throws. */
  ruleset(zone: Zone, phase: Phase, signal?: AbortSignal): Promise<Ruleset | "none">;
  rulesetAt(zone: Zone, phase: Phase, version: number, signal?: AbortSignal): Promise<Ruleset>;
  /** Why Cloudflare would refuse these rules; empty when it would take them. Changes nothing. */
  dryRun(zone: Zone, phase: Phase, rules: readonly Rule[], signal?: AbortSignal): Promise<readonly Refusal[]>;
  /** Replaces all rules of the phase. */
  putRules(zone: Zone, phase: Phase, rules: readonly Rule[], signal?: AbortSignal): Promise<Written<Ruleset>>;
}

const ZONE_MEMORY_MS = 600_000;
/** The largest page that others are known to ask for (external-dns, 2026-08). */
const RECORDS_PER_PAGE = 5_000;

/** Reads no environment variable, and loads the SDK at the first call. */
export function openCloudflare(options: CloudflareOptions): Cloudflare {
  const transport = openTransport(options);
  const now = (): number => options.clock?.now() ?? Date.now();
  const zones = new Map<string, { readonly zone: Promise<Zone>; readonly until: number }>();
  return {
    async zone(name, signal) {
      signal?.throwIfAborted();
      const known = zones.get(name);
      if (known !== undefined && known.until > now()) return known.zone;
      // Without the signal: others may wait for the same answer.
      const zone = findZone(transport, name);
      zones.set(name, { zone, until: now() + ZONE_MEMORY_MS });
      zone.catch(() => zones.delete(name));
      return zone;
    },
    records: async (zone, signal) => readRecords(transport, zone, signal),
    batch: async (zone, batch, signal) => sendBatch(transport, zone, batch, signal),
    ruleset: async (zone, phase, signal) => readRuleset(transport, zone, phase, signal),
    rulesetAt: async (zone, phase, version, signal) => readVersion(transport, zone, phase, version, signal),
    dryRun: async (zone, phase, rules, signal) => tryRules(transport, zone, phase, rules, signal),
    putRules: async (zone, phase, rules, signal) => sendRules(transport, zone, phase, rules, signal),
  };
}

async function findZone(transport: Transport, name: string): Promise<Zone> {
  const purpose = { what: `find the zone ${name}`, call: "GET /zones", permission: `Zone > Zone > Read on ${name}` };
  const items = await readPages(`The list of zones called ${name}`, async (page) =>
    pageOf(
      await bodyOf(transport, purpose, async (client, rest) =>
        client.zones.list({ name, page, per_page: 50 }, rest).asResponse(),
      ),
    ),
  );
  const found = items.filter(
    (zone) =>
      domainToASCII(String(zone["name"])) === domainToASCII(name) && (zone["type"] === "full" || zone["type"] === "partial"),
  );
  const [zone] = found;
  if (zone === undefined) {
    throw new Stalled(
      `Cloudflare shows no zone ${name} to the token in CLAIMBOT_CLOUDFLARE_TOKEN`,
      `Give the token ${purpose.permission}, or take the zone out of platform.yaml`,
    );
  }
  if (found.length > 1)
    throw new Stalled(`Cloudflare shows ${found.length} zones called ${name}`, "Give the token one account's zone only");
  if (zone["status"] !== "active") {
    throw new Stalled(
      `The zone ${name} is not active at Cloudflare (${String(zone["status"])})`,
      "Finish the set-up of the zone at Cloudflare",
    );
  }
  const plan = isObject(zone["plan"]) ? planOf(zone["plan"]["legacy_id"]) : "free";
  const isOld = String(zone["created_on"]) < "2024-09-01";
  return {
    id: idOf(zone["id"]),
    name,
    plan,
    batchLimit: plan === "free" ? 200 : 3_500,
    recordQuota: plan === "free" ? (isOld ? 1_000 : 200) : 3_500,
  };
}

/** A plan that nobody here knows is taken for the smallest. */
function planOf(legacyId: unknown): Zone["plan"] {
  return legacyId === "pro" || legacyId === "business" || legacyId === "enterprise" ? legacyId : "free";
}

async function readRecords(transport: Transport, zone: Zone, signal?: AbortSignal): Promise<readonly ZoneRecord[]> {
  const purpose = {
    what: `read the records of ${zone.name}`,
    call: `GET /zones/${zone.id}/dns_records`,
    permission: `Zone > DNS > Read on ${zone.name}`,
  };
  const items = await readPages(`The list of records of ${zone.name}`, async (page) => {
    const query = { zone_id: zone.id, page, per_page: RECORDS_PER_PAGE };
    return pageOf(
      await bodyOf(transport, purpose, async (client, rest) => client.dns.records.list(query, rest).asResponse(), signal),
    );
  });
  return items.map(recordOf);
}

/** Depends on nothing but what was sent, and the id: other members have vanished from Cloudflare's answers before (2025-02). */
function recordOf(item: Readonly<Record<string, unknown>>): ZoneRecord {
  const { name, type, content, proxied, ttl, comment, meta } = item;
  const createdAt = timeOf(item["created_on"]);
  const modifiedAt = timeOf(item["modified_on"]);
  if (typeof name !== "string" || typeof type !== "string")
    throw new Waiting("Cloudflare answered a record without name or type", 60_000);
  return {
    id: idOf(item["id"]),
    name,
    type,
    content: typeof content === "string" ? content : "",
    proxied: proxied === true,
    ttl: typeof ttl === "number" ? ttl : 1,
    comment: typeof comment === "string" ? comment : "",
    readOnly: isObject(meta) && meta["read_only"] === true,
    ...(createdAt !== undefined && { createdAt }),
    ...(modifiedAt !== undefined && { modifiedAt }),
  };
}

/** Cloudflare writes six digits behind the second (2026-11). */
function timeOf(value: unknown): string | undefined {
  const ms = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}

async function sendBatch(
  transport: Transport,
  zone: Zone,
  batch: RecordBatch,
  signal?: AbortSignal,
): Promise<Written<undefined>> {
  const purpose = {
    what: `write the records of ${zone.name}`,
    call: `POST /zones/${zone.id}/dns_records/batch`,
    permission: `Zone > DNS > Edit on ${zone.name}`,
  };
  const body = {
    deletes: [...batch.deletes],
    patches: [...batch.patches],
    posts: [...batch.posts],
  } as Parameters<Client["dns"]["records"]["batch"]>[0];
  const answer = await transport.write(
    purpose,
    async (client, rest) => client.dns.records.batch({ ...body, zone_id: zone.id }, rest).asResponse(),
    signal,
  );
  return writtenOf(purpose, answer, () => undefined);
}

async function readRuleset(transport: Transport, zone: Zone, phase: Phase, signal?: AbortSignal): Promise<Ruleset | "none"> {
  const purpose = rulesPurpose("read", zone, `GET /zones/${zone.id}/rulesets/phases/${phase}/entrypoint`);
  const answer = await transport.read(
    purpose,
    async (client, rest) => client.rulesets.phases.get(phase, { zone_id: zone.id }, rest).asResponse(),
    signal,
  );
  if (answer.kind === "ok") return rulesetOf(purpose, answer.body);
  // The only answer that means "no rules": a later PUT would wipe out the phase if anything else did.
  if (answer.status === 404 && hasCode(answer.refusals, 10_003)) return "none";
  throw refusedError(purpose, answer.status, answer.refusals);
}

async function readVersion(
  transport: Transport,
  zone: Zone,
  phase: Phase,
  version: number,
  signal?: AbortSignal,
): Promise<Ruleset> {
  const purpose = rulesPurpose("read", zone, `GET /zones/${zone.id}/rulesets/phases/${phase}/entrypoint/versions/${version}`);
  const body = await bodyOf(
    transport,
    purpose,
    async (client, rest) =>
      client.rulesets.phases.versions.get(String(version), { zone_id: zone.id, ruleset_phase: phase }, rest).asResponse(),
    signal,
  );
  return rulesetOf(purpose, body);
}

async function tryRules(
  transport: Transport,
  zone: Zone,
  phase: Phase,
  rules: readonly Rule[],
  signal?: AbortSignal,
): Promise<readonly Refusal[]> {
  const purpose = rulesPurpose("try", zone, `PUT /zones/${zone.id}/rulesets/phases/${phase}/entrypoint?dry_run=true`);
  // A dry run persists nothing, so it may be repeated like a read.
  const answer = await transport.read(
    purpose,
    async (client, rest) => putEntryPoint(client, zone, phase, rules, true, rest),
    signal,
  );
  if (answer.kind === "ok") return [];
  if (answer.refusals.length === 0 || answer.status === 404) throw refusedError(purpose, answer.status, answer.refusals);
  return answer.refusals;
}

async function sendRules(
  transport: Transport,
  zone: Zone,
  phase: Phase,
  rules: readonly Rule[],
  signal?: AbortSignal,
): Promise<Written<Ruleset>> {
  const purpose = rulesPurpose("write", zone, `PUT /zones/${zone.id}/rulesets/phases/${phase}/entrypoint`);
  const answer = await transport.write(
    purpose,
    async (client, rest) => putEntryPoint(client, zone, phase, rules, false, rest),
    signal,
  );
  return writtenOf(purpose, answer, (body) => rulesetOf(purpose, body));
}

async function putEntryPoint(
  client: Client,
  zone: Zone,
  phase: Phase,
  rules: readonly Rule[],
  dryRun: boolean,
  rest: { readonly maxRetries: 0; readonly signal?: AbortSignal },
): Promise<Response> {
  const params = { zone_id: zone.id, rules, ...(dryRun && { dry_run: true }) } as unknown as Parameters<
    Client["rulesets"]["phases"]["update"]
  >[1];
  return client.rulesets.phases.update(phase, params, rest).asResponse();
}

function rulesPurpose(verb: "read" | "try" | "write", zone: Zone, call: string): Purpose {
  const right = verb === "read" ? "Read" : "Edit";
  return { what: `${verb} the WAF rules of ${zone.name}`, call, permission: `Zone > Zone WAF > ${right} on ${zone.name}` };
}

function rulesetOf(purpose: Purpose, body: Readonly<Record<string, unknown>>): Ruleset {
  const result = isObject(body["result"]) ? body["result"] : {};
  const { version, rules = [] } = result;
  if (typeof version !== "string" || !/^\d+$/.test(version) || !Array.isArray(rules) || !rules.every(isObject)) {
    throw new Waiting(`Cloudflare answered no ruleset: ${purpose.call}`, 60_000);
  }
  return { version: Number(version), rules };
}

/** Reads once more before it gives up; a refusal is an error. */
async function bodyOf(
  transport: Transport,
  purpose: Purpose,
  send: Parameters<Transport["read"]>[1],
  signal?: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  const answer = await transport.read(purpose, send, signal);
  if (answer.kind === "ok") return answer.body;
  throw refusedError(purpose, answer.status, answer.refusals);
}

function writtenOf<T>(purpose: Purpose, answer: Answer, value: (body: Readonly<Record<string, unknown>>) => T): Written<T> {
  switch (answer.kind) {
    case "ok":
      return { outcome: "done", value: value(answer.body) };
    case "refused":
      return { outcome: "refused", refusals: answer.refusals, error: refusedError(purpose, answer.status, answer.refusals) };
    case "lost":
      return {
        outcome: "unknown",
        error: new Waiting(`Cloudflare did not say whether it could ${purpose.what}: ${answer.reason}, ${purpose.call}`, 10_000),
      };
  }
}

/** Ids go into paths: nothing but Cloudflare's own form gets there. */
function idOf(id: unknown): string {
  assert(typeof id === "string" && /^[0-9a-f]{32}$/.test(id), "Cloudflare's ids are 32 hexadecimal digits");
  return id;
}
