/** The state of the sandbox: zones with their records and rulesets. Values are replaced, never changed in place. */
import { createHash } from "node:crypto";
import type { PlanName } from "./plans.ts";

export interface DnsRecord {
  readonly id: string;
  /** Lower case, punycode, in full, without a trailing dot. */
  readonly name: string;
  readonly type: string;
  readonly content: string;
  readonly proxiable: boolean;
  readonly proxied: boolean;
  readonly ttl: number;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly comment: string | null;
  readonly tags: readonly string[];
  readonly created_on: string;
  readonly modified_on: string;
  readonly comment_modified_on?: string;
  readonly tags_modified_on?: string;
  readonly priority?: number;
  readonly data?: Readonly<Record<string, unknown>>;
}

export interface Rule {
  readonly id: string;
  /** Grows with the rule's definition, not with its place. */
  readonly version: string;
  readonly action: string;
  readonly expression: string;
  readonly ref: string;
  readonly enabled: boolean;
  readonly last_updated: string;
  readonly description?: string;
  readonly action_parameters?: Readonly<Record<string, unknown>>;
  readonly ratelimit?: Readonly<Record<string, unknown>>;
  readonly logging?: { readonly enabled: boolean };
  readonly exposed_credential_check?: Readonly<Record<string, unknown>>;
}

export interface Ruleset {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** zone: the entry point of a phase; custom: executed by a rule of one; managed: Cloudflare's own. */
  readonly kind: "zone" | "custom" | "managed";
  readonly phase: string;
  /** A decimal that grows by one with every change of the ruleset. */
  readonly version: string;
  readonly last_updated: string;
  readonly rules: readonly Rule[];
}

export interface Zone {
  readonly id: string;
  readonly name: string;
  readonly plan: PlanName;
  readonly createdAt: string;
  records: ReadonlyMap<string, DnsRecord>;
  rulesets: ReadonlyMap<string, Ruleset>;
  /** Every version of each ruleset, oldest first. */
  readonly history: Map<string, readonly Ruleset[]>;
  /** What somebody else does to a phase right before the next write to it. */
  readonly meanwhile: Map<string, readonly (() => void)[]>;
}

/** Time and identity of a write: both are the server's to give. */
export interface Stamp {
  readonly now: () => string;
  readonly newId: () => string;
}

/** 32 hexadecimal digits that are the same in every run. */
export function idOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

export function isId(text: string): boolean {
  return /^[0-9a-f]{32}$/.test(text);
}

export const ACCOUNT = { id: idOf("account"), name: "Example" } as const;

/** A ruleset of Cloudflare's own stands in every zone's list, so that nobody takes the list for their own. */
const MANAGED: Ruleset = {
  id: "efb7b8c949ac4650a09736fc376e9aee",
  name: "Cloudflare Managed Ruleset",
  description: "Created by the Cloudflare security team",
  kind: "managed",
  phase: "http_request_firewall_managed",
  version: "71",
  last_updated: "2026-11-02T10:00:00.000000Z",
  rules: [],
};

export function newZone(name: string, plan: PlanName, createdAt: string): Zone {
  return {
    id: idOf(`zone ${name}`),
    name,
    plan,
    createdAt,
    records: new Map(),
    rulesets: new Map([[MANAGED.id, MANAGED]]),
    history: new Map([[MANAGED.id, [MANAGED]]]),
    meanwhile: new Map(),
  };
}

export function entryPoint(zone: Zone, phase: string): Ruleset | undefined {
  return [...zone.rulesets.values()].find((ruleset) => ruleset.kind === "zone" && ruleset.phase === phase);
}

/** Stores a new version, or a first one. */
export function saveRuleset(zone: Zone, ruleset: Ruleset): void {
  zone.rulesets = new Map(zone.rulesets).set(ruleset.id, ruleset);
  zone.history.set(ruleset.id, [...(zone.history.get(ruleset.id) ?? []), ruleset]);
}
