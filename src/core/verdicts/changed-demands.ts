/** What two sets of rules ask for before a release, and how long they let things live, where it differs. */
import type { Platform } from "../claim/platform.generated.ts";
import { expiresAt, type EnvironmentType } from "../environment.ts";
import { closedGates, gatesOf, type GateName } from "../gates.ts";
import type { Plan } from "../plan.ts";
import { concernOf, type Concern, type Subject, type Turn } from "./subject.ts";

export interface ChangedDemand extends Concern {
  readonly rule: "approvals" | "freeze" | "blast-radius" | "deletion" | "retention" | "expiry";
  readonly type: EnvironmentType;
  /** By the adopted rules. For a person; may hold foreign text. */
  readonly before: string;
  /** By the proposed ones. */
  readonly after: string;
  readonly turn: Turn;
}

type Difference = Pick<ChangedDemand, "rule" | "before" | "after" | "turn">;

/** Each difference once, with all that it is about. */
export function changedDemands(
  adopted: Platform,
  proposed: Platform,
  subjects: readonly Subject[],
  time: Date,
): readonly ChangedDemand[] {
  const found = subjects.flatMap((subject) =>
    differencesFor(adopted, proposed, subject, time).map((difference) => ({ ...difference, type: subject.type, subject })),
  );
  const alike = Map.groupBy(found, ({ rule, type, before, after, turn }) => JSON.stringify([rule, type, before, after, turn]));
  return [...alike.values()].flatMap((members) => {
    const [first] = members;
    if (first === undefined) return [];
    const { subject: _, ...difference } = first;
    return [{ ...difference, ...concernOf(members.map(({ subject }) => subject)) }];
  });
}

function differencesFor(adopted: Platform, proposed: Platform, subject: Subject, time: Date): readonly Difference[] {
  return [
    ...approvals(adopted, proposed, subject),
    ...freezes(adopted, proposed, subject, time),
    ...gates(adopted, proposed, subject, time),
    ...retention(adopted, proposed, subject),
    ...expiry(adopted, proposed, subject, time),
  ];
}

function approvals(adopted: Platform, proposed: Platform, { type }: Subject): readonly Difference[] {
  const [now, then] = [adopted.spec.types[type].approvals, proposed.spec.types[type].approvals];
  return now === then
    ? []
    : [{ rule: "approvals", before: `${now}`, after: `${then}`, turn: then < now ? "looser" : "stricter" }];
}

type Freeze = NonNullable<Platform["spec"]["freezes"]>[number];

/** Freezes that are not over, each by its key. */
function freezes(adopted: Platform, proposed: Platform, { type }: Subject, time: Date): readonly Difference[] {
  const [was, will] = [freezesOf(adopted, type, time), freezesOf(proposed, type, time)];
  return [...new Set([...was.keys(), ...will.keys()])].flatMap((key): Difference[] => {
    const [now, then] = [was.get(key), will.get(key)];
    const [nowWords, thenWords] = [whenOf(now), whenOf(then)];
    if (nowWords === thenWords) return [];
    const words = (when: string): string => (when === "" ? "no freeze" : `frozen ${when} (${key})`);
    // What it frees in part counts as freed.
    const turn = now === undefined || (then !== undefined && covers(then, now)) ? "stricter" : "looser";
    return [{ rule: "freeze", before: words(nowWords), after: words(thenWords), turn }];
  });
}

function freezesOf(platform: Platform, type: EnvironmentType, time: Date): ReadonlyMap<string, Freeze> {
  const coming = (platform.spec.freezes ?? []).filter(
    ({ types, until }) => types.includes(type) && (until === undefined || Date.parse(until) > time.getTime()),
  );
  return new Map(coming.map((freeze) => [freeze.key, freeze]));
}

/** `from 2026-12-18 15:00 UTC until 2027-01-04 06:00 UTC`: everything but its name, its types and its reason. */
function whenOf(freeze: Freeze | undefined): string {
  if (freeze === undefined) return "";
  const { key: _key, types: _types, reason: _reason, ...when } = freeze;
  return Object.entries(when)
    .map(([name, value]) => `${name} ${value.replace(/T(\d\d:\d\d)(?::00)?Z$/, " $1 UTC")}`)
    .join(" ");
}

/** Only of two that come once it is certain. */
function covers(outer: Freeze, inner: Freeze): boolean {
  if (Object.keys(outer).some((name) => !ONCE.has(name)) || Object.keys(inner).some((name) => !ONCE.has(name))) return false;
  const [from, until] = [Date.parse(outer.from ?? ""), Date.parse(outer.until ?? "")];
  return from <= Date.parse(inner.from ?? "") && Date.parse(inner.until ?? "") <= until;
}

const ONCE: ReadonlySet<string> = new Set(["key", "types", "from", "until", "reason"]);

const OF_PLANS: readonly (GateName & ChangedDemand["rule"])[] = ["blast-radius", "deletion"];

/** Gates that depend on what a plan changes: only those whose verdict turns. */
function gates(adopted: Platform, proposed: Platform, { planned }: Subject, time: Date): readonly Difference[] {
  if (planned === undefined) return [];
  const [was, will] = [adopted, proposed].map((rules) => closedBy(rules, planned.plan, time));
  return OF_PLANS.flatMap((rule): Difference[] => {
    const [now, then] = [was?.get(rule), will?.get(rule)];
    if ((now === undefined) === (then === undefined)) return [];
    return [{ rule, before: now ?? "goes on", after: then ?? "goes on", turn: then === undefined ? "looser" : "stricter" }];
  });
}

/** Why each gate is closed for a plan that was reviewed and that nobody approved yet. */
function closedBy(rules: Platform, plan: Plan, now: Date): ReadonlyMap<GateName, string> {
  const author = { id: 0, username: "", name: "", bot: false };
  const review = {
    iid: 0,
    author,
    pusherId: undefined,
    people: [],
    approvals: [],
    labels: [],
    asked: undefined,
    holdDefiedBy: undefined,
    headSeenAt: undefined,
    reviewed: { digest: plan.digest, storedAt: "" },
  };
  return new Map(closedGates(gatesOf({ plan, rules, now, review })).map(({ gate, reason }) => [gate, reason]));
}

function retention(adopted: Platform, proposed: Platform, { type }: Subject): readonly Difference[] {
  const [now, then] = [adopted.spec.types[type].retentionDays, proposed.spec.types[type].retentionDays];
  if (now === then) return [];
  return [{ rule: "retention", before: days(now), after: days(then), turn: then < now ? "looser" : "stricter" }];
}

function days(number: number): string {
  return `records are locked for ${number} days`;
}

/** How long a live environment lives; only a claim without a time of its own depends on the rules. */
function expiry(adopted: Platform, proposed: Platform, { live, type }: Subject, time: Date): readonly Difference[] {
  if (live === undefined) return [];
  const [was, will] = [adopted, proposed].map((rules) => expiresAt(live.claim, rules, live.log));
  if (was?.getTime() === will?.getTime()) return [];
  const [now, then] = [adopted, proposed].map((rules) => lifeWords(rules.spec.types[type].expiry?.ttl));
  const goesNow = will !== undefined && will <= time && !(was !== undefined && was <= time);
  if (goesNow) return [{ rule: "expiry", before: now ?? "", after: `${then}: it is over, and they go at once`, turn: "removes" }];
  const longer = will === undefined || (was !== undefined && will > was);
  return [{ rule: "expiry", before: now ?? "", after: then ?? "", turn: longer ? "looser" : "stricter" }];
}

function lifeWords(ttl: string | undefined): string {
  return ttl === undefined ? "lives until removed" : `lives ${ttl}`;
}
