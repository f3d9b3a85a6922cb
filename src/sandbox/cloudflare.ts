/**
 * Cloudflare's API as far as claimbot uses it, as strict as the real one: zones, DNS records, rulesets, the limits of the plans.
 * Base path /client/v4; `/` is a page for people. Facts of developers.cloudflare.com and public reports, 2026-11.
 */
import { Hono } from "hono";
import { cloudflareApi } from "./cloudflare/api.ts";
import { newBudget } from "./cloudflare/budget.ts";
import { PAGE_HEADERS, zonesPage } from "./cloudflare/page.ts";
import type { PlanName } from "./cloudflare/plans.ts";
import { createRecord, deleteRecord, patchRecord, transact } from "./cloudflare/records.ts";
import { addRule, patchRule, putEntryPoint, removeRule } from "./cloudflare/rulesets.ts";
import type { World } from "./cloudflare/world.ts";
import { entryPoint, idOf, newZone, saveRuleset, type DnsRecord, type Rule, type Ruleset, type Zone } from "./cloudflare/zone.ts";
import { startServer, type SandboxServer } from "./server.ts";

interface SandboxZone {
  readonly name: string;
  readonly plan: PlanName;
}

export interface CloudflareOptions {
  readonly zones: readonly SandboxZone[];
  /** The one API token that is let in. */
  readonly token: string;
  /** What the token may ask in five minutes; 1,200 without, as in reality. */
  readonly requestsPerWindow?: number;
  readonly port?: number;
  readonly now?: () => Date;
}

type RecordBody = Readonly<Partial<DnsRecord>> & { readonly type: string; readonly name: string };
type RuleBody = Readonly<Partial<Rule>> & Pick<Rule, "action" | "expression">;

/** The server, with the hands of everybody who is not claimbot. Zones are named; every method throws for one that is not there. */
export interface SandboxCloudflare extends SandboxServer {
  /** What CLAIMBOT_CLOUDFLARE_URL holds. */
  readonly apiUrl: string;
  /** Calls and parameters that no part of the API above knows. A test ends with this empty. */
  readonly unexpected: readonly string[];
  zoneId(zone: string): string;
  records(zone: string): readonly DnsRecord[];
  /** The entry point of a phase; undefined when there never was one. */
  ruleset(zone: string, phase: string): Ruleset | undefined;
  /** Somebody makes a record by hand. With `meta: {read_only: true}` another product of Cloudflare's does. */
  addForeignRecord(zone: string, record: RecordBody): DnsRecord;
  editRecord(zone: string, id: string, change: Readonly<Partial<DnsRecord>>): DnsRecord;
  removeRecord(zone: string, id: string): void;
  /** Somebody adds a rule by hand, at the end of the phase. */
  addForeignRule(zone: string, phase: string, rule: RuleBody): Rule;
  editRule(zone: string, phase: string, ref: string, change: Readonly<Partial<Rule>>): Rule;
  removeRule(zone: string, phase: string, ref: string): void;
  /** The same right before the next write to the phase that is no dry run: its writer has read already, and will overwrite it. */
  addRuleMeanwhile(zone: string, phase: string, rule: RuleBody): void;
  editRuleMeanwhile(zone: string, phase: string, ref: string, change: Readonly<Partial<Rule>>): void;
  /** The token loses (or gets back) the right to write. */
  deny(zone: string, permission: "dns" | "waf", denied?: boolean): void;
  /** The next answers are 429, with the headers that Cloudflare sends. */
  throttle(answers: number, retryAfterSeconds: number): void;
}

/** Port 0 or none takes a free one. */
export async function startCloudflare(options: CloudflareOptions): Promise<SandboxCloudflare> {
  const now = options.now ?? (() => new Date());
  const time = (): string => now().toISOString();
  const unexpected: string[] = [];
  let count = 0;
  const world: World = {
    zones: options.zones.map(({ name, plan }) => newZone(name, plan, time())),
    token: options.token,
    stamp: { now: time, newId: () => idOf(`object ${(count += 1)}`) },
    denied: new Set(),
    clock: () => now().getTime(),
    budget: newBudget(options.requestsPerWindow ?? 1200),
    unexpected: (what) => void unexpected.push(what),
  };
  const app = new Hono();
  app.route("/client/v4", cloudflareApi(world));
  app.get("/", async (context) => context.html(await zonesPage(world.zones), 200, PAGE_HEADERS));
  const server = await startServer(app, options.port === undefined ? {} : { port: options.port });
  return {
    ...server,
    ...handOf(world),
    apiUrl: `${server.url}/client/v4`,
    unexpected,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

type Hand = Omit<SandboxCloudflare, keyof SandboxServer | "apiUrl" | "unexpected">;

function handOf(world: World): Hand {
  const { stamp } = world;
  const zoneOf = (name: string): Zone => {
    const zone = world.zones.find((zone) => zone.name === name);
    if (zone === undefined) throw new Error(`the sandbox has no zone ${name}`);
    return zone;
  };
  const addForeignRule: Hand["addForeignRule"] = (name, phase, rule) => {
    const zone = zoneOf(name);
    const before = entryPoint(zone, phase);
    const after = before ? addRule(zone, before, rule, stamp) : putEntryPoint(zone, phase, { rules: [rule] }, stamp);
    saveRuleset(zone, after);
    return lastOf(after);
  };
  const editRule: Hand["editRule"] = (name, phase, ref, change) => {
    const zone = zoneOf(name);
    const [before, rule] = ruleOf(zone, phase, ref);
    saveRuleset(zone, patchRule(zone, before, rule.id, { ...rule, ...change }, stamp));
    return ruleOf(zone, phase, change.ref ?? ref)[1];
  };
  const meanwhile = (name: string, phase: string, act: () => void): void => {
    const { meanwhile } = zoneOf(name);
    meanwhile.set(phase, [...(meanwhile.get(phase) ?? []), act]);
  };
  return {
    zoneId: (name) => zoneOf(name).id,
    records: (name) => [...zoneOf(name).records.values()],
    ruleset: (name, phase) => entryPoint(zoneOf(name), phase),
    addForeignRecord(name, record) {
      const zone = zoneOf(name);
      return transact(zone, (draft) => {
        const made = { ...createRecord(zone, draft, record, stamp), meta: record.meta ?? {} };
        draft.set(made.id, made);
        return made;
      });
    },
    editRecord: (name, id, change) => transact(zoneOf(name), (draft) => patchRecord(zoneOf(name), draft, id, change, stamp)),
    removeRecord: (name, id) => void transact(zoneOf(name), (draft) => deleteRecord(draft, id)),
    addForeignRule,
    editRule,
    removeRule(name, phase, ref) {
      const zone = zoneOf(name);
      const [before, rule] = ruleOf(zone, phase, ref);
      saveRuleset(zone, removeRule(zone, before, rule.id, stamp));
    },
    addRuleMeanwhile: (name, phase, rule) => meanwhile(name, phase, () => void addForeignRule(name, phase, rule)),
    editRuleMeanwhile: (name, phase, ref, change) => meanwhile(name, phase, () => void editRule(name, phase, ref, change)),
    deny(name, permission, denied = true) {
      const entry = `${zoneOf(name).name} ${permission}`;
      if (denied) world.denied.add(entry);
      else world.denied.delete(entry);
    },
    throttle: (answers, retryAfterSeconds) => void (world.budget.refusals = { left: answers, retryAfterSeconds }),
  };
}

function ruleOf(zone: Zone, phase: string, ref: string): readonly [Ruleset, Rule] {
  const ruleset = entryPoint(zone, phase);
  const rule = ruleset?.rules.find((rule) => rule.ref === ref);
  if (ruleset === undefined || rule === undefined) throw new Error(`${phase} of ${zone.name} has no rule ${ref}`);
  return [ruleset, rule];
}

function lastOf({ rules }: Ruleset): Rule {
  const rule = rules.at(-1);
  if (rule === undefined) throw new Error("a rule was just added");
  return rule;
}
